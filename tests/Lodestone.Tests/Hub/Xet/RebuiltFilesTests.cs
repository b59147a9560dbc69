using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Files that are kept as chunks, read as any other.</summary>
public sealed class RebuiltFilesTests : IAsyncLifetime
{
    private const string Place = "/alice/compass/resolve/main/model.safetensors";

    private static readonly MixedFile File = MixedFile.Make();

    private World _world = null!; // set before any test runs
    private string _link = "";

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        var alice = _world.As(_world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await File.PutAsync(_world, "alice/compass", "model.safetensors");
        _link = (await LfsCalls.ObjectAsync(alice, "alice/compass", "download", File.Digest, File.Content.Length))["actions"]!["download"]!["href"]!.GetValue<string>();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task The_whole_is_the_same_by_every_route()
    {
        foreach (var version in (Version[])[HttpVersion.Version11, HttpVersion.Version10]) // the kernel sends files by the first alone
        {
            foreach (var place in (string[])[Place, _link])
            {
                using var answer = await GetAsync(place, null, version);

                Assert.Equal((HttpStatusCode.OK, (long)File.Content.Length), (answer.StatusCode, answer.Content.Headers.ContentLength));
                Assert.Equal($"\"{File.Digest}\"", answer.Headers.ETag!.Tag);
                Assert.Equal(LfsCalls.Digest(File.Content), LfsCalls.Digest(await answer.Content.ReadAsByteArrayAsync()));
            }
        }
    }

    [Fact]
    public async Task A_range_from_and_to_every_edge_of_a_chunk_is_that_part()
    {
        foreach (var from in File.Places())
        {
            foreach (var to in (int[])[from, Math.Min(from + 1, File.Content.Length - 1), File.Edges.First(e => e > from) - 1, Math.Min(from + 300_000, File.Content.Length - 1)])
            {
                using var answer = await GetAsync(from % 2 == 0 ? Place : _link, new RangeHeaderValue(from, to), from % 3 == 0 ? HttpVersion.Version10 : HttpVersion.Version11);

                Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
                Assert.Equal($"bytes {from}-{to}/{File.Content.Length}", answer.Content.Headers.ContentRange!.ToString());
                Assert.Equal(LfsCalls.Digest(File.Content[from..(to + 1)]), LfsCalls.Digest(await answer.Content.ReadAsByteArrayAsync()));
            }
        }
    }

    [Fact]
    public async Task A_range_past_the_end_is_416_and_one_over_it_is_cut()
    {
        using var past = await GetAsync(Place, new RangeHeaderValue(File.Content.Length, null));
        using var over = await GetAsync(Place, new RangeHeaderValue(File.Content.Length - 3, File.Content.Length + 5));
        using var last = await GetAsync(_link, new RangeHeaderValue(null, 7));

        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, past.StatusCode);
        Assert.Equal(File.Content[^3..], await over.Content.ReadAsByteArrayAsync());
        Assert.Equal(File.Content[^7..], await last.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_blob_and_chunks_of_the_same_file_are_the_same_file()
    {
        var alice = _world.As(_world.Alice);
        await alice.CreateRepoAsync("alice/copy");

        await alice.HoldAsync("alice/copy", File.Content);
        await alice.CommitAsync("alice/copy", [LfsCalls.FileLine("model.safetensors", File.Content)]);
        var copy = await _world.AsNobody().GetByteArrayAsync("/alice/copy/resolve/main/model.safetensors");
        var first = await _world.AsNobody().GetByteArrayAsync(Place);

        Assert.Equal(LfsCalls.Digest(File.Content), LfsCalls.Digest(copy));
        Assert.Equal(LfsCalls.Digest(File.Content), LfsCalls.Digest(first));
    }

    [Fact]
    public async Task A_duplicate_of_the_repository_has_the_file_and_a_stranger_does_not_see_a_private_one()
    {
        var alice = _world.As(_world.Alice);
        using var made = await alice.PostAsync("/api/models/alice/compass/duplicate", new StringContent("""{"repository":"alice/hidden","private":true}""", Encoding.UTF8, "application/json"));
        await made.OkAsync();

        var mine = await alice.GetByteArrayAsync("/alice/hidden/resolve/main/model.safetensors");
        using var others = await _world.As(_world.Bob).GetAsync("/alice/hidden/resolve/main/model.safetensors");
        using var missing = await _world.As(_world.Bob).GetAsync("/alice/none/resolve/main/model.safetensors");

        Assert.Equal(LfsCalls.Digest(File.Content), LfsCalls.Digest(mine));
        Assert.Equal((missing.StatusCode, await missing.Content.ReadAsStringAsync()), (others.StatusCode, (await others.Content.ReadAsStringAsync()).Replace("hidden", "none", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_is_in_the_head_of_a_chunked_file_is_shown_as_of_any_other()
    {
        var alice = _world.As(_world.Alice);
        await alice.CreateRepoAsync("alice/tensors");
        var header = """{"compass.needle":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"""u8;
        byte[] content = [(byte)header.Length, 0, 0, 0, 0, 0, 0, 0, .. header, .. LfsCalls.Bytes(16)];
        await (await _world.XetAsync(_world.Alice, "alice/tensors")).SendAsync(content);
        await alice.CommitAsync("alice/tensors", [LfsCalls.FileLine("model.safetensors", content)]);

        var facts = await alice.JsonAsync("/api/models/alice/tensors?expand[]=safetensors");
        var page = await _world.AsNobody().GetStringAsync("/alice/tensors/blob/main/model.safetensors");

        Assert.Equal(4, facts["safetensors"]!["total"]!.GetValue<int>());
        Assert.Contains("compass.needle", page, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rebuilt_stream_seeks_like_any_other()
    {
        using var content = new RebuiltStream(_world.Server.Services.GetRequiredService<XorbStore>(), Terms());
        var (expected, random, piece) = (new MemoryStream(File.Content), new Random(7), new byte[200_000]);

        for (var i = 0; i < 300; i++)
        {
            var (at, length) = (random.Next(File.Content.Length + 10), random.Next(1, i % 3 == 0 ? 200_000 : 3000));
            Assert.Equal(expected.Seek(at, SeekOrigin.Begin), content.Seek(at, SeekOrigin.Begin));
            var wanted = new byte[length];
            var count = expected.ReadAtLeast(wanted, length, throwOnEndOfStream: false);

            Assert.Equal(count, content.Read(piece, 0, length));
            Assert.True(wanted.AsSpan(0, count).SequenceEqual(piece.AsSpan(0, count)));
            Assert.Equal(expected.Position, content.Position);
        }
    }

    [Fact]
    public async Task What_is_unpacked_ahead_comes_in_order_from_any_byte_on_and_may_be_left()
    {
        var random = new Random(11);
        for (var i = 0; i < 100; i++)
        {
            var start = random.Next(File.Content.Length);
            var length = random.Next(1, File.Content.Length - start + 1);
            using var content = new RebuiltStream(_world.Server.Services.GetRequiredService<XorbStore>(), Terms()) { Position = start };
            await using var ahead = new UnpackedAhead(content, length);
            var got = new List<byte>();

            while (got.Count < (i % 4 == 0 ? length / 2 : length)) // a fourth of the readers leave
            {
                got.AddRange(await ahead.NextAsync() is { IsEmpty: false } bytes ? bytes.ToArray() : Plain(content, length - got.Count));
            }

            Assert.Equal(File.Content[start..(start + got.Count)], got);
            Assert.InRange(got.Count, 1, length);
        }
    }

    [Fact]
    public void Reading_a_large_file_takes_little_memory()
    {
        var store = _world.Server.Services.GetRequiredService<XorbStore>();
        var terms = Enumerable.Repeat(File.Terms, 400).SelectMany(t => t).Select(t => new FileTerm(t.Xorb, t.FirstChunk, t.EndChunk, t.Size)).ToArray();
        var (buffer, read) = (new byte[1 << 20], 0L);

        var before = GC.GetAllocatedBytesForCurrentThread();
        using (var content = new RebuiltStream(store, new FileTerms(terms)))
        {
            for (int count; (count = content.Read(buffer)) > 0; read += count)
            {
            }
        }

        Assert.Equal(400L * File.Content.Length, read);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);
    }

    private static byte[] Plain(RebuiltStream content, long most)
    {
        var pieces = new List<FilePiece>();
        Assert.True(content.TakePlain(most, pieces) > 0);
        return [.. pieces.SelectMany(piece =>
        {
            var bytes = new byte[piece.Length];
            Assert.Equal(bytes.Length, RandomAccess.Read(piece.File, bytes, piece.Offset));
            return bytes;
        })];
    }

    private static FileTerms Terms() => new([.. File.Terms.Select(t => new FileTerm(t.Xorb, t.FirstChunk, t.EndChunk, t.Size))]);

    private async Task<HttpResponseMessage> GetAsync(string place, RangeHeaderValue? range, Version? version = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, place) { Version = version ?? HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Range = range;
        return await _world.AsNobody().SendAsync(request);
    }
}
