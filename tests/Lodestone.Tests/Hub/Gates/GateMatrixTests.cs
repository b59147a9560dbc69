using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

/// <summary>One rule, every door: whoever stands before a gate is answered alike at all of them.</summary>
public sealed class GateMatrixTests(GateWorld fixture) : IClassFixture<GateWorld>
{
    private const string Repo = GateWorld.Repo;
    private const string Open = "resolve 200, nowhere 404 RevisionNotFound, raw 200, lfs 200, xet 200, rebuilt 200, page 200, diff 200, check 200, commit page 200";
    private const string Anonymous = "resolve 401 GatedRepo, nowhere 401 GatedRepo, raw 401 GatedRepo, lfs 401 GatedRepo, xet 401 GatedRepo, page 401, diff 401 GatedRepo, check 401 GatedRepo, commit page 401";

    // What tells no content is open to all who see the repository.
    private const string Told = "tree 200, info 200, refs 200, commits 200, paths 200, card 200, files page 200";

    private static readonly string Closed = Anonymous.Replace("401", "403", StringComparison.Ordinal);

    private static readonly (string Door, string Path)[] TellingDoors =
    [
        ("tree", $"/api/models/{Repo}/tree/main"), ("info", $"/api/models/{Repo}"), ("refs", $"/api/models/{Repo}/refs"), ("commits", $"/api/models/{Repo}/commits/main"),
        ("paths", $"/api/models/{Repo}/compare/main..main"), ("card", $"/{Repo}"), ("files page", $"/{Repo}/tree/main"),
    ];

    public static TheoryData<string, string> Matrix => new()
    {
        { "anonymous", Anonymous },
        { "stranger", Closed },
        { "asked", Closed },
        { "accepted", Open },
        { "rejected", Closed },
        { "revoked", Closed },
        { "mira", Open },
        { "nils", Closed },
        { "service", Open },
        { "owner", Open },
    };

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Every_door_answers_with_the_one_rule(string who, string expected)
    {
        using var client = fixture.As(who);

        Assert.Equal(expected, await ContentAsync(client));
        Assert.Equal(Told, await TellingAsync(client));
    }

    [Theory]
    [InlineData("anonymous", "could not read Username")]
    [InlineData("stranger", "is restricted and you are not in the authorized list. Visit ")]
    [InlineData("asked", "is restricted and you are not in the authorized list. Your request is awaiting")]
    [InlineData("accepted", null)]
    [InlineData("rejected", "Your request was rejected")]
    [InlineData("revoked", "Your access was revoked")]
    [InlineData("mira", null)]
    [InlineData("nils", "is restricted and you are not in the authorized list")]
    [InlineData("service", null)]
    public async Task Git_lists_references_to_all_and_clones_for_those_who_may_read(string who, string? refusal)
    {
        var folder = Directory.CreateTempSubdirectory("lodestone-gate-").FullName;
        var place = $"{fixture.World.Server.Url.Authority}/{Repo}";
        var address = fixture.TokenOf(who) is { } token ? $"http://user:{token}@{place}" : $"http://{place}";

        var listed = await ClientProcess.TryAsync("git", ["ls-remote", "--heads", address], folder);
        var cloned = await ClientProcess.TryAsync("git", ["clone", "-q", address, "clone"], folder, ("GIT_LFS_SKIP_SMUDGE", "1"));
        var older = await ClientProcess.TryAsync("git", ["-c", "protocol.version=0", "clone", "-q", "--depth=1", address, "older"], folder, ("GIT_LFS_SKIP_SMUDGE", "1"));

        Assert.Contains("refs/heads/main", listed.Output, StringComparison.Ordinal);
        Assert.All([cloned, older], tried =>
        {
            Assert.Equal(refusal is null, tried.ExitCode == 0);
            Assert.Contains(refusal ?? "", tried.Error, StringComparison.Ordinal);
        });
        Assert.Equal(refusal is null, File.Exists(Path.Combine(folder, "clone", "a.txt")));
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("stranger", "403 GatedRepo: Access to model alice/gated is restricted and you are not in the authorized list. Visit HOME to ask for access.")]
    [InlineData("anonymous", "401 GatedRepo: Access to model alice/gated is restricted. You must have access to it and be authenticated to access it. Please log in.")]
    [InlineData("asked", "403 GatedRepo: Access to model alice/gated is restricted and you are not in the authorized list. Your request is awaiting the owner's answer: HOME")]
    public async Task The_refusal_says_what_to_do_whatever_is_behind_it(string who, string expected)
    {
        using var client = fixture.As(who);
        var text = expected.Replace("HOME", $"{fixture.World.Server.Url}alice/gated", StringComparison.Ordinal);

        foreach (var path in new[] { "resolve/main/a.txt", "resolve/nope/zzz", "raw/main/missing" })
        {
            using var answer = await client.GetAsync($"/{Repo}/{path}");
            Assert.Equal(text, await answer.ErrorAsync());
            Assert.Equal(text[(text.IndexOf(':', StringComparison.Ordinal) + 2)..], answer.Headers.GetValues("X-Error-Message").Single());
        }
    }

    [Fact]
    public async Task Nothing_is_copied_or_built_on_through_a_side_door()
    {
        using var stranger = fixture.As("stranger");
        await stranger.CreateRepoAsync("stranger/own");
        var digest = fixture.Weights.Digest;
        object upload = new { operation = "upload", objects = new[] { new { oid = digest, size = fixture.Weights.Content.Length } } };

        using var duplicate = await stranger.PostAsJsonAsync($"/api/models/{Repo}/duplicate", new { repository = "stranger/copy" });
        using var files = await stranger.PostAsJsonAsync($"/api/models/{Repo}/lfs-files/duplicate", new { target = new { type = "model", name = "stranger/own" }, files = new[] { new { sha256 = digest } } });
        using var proposal = await stranger.PostCommitAsync($"/api/models/{Repo}/commit/main?create_pr=1", HubCalls.Line("header", new { summary = "x" }), HubCalls.FileLine("b.txt", "b"u8.ToArray()));
        using var write = await stranger.GetAsync($"/api/models/{Repo}/xet-write-token/None?create_pr=1");
        using var batch = await stranger.PostBatchAsync(Repo, upload);
        using var elsewhere = await stranger.PostBatchAsync("stranger/own", upload);
        var door = await fixture.World.XetAsync(new Person(Guid.Empty, "stranger", fixture.TokenOf("stranger")!), "stranger/own");
        using var known = await door.SendAsync(HttpMethod.Get, $"/v1/chunks/default/{fixture.Weights.Plain.Chunks[1].Hash}");
        using var file = await door.SendAsync(HttpMethod.Get, $"/v2/reconstructions/{fixture.Weights.Hash}");

        Assert.All([duplicate, files, proposal, write, batch], answer => Assert.Equal(["GatedRepo"], answer.Headers.GetValues("X-Error-Code")));
        Assert.NotNull((await elsewhere.OkAsync())["objects"]![0]!["actions"]!["upload"]);
        Assert.Equal([404, 404], [(int)known.StatusCode, (int)file.StatusCode]);
    }

    [Fact]
    public async Task A_token_given_earlier_stops_with_the_acceptance()
    {
        var world = fixture.World;
        var person = new Person(Guid.Empty, "late", await world.JoinAsync("late"));
        using var grant = await world.As(world.Alice).PostAsJsonAsync($"/api/models/{Repo}/user-access-request/grant", new { user = "late" });
        var door = await world.XetAsync(person, Repo, "read");

        using var before = await door.SendAsync(HttpMethod.Get, $"/v2/reconstructions/{fixture.Weights.Hash}");
        using var revoked = await world.As(world.Alice).PostAsJsonAsync($"/api/v1/gates/models/{Repo}/revocations", new { user = "late" });
        using var after = await door.SendAsync(HttpMethod.Get, $"/v2/reconstructions/{fixture.Weights.Hash}");

        Assert.Equal([200, 200, 204, 403], new[] { grant, before, revoked, after }.Select(a => (int)a.StatusCode));
    }

    private async Task<string> ContentAsync(HttpClient client)
    {
        var seen = new List<string>
        {
            await ReadAsync(client, "resolve", $"/{Repo}/resolve/main/a.txt"),
            await ReadAsync(client, "nowhere", $"/{Repo}/resolve/nope/a.txt"),
            await ReadAsync(client, "raw", $"/{Repo}/raw/main/a.txt"),
        };
        using var batch = await client.PostBatchAsync(Repo, new { operation = "download", objects = new[] { new { oid = fixture.Weights.Digest, size = fixture.Weights.Content.Length } } });
        seen.Add(Describe("lfs", batch));
        using var token = await client.GetAsync($"/api/models/{Repo}/xet-read-token/main");
        seen.Add(Describe("xet", token));
        if (token.IsSuccessStatusCode)
        {
            seen.Add(await RebuildAsync((await token.OkAsync())!));
        }

        seen.Add(await ReadAsync(client, "page", $"/{Repo}/blob/main/a.txt", "text/html"));
        seen.Add(await ReadAsync(client, "diff", $"/api/models/{Repo}/compare/main..main?raw=true"));
        seen.Add(await ReadAsync(client, "check", $"/api/models/{Repo}/auth-check"));
        seen.Add(await ReadAsync(client, "commit page", $"/{Repo}/commit/main", "text/html"));
        return string.Join(", ", seen);
    }

    private async Task<string> RebuildAsync(JsonNode token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{token["casUrl"]}/v2/reconstructions/{fixture.Weights.Hash}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token["accessToken"]!.GetValue<string>());
        using var answer = await fixture.World.AsNobody().SendAsync(request);
        Assert.Equal(fixture.Weights.Digest, LfsCalls.Digest(await new XetReader(fixture.World.AsNobody()).RebuildAsync(await answer.OkAsync())));
        return Describe("rebuilt", answer);
    }

    private static async Task<string> TellingAsync(HttpClient client)
    {
        var seen = new List<string>();
        foreach (var (door, path) in TellingDoors)
        {
            seen.Add(await ReadAsync(client, door, path, path.StartsWith("/api", StringComparison.Ordinal) ? "application/json" : "text/html"));
        }

        return string.Join(", ", seen);
    }

    private static async Task<string> ReadAsync(HttpClient client, string door, string path, string accept = "*/*")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd(accept);
        using var answer = await client.SendAsync(request);
        if (path.Contains("/blob/", StringComparison.Ordinal))
        {
            var html = await answer.Content.ReadAsStringAsync();
            Assert.Equal(answer.IsSuccessStatusCode, html.Contains(GateWorld.Words.Trim(), StringComparison.Ordinal));
            Assert.Equal(!answer.IsSuccessStatusCode, html.Contains("id=\"gate\"", StringComparison.Ordinal));
        }

        return Describe(door, answer);
    }

    private static string Describe(string door, HttpResponseMessage answer) =>
        $"{door} {(int)answer.StatusCode}{(answer.Headers.TryGetValues("X-Error-Code", out var codes) ? $" {codes.Single()}" : "")}";
}
