using System.Net;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

public sealed class XorbUploadTests : IAsyncLifetime
{
    private World _world = null!; // set before any test runs
    private XetDoor _door = null!; // likewise

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await _world.As(_world.Alice).CreateRepoAsync("alice/weights");
        _door = await _world.XetAsync(_world.Alice, "alice/weights");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("/v1/xorbs/default")]
    [InlineData("/v1/xorbs/default-merkledb")]
    [InlineData("/xorbs/default")]
    [InlineData("/xorb/default")]
    public async Task A_xorb_is_taken_and_found_at_the_places_of_every_client_age(string place)
    {
        var xorb = MadeXorb.OfContent(LfsCalls.Bytes(200_000));

        using var sent = await _door.PostXorbAsync(xorb, place);
        using var found = await _door.SendAsync(HttpMethod.Head, $"{place}/{xorb.Hash}");

        Assert.Equal("""{"was_inserted":true}""", (await sent.OkAsync()).ToJsonString());
        Assert.Equal(xorb.Records.Length, found.Content.Headers.ContentLength);
        Assert.Equal("1 1 0 0 0; 1 0", await _world.StoredAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_chunk_records_are_kept_as_they_were_sent(bool isPacked)
    {
        var xorb = MadeXorb.OfContent([.. Enumerable.Range(0, 300_000).Select(i => (byte)(i / 97))], kind: isPacked ? ChunkCompression.Lz4 : ChunkCompression.None);

        using var sent = await _door.PostXorbAsync(xorb);

        await sent.OkAsync();
        Assert.Equal(xorb.Records, (await FileAsync(xorb.Hash))[..xorb.Records.Length]);
    }

    [Fact]
    public async Task A_footer_is_dropped()
    {
        var xorb = MadeXorb.OfContent(LfsCalls.Bytes(120_000));

        using var sent = await _door.PostXorbAsync(xorb.Hash, xorb.RecordsAndFooter());
        using var found = await _door.HeadXorbAsync(xorb.Hash);

        await sent.OkAsync();
        Assert.Equal(xorb.Records.Length, found.Content.Headers.ContentLength);
        Assert.Equal(-1, (await FileAsync(xorb.Hash)).AsSpan().IndexOf("XETBLOB"u8));
    }

    [Fact]
    public async Task Sending_a_xorb_again_changes_nothing_also_in_other_records()
    {
        var content = new byte[200_000];
        var (plain, packed) = (MadeXorb.OfContent(content), MadeXorb.OfContent(content, kind: ChunkCompression.Lz4));
        using var first = await _door.PostXorbAsync(plain);
        await first.OkAsync();

        using var again = await _door.PostXorbAsync(packed);
        using var found = await _door.HeadXorbAsync(plain.Hash);

        Assert.Equal(plain.Hash, packed.Hash);
        Assert.Equal("""{"was_inserted":false}""", (await again.OkAsync()).ToJsonString());
        Assert.Equal(plain.Records.Length, found.Content.Headers.ContentLength);
        Assert.Equal("1 1 0 0 0; 1 0", await _world.StoredAsync());
    }

    [Fact]
    public async Task Two_who_send_the_same_xorb_at_once_both_have_it()
    {
        var content = new byte[3_000_000];
        MadeXorb[] xorbs = [MadeXorb.OfContent(content), MadeXorb.OfContent(content, kind: ChunkCompression.Lz4)];

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => _door.PostXorbAsync(xorbs[i % 2])));

        var inserted = 0;
        foreach (var answer in answers)
        {
            inserted += (await answer.OkAsync())["was_inserted"]!.GetValue<bool>() ? 1 : 0;
            answer.Dispose();
        }

        using var found = await _door.HeadXorbAsync(xorbs[0].Hash);
        Assert.Equal(1, inserted);
        Assert.Contains((int)found.Content.Headers.ContentLength!, xorbs.Select(x => x.Records.Length));
        Assert.Equal("1 1 0 0 0; 1 0", await _world.StoredAsync());
    }

    [Fact]
    public async Task Nobody_learns_from_an_answer_that_somebody_else_has_a_xorb()
    {
        var xorb = MadeXorb.OfContent(LfsCalls.Bytes(100_000));
        await _world.As(_world.Carol).CreateRepoAsync("carol/other", isPrivate: true);
        var carol = await _world.XetAsync(_world.Carol, "carol/other");
        using var first = await _door.PostXorbAsync(xorb);
        await first.OkAsync();

        using var hidden = await carol.HeadXorbAsync(xorb.Hash);
        using var missing = await carol.HeadXorbAsync(MadeXorb.Of([9]).Hash);
        using var sent = await carol.PostXorbAsync(xorb);
        using var found = await carol.HeadXorbAsync(xorb.Hash);

        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.NotFound, HttpStatusCode.OK], [hidden.StatusCode, missing.StatusCode, found.StatusCode]);
        Assert.Equal("""{"was_inserted":true}""", (await sent.OkAsync()).ToJsonString());
        Assert.Equal("1 2 0 0 0; 1 0", await _world.StoredAsync());
    }

    public static TheoryData<string, string> BadXorbs => new()
    {
        { "another name", "The chunks hash to" },
        { "nothing", "no chunks" },
        { "a header cut off", "record 1 ends too early" },
        { "a payload cut off", "record 1 ends too early" },
        { "a packed frame cut off", "record 1" },
        { "a length that is too small", "record 1" },
        { "a length that is too large", "record 1" },
        { "a length of nothing", "record 1" },
        { "a length above the most", "record 1" },
        { "a version of tomorrow", "record 1" },
        { "an unknown compression", "record 1" },
        { "a bomb", "record 1" },
        { "noise", "record 1" },
    };

    [Theory]
    [MemberData(nameof(BadXorbs))]
    public async Task What_is_no_xorb_is_refused_and_leaves_nothing(string fault, string message)
    {
        var good = MadeXorb.Of(LfsCalls.Bytes(1000));
        byte[] compressible = [.. Enumerable.Repeat((byte)7, 60_000)];
        var packed = MadeXorb.Record(compressible, ChunkCompression.Lz4);
        var bomb = MadeXorb.Record(new byte[131_072], ChunkCompression.Lz4);
        var body = fault switch
        {
            "another name" => MadeXorb.Record([1, 2, 3]),
            "nothing" => Array.Empty<byte>(),
            "a header cut off" => [.. good.Records, 0, 3],
            "a payload cut off" => [.. good.Records, .. MadeXorb.Record([1, 2, 3])[..^1]],
            "a packed frame cut off" => [.. good.Records, .. MadeXorb.Record(packed[8..^40], ChunkCompression.Lz4, compressible.Length)],
            "a length that is too small" => [.. good.Records, .. MadeXorb.Record(compressible, ChunkCompression.Lz4, stated: 59_999)],
            "a length that is too large" => [.. good.Records, .. MadeXorb.Record(compressible, ChunkCompression.Lz4, stated: 60_001)],
            "a length of nothing" => [.. good.Records, .. MadeXorb.Record([1], ChunkCompression.None, 0)],
            "a length above the most" => [.. good.Records, .. MadeXorb.Record(new byte[131_073])],
            "a version of tomorrow" => [.. good.Records, 1, .. MadeXorb.Record([1])[1..]],
            "an unknown compression" => [.. good.Records, .. MadeXorb.Record([1], (ChunkCompression)3, 1)],
            "a bomb" => [.. good.Records, .. MadeXorb.Record(bomb[8..], ChunkCompression.Lz4, 10)],
            _ => [.. good.Records, .. LfsCalls.Bytes(100_000, seed: 5)],
        };

        using var answer = await _door.PostXorbAsync(good.Hash, body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(message, await XetDoor.ErrorAsync(answer), StringComparison.Ordinal);
        Assert.Equal("0 0 0 0 0; 0 0", await _world.StoredAsync());
    }

    [Theory]
    [InlineData("0123")]
    [InlineData("zz07060504030201000f0e0d0c0b0a0908171615141312111f1e1d1c1b1a1918")]
    [InlineData("AA07060504030201000F0E0D0C0B0A0908171615141312111F1E1D1C1B1A1918")]
    public async Task A_name_that_is_no_hash_is_refused(string name)
    {
        using var answer = await _door.SendAsync(HttpMethod.Post, $"/v1/xorbs/default/{name}", MadeXorb.Of([1]).Records);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("0 0 0 0 0; 0 0", await _world.StoredAsync());
    }

    [Fact]
    public async Task A_xorb_may_be_as_long_as_clients_make_it_and_no_longer()
    {
        const int Most = (64 * 1024 * 1024) + (512 * 1024); // the chunks, and what native clients do not count
        const int Chunk = 131_072;
        var chunk = LfsCalls.Bytes(Chunk);
        var full = (Most / (Chunk + 8)) - 1;
        var rest = Most - ((full + 1) * (Chunk + 8));
        byte[][] chunks = [.. Enumerable.Repeat(chunk, full), chunk, LfsCalls.Bytes(rest - 8)];
        var (most, more) = (MadeXorb.Of(chunks), MadeXorb.Of([.. chunks[..^1], LfsCalls.Bytes(rest - 7)]));

        using var taken = await _door.PostXorbAsync(most);
        using var refused = await _door.PostXorbAsync(more);
        using var farTooLong = await _door.PostXorbAsync(more.Hash, [.. more.Records, .. new byte[3 * 1024 * 1024]]);

        Assert.Equal(Most, most.Records.Length);
        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.RequestEntityTooLarge],
            [taken.StatusCode, refused.StatusCode, farTooLong.StatusCode]);
        Assert.Equal("1 1 0 0 0; 1 0", await _world.StoredAsync());
    }

    [Fact]
    public async Task A_xorb_has_at_most_8192_chunks()
    {
        byte[][] chunks = [.. Enumerable.Range(0, 8192).Select(i => BitConverter.GetBytes(i))];
        var (most, more) = (MadeXorb.Of(chunks), MadeXorb.Of([.. chunks, [1]]));

        using var taken = await _door.PostXorbAsync(most);
        using var refused = await _door.PostXorbAsync(more);

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.BadRequest], [taken.StatusCode, refused.StatusCode]);
        Assert.Equal("1 1 0 0 0; 1 0", await _world.StoredAsync());
    }

    [Fact]
    public async Task A_client_that_leaves_half_way_leaves_nothing()
    {
        var xorb = MadeXorb.OfContent(LfsCalls.Bytes(3_000_000));
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{_door.Place}/v1/xorbs/default/{xorb.Hash}") { Content = new HalfContent(xorb.Records) };
        message.Headers.Authorization = new("Bearer", _door.Token);

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => _world.AsNobody().SendAsync(message));

        await Eventually.TrueAsync(async () => await _world.StoredAsync() == "0 0 0 0 0; 0 0");
    }

    private Task<byte[]> FileAsync(XetHash xorb)
    {
        var name = xorb.ToString();
        return File.ReadAllBytesAsync(Path.Combine(_world.Server.DataDirectory, "xorbs", name[..2], name[2..4], name));
    }

    /// <summary>Announces all of it, sends half and breaks off.</summary>
    private sealed class HalfContent(byte[] bytes) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, bytes.Length / 2));
            await stream.FlushAsync();
            throw new IOException("The client has left.");
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
