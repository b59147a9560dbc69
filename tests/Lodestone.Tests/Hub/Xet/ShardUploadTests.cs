using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Hub;

public sealed class ShardUploadTests : IAsyncLifetime
{
    private World _world = null!; // set before any test runs
    private XetDoor _door = null!; // likewise
    private MadeXorb _one = null!;
    private MadeXorb _two = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await _world.As(_world.Alice).CreateRepoAsync("alice/weights");
        _door = await _world.XetAsync(_world.Alice, "alice/weights");
        (_one, _two) = (MadeXorb.OfContent(LfsCalls.Bytes(300_000)), MadeXorb.OfContent(LfsCalls.Bytes(170_000, seed: 2), kind: ChunkCompression.Lz4));
        foreach (var xorb in new[] { _one, _two })
        {
            using var sent = await _door.PostXorbAsync(xorb);
            await sent.OkAsync();
        }
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("/v1/shards", false)]
    [InlineData("/v1/shards", true)]
    [InlineData("/v2/shards", false)]
    [InlineData("/v2/shards", true)]
    [InlineData("/shards", false)]
    [InlineData("/shard/default/07060504030201000f0e0d0c0b0a0908171615141312111f1e1d1c1b1a1918ff", false)]
    public async Task A_shard_makes_its_files_committable_with_a_footer_and_without(string place, bool hasFooter)
    {
        byte[] content = [.. _one.Content, .. _two.Content];

        using var taken = await _door.PostShardAsync(MadeShard.Of(_one, _two).Bytes(hasFooter), place);

        Assert.Equal(1, (await taken.OkAsync())["result"]!.GetValue<int>());
        await _world.As(_world.Alice).CommitAsync("alice/weights", [LfsCalls.FileLine("model.bin", content)]);
        Assert.Equal("2 2 1 1 1; 2 0", await _world.StoredAsync());
        var file = await _world.RowsAsync(db => db.ChunkedFiles.SingleAsync());
        Assert.Equal((MadeShard.HashOf(_one, _two), LfsCalls.Digest(content), content.Length), (file.Hash, file.Sha256, file.Size));
        Assert.Equal(2, await _world.RowsAsync(db => db.FileXorbs.CountAsync(f => f.File == file.Hash)));
        Assert.Equal(0, await _world.RowsAsync(db => db.Xorbs.CountAsync(x => x.UnreferencedSince != null)));
    }

    [Fact]
    public async Task What_is_known_is_answered_so_and_held_by_the_next_repository_too()
    {
        var shard = MadeShard.Of(_one).Bytes();
        await _world.As(_world.Alice).CreateRepoAsync("alice/second");
        var second = await _world.XetAsync(_world.Alice, "alice/second");

        using var first = await _door.PostShardAsync(shard);
        using var again = await _door.PostShardAsync(shard);
        using var toldAgain = await _door.PostShardAsync(shard, "/v2/shards");
        using var elsewhere = await second.PostShardAsync(shard);

        int[] results = [await ResultAsync(first), await ResultAsync(again), await ResultAsync(toldAgain), await ResultAsync(elsewhere)];
        Assert.Equal([1, 0, 0, 1], results);
        Assert.Equal("application/x-ndjson", toldAgain.Content.Headers.ContentType!.MediaType);
        Assert.Equal("""{"type":"result","result":0}""" + "\n", await toldAgain.Content.ReadAsStringAsync());
        Assert.Equal("2 2 1 2 1; 2 0", await _world.StoredAsync());
    }

    [Fact]
    public async Task A_file_may_be_made_of_pieces_in_any_order_and_more_than_once()
    {
        ShardTerm[] terms = [_two.Term(1, 3), _one.Term(0, 2), _two.Term(1, 3), _one.Term(5, 6)];
        byte[] content = [.. _two.Content[50_000..150_000], .. _one.Content[..100_000], .. _two.Content[50_000..150_000], .. _one.Content[250_000..]];
        var tree = new HashTree();
        foreach (var (hash, length) in _two.Chunks.Take(3).Skip(1).Concat(_one.Chunks.Take(2)).Concat(_two.Chunks.Take(3).Skip(1)).Concat(_one.Chunks.Skip(5)))
        {
            tree.Add(hash, length);
        }

        using var taken = await _door.PostShardAsync(new MadeShard().File(tree.FileHash(), SHA256.HashData(content), terms).Bytes());

        await taken.OkAsync();
        await _world.As(_world.Alice).CommitAsync("alice/weights", [LfsCalls.FileLine("model.bin", content)]);
    }

    [Fact]
    public async Task The_same_bytes_cut_in_two_ways_are_two_files_and_one_object()
    {
        var other = MadeXorb.OfContent(_one.Content, length: 33_333);
        using var sent = await _door.PostXorbAsync(other);
        await sent.OkAsync();

        using var first = await _door.PostShardAsync(MadeShard.Of(_one).Bytes());
        using var second = await _door.PostShardAsync(MadeShard.Of(other).Bytes());

        Assert.Equal((1, 1), (await ResultAsync(first), await ResultAsync(second)));
        Assert.Equal("3 3 2 1 2; 3 0", await _world.StoredAsync());
    }

    [Fact]
    public async Task An_empty_file_is_a_file()
    {
        using var taken = await _door.PostShardAsync(new MadeShard().File(default, SHA256.HashData([])).Bytes());

        await taken.OkAsync();
        Assert.Equal("2 2 1 1 0; 2 0", await _world.StoredAsync());
    }

    public static TheoryData<string, string> BadShards => new()
    {
        { "no shard", "This is not a shard" },
        { "half a shard", "This is not a shard" },
        { "a xorb that is not there", "There is no xorb" },
        { "a described xorb that is not there", "There is no xorb" },
        { "chunks past the end", "names chunks 0 to 99" },
        { "chunks in reverse", "This is not a shard" },
        { "no chunks", "This is not a shard" },
        { "another length", "states 1 bytes" },
        { "another verification", "verification hash" },
        { "another file hash", "does not have the hash" },
        { "another SHA-256", "has the SHA-256" },
        { "no SHA-256", "without its SHA-256" },
        { "one wrong file of two", "has the SHA-256" },
    };

    [Theory]
    [MemberData(nameof(BadShards))]
    public async Task A_shard_that_is_wrong_anywhere_registers_nothing(string fault, string message)
    {
        var (hash, sha256, term) = (MadeShard.HashOf(_one), SHA256.HashData(_one.Content), _one.Term());
        var shard = fault switch
        {
            "no shard" => "this is no shard, whatever it may be"u8.ToArray(),
            "half a shard" => MadeShard.Of(_one).Bytes()[..200],
            "a xorb that is not there" => MadeShard.Of(MadeXorb.Of([1, 2, 3])).Bytes(),
            "a described xorb that is not there" => new MadeShard().File(_one).Describe(MadeXorb.Of([1, 2, 3])).Bytes(),
            "chunks past the end" => new MadeShard().File(hash, sha256, term with { EndChunk = 99 }).Bytes(),
            "chunks in reverse" => new MadeShard().File(hash, sha256, term with { FirstChunk = 3, EndChunk = 2 }).Bytes(),
            "no chunks" => new MadeShard().File(hash, sha256, term with { FirstChunk = 3, EndChunk = 3 }).Bytes(),
            "another length" => new MadeShard().File(hash, sha256, term with { Size = 1 }).Bytes(),
            "another verification" => new MadeShard().File(hash, sha256, term with { Verification = _two.Term().Verification }).Bytes(),
            "another file hash" => new MadeShard().File(MadeShard.HashOf(_two), sha256, term).Bytes(),
            "another SHA-256" => new MadeShard().File(hash, SHA256.HashData(_two.Content), term).Bytes(),
            "no SHA-256" => new MadeShard().File(hash, null, term).Bytes(),
            _ => new MadeShard().File(_two).File(hash, SHA256.HashData(_two.Content), term).Bytes(),
        };

        using var answer = await _door.PostShardAsync(shard);
        using var told = await _door.PostShardAsync(shard, "/v2/shards");

        Assert.Equal([HttpStatusCode.BadRequest, HttpStatusCode.BadRequest], [answer.StatusCode, told.StatusCode]);
        Assert.Contains(message, await XetDoor.ErrorAsync(answer), StringComparison.Ordinal);
        Assert.Equal("2 2 0 0 0; 2 0", await _world.StoredAsync());
        Assert.Equal(2, await _world.RowsAsync(db => db.Xorbs.CountAsync(x => x.UnreferencedSince != null)));
    }

    [Fact]
    public async Task A_shard_above_64_MiB_is_refused()
    {
        using var answer = await _door.PostShardAsync(new byte[(64 * 1024 * 1024) + 300]);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task A_known_file_is_not_taken_under_another_digest()
    {
        using var first = await _door.PostShardAsync(MadeShard.Of(_one).Bytes());
        await first.OkAsync();

        using var answer = await _door.PostShardAsync(new MadeShard().File(MadeShard.HashOf(_one), SHA256.HashData(_two.Content), _one.Term()).Bytes());

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("2 2 1 1 1; 2 0", await _world.StoredAsync());
    }

    [Fact]
    public async Task The_same_shard_from_many_at_once_is_registered_once()
    {
        var shard = MadeShard.Of(_one, _two).File(_two).Bytes();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => _door.PostShardAsync(shard, i % 2 == 0 ? "/v1/shards" : "/v2/shards")));

        var news = 0;
        foreach (var answer in answers)
        {
            news += await ResultAsync(answer);
            answer.Dispose();
        }

        Assert.Equal(1, news);
        Assert.Equal("2 2 2 2 2; 2 0", await _world.StoredAsync());
    }

    [Fact]
    public async Task The_same_file_of_different_xorbs_from_many_at_once_is_registered_once()
    {
        var whole = MadeXorb.Of([.. _one.Content.Chunk(50_000), .. _two.Content.Chunk(50_000)]);
        using var sent = await _door.PostXorbAsync(whole);
        await sent.OkAsync();
        byte[][] shards = [MadeShard.Of(_one, _two).Bytes(), MadeShard.Of(whole).Bytes()];

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => _door.PostShardAsync(shards[i % 2])));

        foreach (var answer in answers)
        {
            await answer.OkAsync();
            answer.Dispose();
        }

        Assert.Equal((1, 1), await _world.RowsAsync(async db => (await db.ChunkedFiles.CountAsync(), await db.LfsObjects.CountAsync())));
    }

    [Fact]
    public async Task A_xorb_that_waits_to_be_reclaimed_waits_no_more_and_one_that_is_gone_is_missing()
    {
        await _world.RowsAsync(db => db.Xorbs.Where(x => x.Hash == _two.Hash).ExecuteDeleteAsync());

        using var gone = await _door.PostShardAsync(MadeShard.Of(_one, _two).Bytes());
        var waiting = await _world.RowsAsync(db => db.Xorbs.CountAsync(x => x.UnreferencedSince != null));
        using var taken = await _door.PostShardAsync(MadeShard.Of(_one).Bytes());

        Assert.StartsWith($"400 There is no xorb {_two.Hash}", await XetDoor.ErrorAsync(gone), StringComparison.Ordinal);
        Assert.Equal(1, waiting);
        await taken.OkAsync();
        Assert.Equal(0, await _world.RowsAsync(db => db.Xorbs.CountAsync(x => x.UnreferencedSince != null)));
    }

    [Fact]
    public async Task What_clients_may_ask_for_is_written_down()
    {
        var rare = Enumerable.Range(0, int.MaxValue).Select(i => BitConverter.GetBytes(i)).First(c => XetHashes.Chunk(c).Cut % 1024 == 0);
        var xorb = MadeXorb.Of([1], [2], rare, [3], [4]);
        using var sent = await _door.PostXorbAsync(xorb);
        await sent.OkAsync();
        var lying = MadeXorb.Of([1], [2], [9], [3], [8]); // described as that, under the name of the other
        var shard = new MadeShard().File(xorb).Describe(xorb, 3).Bytes();
        var at = shard.AsSpan().IndexOf(BytesOf(xorb.Chunks[4].Hash));
        BytesOf(lying.Chunks[4].Hash).CopyTo(shard.AsSpan(at));
        shard[at + 43] = 0x80; // marked, and not what it says

        using var taken = await _door.PostShardAsync(shard);

        await taken.OkAsync();
        var known = await _world.RowsAsync(db => db.KnownChunks.Where(c => c.Xorb == xorb.Hash).OrderBy(c => c.Number).Select(c => c.Number).ToListAsync());
        Assert.Equal([0, 2, 3], known);
    }

    [Fact]
    public async Task A_long_registration_says_how_far_it_is()
    {
        // One xorb over and over: a GB to prove, and little to send.
        ShardTerm[] terms = [.. Enumerable.Repeat(_one.Term(), 3400)];
        var tree = new HashTree();
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (hash, length) in terms.SelectMany(_ => _one.Chunks))
        {
            tree.Add(hash, length);
        }

        foreach (var _ in terms)
        {
            sha256.AppendData(_one.Content);
        }

        var digest = sha256.GetHashAndReset();
        var good = await TellAsync(new MadeShard().File(tree.FileHash(), digest, terms).Bytes());
        await _world.RowsAsync(db => db.ChunkedFiles.ExecuteDeleteAsync());
        var bad = await TellAsync(new MadeShard().File(tree.FileHash(), SHA256.HashData([]), terms).Bytes());

        Assert.Equal("""{"type":"validating","verified":0,"total":1}""", good[0]);
        Assert.Equal("""{"type":"result","result":1}""", good[^1]);
        Assert.Equal("""{"type":"validating","verified":0,"total":1}""", bad[0]);
        var error = JsonNode.Parse(bad[^1])!;
        Assert.Equal(("error", false), (error["type"]!.GetValue<string>(), error["retryable"]!.GetValue<bool>()));
        Assert.Contains("has the SHA-256", error["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private async Task<string[]> TellAsync(byte[] shard)
    {
        var door = await _world.XetAsync(_world.Alice, "alice/weights");
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{door.Place}/v2/shards") { Content = new ByteArrayContent(shard) };
        message.Headers.Authorization = new("Bearer", door.Token);
        var sending = _world.AsNobody().SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        for (var tries = 0; !sending.IsCompleted; tries++)
        {
            Assert.True(tries < 440, "The server was silent for minutes."); // before the token ends
            await Task.Delay(TimeSpan.FromMilliseconds(20));
            _world.Server.Clock.Advance(TimeSpan.FromSeconds(2));
        }

        using var answer = await sending;
        return (await answer.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n');
    }

    private static byte[] BytesOf(XetHash hash)
    {
        var bytes = new byte[XetHash.Size];
        hash.Write(bytes);
        return bytes;
    }

    private static async Task<int> ResultAsync(HttpResponseMessage answer) => (await answer.OkAsync())["result"]!.GetValue<int>();
}
