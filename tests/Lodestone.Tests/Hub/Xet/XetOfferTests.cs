using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

/// <summary>Who is told that a file can be had as chunks, and where.</summary>
public sealed class XetOfferTests : IAsyncLifetime
{
    private const string Place = "/alice/compass/resolve/main/model.safetensors";
    private const string Python = "transformers/5.1; hf_hub/1.28.0; python/3.12";

    private static readonly MixedFile File = MixedFile.Make();
    private static readonly byte[] Whole = LfsCalls.Bytes(100_000, seed: 20);

    private World _world = null!; // both set before any test runs
    private string _commit = "";

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        var alice = _world.As(_world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.HoldAsync("alice/compass", Whole);
        await alice.CommitAsync("alice/compass", [LfsCalls.FileLine("whole.bin", Whole), HubCalls.FileLine("small.txt", [1, 2])]);
        _commit = await File.PutAsync(_world, "alice/compass", "model.safetensors");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(Python)]
    [InlineData("hf-hub/1.0.0")]
    public async Task A_client_that_knows_xet_is_told_the_hash_and_where_to_ask(string agent)
    {
        using var answer = await AskAsync(HttpMethod.Head, Place, agent);
        var links = string.Join(", ", answer.Headers.GetValues("Link"));
        var refresh = $"{_world.Server.Url}api/models/alice/compass/xet-read-token/{_commit}";

        Assert.Equal((HttpStatusCode.OK, (long)File.Content.Length), (answer.StatusCode, answer.Content.Headers.ContentLength));
        Assert.Equal([$"{File.Hash}", refresh, $"\"{File.Digest}\""], new[] { "X-Xet-Hash", "X-Xet-Refresh-Route", "X-Linked-Etag" }.Select(h => answer.Headers.GetValues(h).Single()));
        Assert.Equal($"<{refresh}>; rel=\"xet-auth\", <{_world.Server.Url}xet/v1/reconstructions/{File.Hash}>; rel=\"xet-reconstruction-info\"", links);
        Assert.Equal($"{_world.Server.Url}xet", (await _world.AsNobody().JsonAsync(refresh))["casUrl"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("curl/8.14.1")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64)")]
    [InlineData("git-lfs/3.3.0 (GitHub; linux amd64; go 1.19.8)")]
    [InlineData("")]
    public async Task Everybody_else_gets_the_file_and_no_word_of_xet(string agent)
    {
        using var answer = await AskAsync(HttpMethod.Get, Place, agent);

        Assert.DoesNotContain(answer.Headers, h => h.Key.StartsWith("X-Xet", StringComparison.OrdinalIgnoreCase) || h.Key is "Link");
        Assert.Equal(LfsCalls.Digest(File.Content), LfsCalls.Digest(await answer.Content.ReadAsByteArrayAsync()));
    }

    [Fact]
    public async Task A_file_that_is_not_chunked_is_not_offered()
    {
        foreach (var place in (string[])["/alice/compass/resolve/main/whole.bin", "/alice/compass/resolve/main/small.txt"])
        {
            using var python = await AskAsync(HttpMethod.Head, place, Python);
            using var script = await AskAsync(HttpMethod.Get, place, "node", "application/vnd.xet-fileinfo+json, */*");

            Assert.False(python.Headers.Contains("X-Xet-Hash"));
            Assert.NotEqual("application/vnd.xet-fileinfo+json", script.Content.Headers.ContentType!.MediaType);
        }
    }

    [Fact]
    public async Task Who_accepts_an_offer_in_place_of_the_file_gets_one_that_pages_of_other_sites_can_read()
    {
        using var answer = await AskAsync(HttpMethod.Get, Place, "node", "application/vnd.xet-fileinfo+json, */*", "https://elsewhere.example");
        var offer = await answer.OkAsync();

        Assert.Equal("application/vnd.xet-fileinfo+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal([$"{File.Content.Length}", $"{File.Hash}", _commit], new[] { "X-Linked-Size", "X-Xet-Hash", "X-Repo-Commit" }.Select(h => answer.Headers.GetValues(h).Single()));
        Assert.Equal(["hash", "etag", "size", "reconstructionUrl", "refreshUrl"], offer.AsObject().Select(p => p.Key));
        Assert.Equal(($"{File.Hash}", $"\"{File.Digest}\"", (long)File.Content.Length), (offer["hash"]!.GetValue<string>(), offer["etag"]!.GetValue<string>(), offer["size"]!.GetValue<long>()));
        var exposed = answer.Headers.GetValues("Access-Control-Expose-Headers").Single();
        Assert.All((string[])["X-Xet-Hash", "Link", "X-Linked-Size", "X-Linked-ETag"], name => Assert.Contains(name, exposed, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Listings_name_the_hash_of_chunked_files_alone()
    {
        var tree = await _world.AsNobody().JsonAsync("/api/models/alice/compass/tree/main");
        using var asked = await _world.AsNobody().PostAsJsonAsync("/api/models/alice/compass/paths-info/main", new { paths = new[] { "model.safetensors", "whole.bin", "small.txt" } });
        var held = await _world.AsNobody().JsonAsync("/api/models/alice/compass/lfs-files");

        Assert.Equal($"model.safetensors {File.Hash}", Named(tree, "path"));
        Assert.Equal($"model.safetensors {File.Hash}", Named(await asked.OkAsync(), "path"));
        Assert.Equal($"model.safetensors {File.Hash}", Named(held, "filename"));
        Assert.Equal(["model.safetensors"], (await _world.AsNobody().JsonAsync("/api/models/alice/compass/lfs-files?xet=true")).AsArray().Select(f => f!["filename"]!.GetValue<string>()));
        Assert.Equal(["whole.bin"], (await _world.AsNobody().JsonAsync("/api/models/alice/compass/lfs-files?xet=false")).AsArray().Select(f => f!["filename"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_file_deleted_for_good_is_not_offered_in_listings_either()
    {
        using var deleted = await _world.As(_world.Alice).DeleteAsync($"/api/models/alice/compass/lfs-files/{File.Digest}");

        var tree = await _world.AsNobody().JsonAsync("/api/models/alice/compass/tree/main");
        using var gone = await AskAsync(HttpMethod.Head, Place, Python);

        Assert.Equal("", Named(tree, "path"));
        Assert.Equal((HttpStatusCode.NotFound, false), (gone.StatusCode, gone.Headers.Contains("X-Xet-Hash")));
    }

    [Fact]
    public async Task A_file_is_made_available_elsewhere_by_its_xet_hash()
    {
        var alice = _world.As(_world.Alice);
        await alice.CreateRepoAsync("alice/target");
        using var answer = await alice.PostAsJsonAsync("/api/models/alice/compass/lfs-files/duplicate", new
        {
            target = new { type = "model", name = "alice/target" },
            files = new object[] { new { xetHash = $"{File.Hash}" }, new { xetHash = new string('1', 64) }, new { sha256 = LfsCalls.Digest(Whole), xetHash = "", filename = "whole.bin" } },
        });

        var failed = (await answer.OkAsync())["failed"]!.AsArray();
        await alice.CommitAsync("alice/target", [LfsCalls.FileLine("model.safetensors", File.Content), LfsCalls.FileLine("whole.bin", Whole)]);

        Assert.Equal(new string('1', 64), Assert.Single(failed)!["sha256"]!.GetValue<string>());
        Assert.Equal(LfsCalls.Digest(File.Content), LfsCalls.Digest(await _world.AsNobody().GetByteArrayAsync("/alice/target/resolve/main/model.safetensors")));
    }

    [Fact]
    public async Task A_private_file_is_offered_to_nobody_who_may_not_read_it()
    {
        await _world.As(_world.Alice).CreateRepoAsync("alice/secret", isPrivate: true);
        await MixedFile.Make(seed: 50).PutAsync(_world, "alice/secret", "model.safetensors");

        using var hidden = await AskAsync(HttpMethod.Head, "/alice/secret/resolve/main/model.safetensors", Python);
        using var missing = await AskAsync(HttpMethod.Head, "/alice/nothing/resolve/main/model.safetensors", Python);

        Assert.Equal(missing.StatusCode, hidden.StatusCode);
        Assert.False(hidden.Headers.Contains("X-Xet-Hash") || hidden.Headers.Contains("Link"));
    }

    [Fact]
    public async Task A_download_counts_once_whether_it_is_by_xet_or_not()
    {
        var door = await _world.XetAsync(_world.Bob, "alice/compass", "read");

        using var plain = await AskAsync(HttpMethod.Get, Place, "curl");
        using var offer = await AskAsync(HttpMethod.Get, Place, "node", "application/vnd.xet-fileinfo+json, */*");
        using var whole = await door.SendAsync(HttpMethod.Get, $"/v2/reconstructions/{File.Hash}");

        Assert.Equal([200, 200, 200], new[] { plain, offer, whole }.Select(a => (int)a.StatusCode));
        await Eventually.TrueAsync(async () =>
        {
            _world.Server.Clock.Advance(TimeSpan.FromSeconds(6));
            return (await _world.AsNobody().JsonAsync("/api/models/alice/compass?expand=downloads"))["downloads"]!.GetValue<int>() == 2;
        });
    }

    private static string Named(JsonNode list, string name) =>
        string.Join(' ', list.AsArray().Where(f => f!["xetHash"] is not null).Select(f => $"{f![name]} {f["xetHash"]}"));

    private async Task<HttpResponseMessage> AskAsync(HttpMethod method, string place, string agent, string accept = "*/*", string? origin = null)
    {
        using var request = new HttpRequestMessage(method, place);
        request.Headers.TryAddWithoutValidation("User-Agent", agent);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("Origin", origin);
        return await _world.AsNobody().SendAsync(request);
    }
}
