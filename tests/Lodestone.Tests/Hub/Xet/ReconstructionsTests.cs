using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

/// <summary>How clients are told to make a file from chunks, and the chunks themselves.</summary>
public sealed class ReconstructionsTests : IAsyncLifetime
{
    private static readonly MixedFile File = MixedFile.Make();

    private World _world = null!; // both set before any test runs
    private XetDoor _door = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        await _world.As(_world.Alice).CreateRepoAsync("alice/compass");
        await File.PutAsync(_world, "alice/compass", "model.safetensors");
        _door = await _world.XetAsync(_world.Bob, "alice/compass", "read");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_reconstruction_of_a_range_at_any_edge_of_a_chunk_gives_that_range()
    {
        foreach (var from in File.Places())
        {
            var to = Math.Min(File.Edges.First(e => e > from) + (from % 3) - 1, File.Content.Length - 1);

            var answer = await AskAsync($"/v2/reconstructions/{File.Hash}", from, to);
            var content = await new XetReader(_world.AsNobody()).RebuildAsync(answer);

            Assert.Equal(LfsCalls.Digest(File.Content[from..(to + 1)]), LfsCalls.Digest(content[..(to - from + 1)]));
            var firstChunk = File.Edges.Last(e => e <= from);
            Assert.Equal(from - firstChunk, answer["offset_into_first_range"]!.GetValue<long>());
            Assert.Equal(File.Edges.First(e => e > to) - firstChunk, answer["terms"]!.AsArray().Sum(t => t!["unpacked_length"]!.GetValue<long>()));
        }
    }

    [Fact]
    public async Task The_whole_has_every_term_and_of_each_xorb_one_range_an_entry_that_touches_no_other()
    {
        var answer = await AskAsync($"/v2/reconstructions/{File.Hash}");
        var content = await new XetReader(_world.AsNobody()).RebuildAsync(answer);

        Assert.Equal(LfsCalls.Digest(File.Content), LfsCalls.Digest(content));
        Assert.Equal(
            File.Terms.Select(t => $"{t.Xorb} {t.FirstChunk}-{t.EndChunk} {t.Size}"),
            answer["terms"]!.AsArray().Select(t => $"{t!["hash"]} {t["range"]!["start"]}-{t["range"]!["end"]} {t["unpacked_length"]}"));
        var xorbs = answer["xorbs"]!.AsObject();
        Assert.Equal("0-5", Ranges(xorbs[File.Plain.Hash.ToString()]!));
        Assert.Equal("0-8", Ranges(xorbs[File.Packed.Hash.ToString()]!));
        Assert.Equal($"0-{File.Plain.Records.Length - 1}", $"{xorbs[File.Plain.Hash.ToString()]![0]!["ranges"]![0]!["bytes"]!["start"]}-{xorbs[File.Plain.Hash.ToString()]![0]!["ranges"]![0]!["bytes"]!["end"]}");
    }

    [Fact]
    public async Task Ranges_of_a_xorb_that_do_not_touch_are_entries_of_their_own()
    {
        var packed = MadeXorb.OfContent(LfsCalls.Bytes(300_000, seed: 9), 30_000);
        var (door, tree) = (await _world.XetAsync(_world.Alice, "alice/compass"), new HashTree());
        using var sent = await door.PostXorbAsync(packed);
        await sent.OkAsync();
        (int First, int End)[] pieces = [(6, 8), (0, 2), (1, 3), (9, 10)];
        byte[] content = [.. pieces.SelectMany(p => packed.Content[(p.First * 30_000)..(p.End * 30_000)])];
        foreach (var (hash, length) in pieces.SelectMany(p => packed.Chunks.Take(p.End).Skip(p.First)))
        {
            tree.Add(hash, length);
        }

        var shard = new MadeShard().File(tree.FileHash(), Convert.FromHexString(LfsCalls.Digest(content)), [.. pieces.Select(p => packed.Term(p.First, p.End))]);
        using var taken = await door.PostShardAsync(shard.Describe(packed).Bytes());
        await taken.OkAsync();

        var answer = await AskAsync($"/v2/reconstructions/{tree.FileHash()}");

        Assert.Equal("0-3 6-8 9-10", Ranges(answer["xorbs"]![packed.Hash.ToString()]!));
        Assert.Equal(LfsCalls.Digest(content), LfsCalls.Digest(await new XetReader(_world.AsNobody()).RebuildAsync(answer)));
    }

    [Theory]
    [InlineData("/v1/reconstructions")]
    [InlineData("/reconstructions")]
    [InlineData("/reconstruction")]
    public async Task Older_clients_get_the_same_in_their_form(string place)
    {
        var answer = await AskAsync($"{place}/{File.Hash}", 8192, 300_000);
        var today = await AskAsync($"/v2/reconstructions/{File.Hash}", 8192, 300_000);
        var content = await new XetReader(_world.AsNobody()).RebuildAsync(answer);

        Assert.Equal(LfsCalls.Digest(File.Content[8192..300_001]), LfsCalls.Digest(content[..(300_001 - 8192)]));
        Assert.True(JsonNode.DeepEquals(today["terms"], answer["terms"]));
        Assert.Equal(["offset_into_first_range", "terms", "fetch_info"], answer.AsObject().Select(p => p.Key));
    }

    [Fact]
    public async Task Several_files_are_asked_for_at_once_and_those_that_are_not_there_are_left_out()
    {
        var missing = new XetHash(1, 2, 3, 4);
        using var posted = await SendAsync(HttpMethod.Post, "/v1/reconstructions", content: JsonContent.Create(new[] { new { prefix = "default", hash = $"{File.Hash}" }, new { prefix = "default", hash = $"{missing}" } }));
        using var asked = await SendAsync(HttpMethod.Get, $"/v1/reconstructions?file_id={missing}&file_id={File.Hash}");
        using var nothing = await SendAsync(HttpMethod.Get, "/v1/reconstructions");

        foreach (var answer in (JsonNode[])[await posted.OkAsync(), await asked.OkAsync()])
        {
            Assert.Equal([File.Hash.ToString()], answer["files"]!.AsObject().Select(f => f.Key));
            Assert.Equal(File.Terms.Count, answer["files"]![File.Hash.ToString()]!.AsArray().Count);
            Assert.Equal(2, answer["fetch_info"]!.AsObject().Count);
        }

        Assert.Equal(HttpStatusCode.BadRequest, nothing.StatusCode);
    }

    [Fact]
    public async Task A_range_at_or_past_the_end_is_416()
    {
        using var at = await SendAsync(HttpMethod.Get, $"/v2/reconstructions/{File.Hash}", new RangeHeaderValue(File.Content.Length, File.Content.Length + 10));
        using var past = await SendAsync(HttpMethod.Get, $"/v1/reconstructions/{File.Hash}", new RangeHeaderValue(1L << 40, null));
        var over = await AskAsync($"/v2/reconstructions/{File.Hash}", File.Content.Length - 1, 1L << 40);

        Assert.Equal((416, 416), ((int)at.StatusCode, (int)past.StatusCode));
        Assert.Single(over["terms"]!.AsArray());
    }

    [Fact]
    public async Task A_file_of_another_repository_looks_like_one_that_nobody_has()
    {
        await _world.As(_world.Alice).CreateRepoAsync("alice/other");
        var other = await _world.XetAsync(_world.Bob, "alice/other", "read");
        var nobodys = new XetHash(1, 2, 3, 4);
        foreach (var (method, place) in ((HttpMethod, string)[])[(HttpMethod.Get, "/v2/reconstructions/"), (HttpMethod.Get, "/v1/reconstructions/"), (HttpMethod.Head, "/v1/files/")])
        {
            using var held = await other.SendAsync(method, place + File.Hash);
            using var missing = await other.SendAsync(method, place + nobodys);

            Assert.Equal((404, 404), ((int)held.StatusCode, (int)missing.StatusCode));
            Assert.Equal(await missing.Content.ReadAsStringAsync(), (await held.Content.ReadAsStringAsync()).Replace(File.Hash.ToString(), nobodys.ToString(), StringComparison.Ordinal));
        }

        using var several = await other.SendAsync(HttpMethod.Get, $"/v1/reconstructions?file_id={File.Hash}");
        Assert.Empty((await several.OkAsync())["files"]!.AsObject());
    }

    [Fact]
    public async Task What_is_deleted_for_good_is_gone_at_once()
    {
        using var deleted = await _world.As(_world.Alice).DeleteAsync($"/api/models/alice/compass/lfs-files/{File.Digest}");
        using var after = await SendAsync(HttpMethod.Get, $"/v2/reconstructions/{File.Hash}");

        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, after.StatusCode);
    }

    [Fact]
    public async Task The_size_is_told_without_the_file_and_chunk_hashes_are_not()
    {
        using var size = await SendAsync(HttpMethod.Head, $"/v1/files/{File.Hash}");
        using var hashes = await SendAsync(HttpMethod.Get, $"/v2/file-chunk-hashes/{File.Hash}");
        using var malformed = await SendAsync(HttpMethod.Get, "/v2/reconstructions/xyz");
        using var unknown = await _world.AsNobody().GetAsync($"/xet/v2/reconstructions/{File.Hash}");

        Assert.Equal((HttpStatusCode.OK, (long)File.Content.Length), (size.StatusCode, size.Content.Headers.ContentLength));
        Assert.Equal([404, 400, 401], new[] { hashes, malformed, unknown }.Select(a => (int)a.StatusCode));
    }

    [Fact]
    public async Task A_link_gives_its_bytes_and_no_others()
    {
        var at = File.Edges[1] + 5;
        var entry = (await AskAsync($"/v2/reconstructions/{File.Hash}", at, at))["xorbs"]![File.Plain.Hash.ToString()]![0]!;
        var (url, first, last) = (entry["url"]!.GetValue<string>(), entry["ranges"]![0]!["bytes"]!["start"]!.GetValue<long>(), entry["ranges"]![0]!["bytes"]!["end"]!.GetValue<long>());

        using var whole = await LinkAsync(HttpMethod.Get, url, first, last);
        using var piece = await LinkAsync(HttpMethod.Get, url, first + 1, last - 1);
        using var head = await LinkAsync(HttpMethod.Head, url, first, last);

        Assert.Equal(HttpStatusCode.PartialContent, whole.StatusCode);
        Assert.Equal($"bytes {first}-{last}/{File.Plain.Records.Length}", whole.Content.Headers.ContentRange!.ToString());
        Assert.Equal(File.Plain.Records[(int)first..(int)(last + 1)], await whole.Content.ReadAsByteArrayAsync());
        Assert.Equal(File.Plain.Records[(int)(first + 1)..(int)last], await piece.Content.ReadAsByteArrayAsync());
        Assert.Equal((HttpStatusCode.PartialContent, last - first + 1), (head.StatusCode, head.Content.Headers.ContentLength));
        foreach (var (from, to) in ((long?, long?)[])[(first - 1, last), (first, last + 1), (0, null), (null, 10), (null, null)])
        {
            using var outside = await LinkAsync(HttpMethod.Get, url, from, to);
            Assert.Equal(HttpStatusCode.Forbidden, outside.StatusCode);
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { Range = new RangeHeaderValue(first, last), IfRange = new RangeConditionHeaderValue("\"other\"") } };
        using var changed = await _world.AsNobody().SendAsync(request);
        Assert.Equal(last - first + 1, changed.Content.Headers.ContentLength);
    }

    [Fact]
    public async Task A_link_that_was_altered_or_is_too_old_sends_for_a_new_reconstruction()
    {
        var entry = (await AskAsync($"/v2/reconstructions/{File.Hash}", 0, 0))["xorbs"]![File.Plain.Hash.ToString()]![0]!;
        var (url, end) = (entry["url"]!.GetValue<string>(), entry["ranges"]![0]!["bytes"]!["end"]!.GetValue<long>());
        foreach (var altered in (string[])[url.Replace($"&end={end}", $"&end={end + 1}", StringComparison.Ordinal), url.Replace(File.Plain.Hash.ToString(), File.Packed.Hash.ToString(), StringComparison.Ordinal), url + "A"])
        {
            using var refused = await LinkAsync(HttpMethod.Get, altered, 0, 0);

            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        _world.Server.Clock.Advance(TimeSpan.FromMinutes(61));
        using var late = await LinkAsync(HttpMethod.Get, url, 0, 0);

        Assert.Equal("403 This link has expired. Ask for a new reconstruction.", await XetDoor.ErrorAsync(late));
    }

    private static string Ranges(JsonNode entries) => string.Join(
        ' ', entries.AsArray().Select(e => $"{Assert.Single(e!["ranges"]!.AsArray())!["chunks"]!["start"]}-{e["ranges"]![0]!["chunks"]!["end"]}"));

    private async Task<JsonNode> AskAsync(string path, long? from = null, long? to = null)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, from is null ? null : new RangeHeaderValue(from, to));
        return await answer.OkAsync();
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, RangeHeaderValue? range = null, HttpContent? content = null)
    {
        using var request = new HttpRequestMessage(method, _door.Place + path) { Content = content };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _door.Token);
        request.Headers.Range = range;
        return await _world.AsNobody().SendAsync(request);
    }

    private async Task<HttpResponseMessage> LinkAsync(HttpMethod method, string url, long? from, long? to)
    {
        using var request = new HttpRequestMessage(method, url);
        request.Headers.Range = from is null && to is null ? null : new RangeHeaderValue(from, to);
        return await _world.AsNobody().SendAsync(request);
    }
}
