using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Tests.Hub.Pages;
using Lodestone.Tests.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>A server with a database of network addresses, behind a proxy that it trusts, and a model of Alice's that anybody may ask for.</summary>
public sealed class OriginsWorld : IAsyncLifetime
{
    public const string France = "1.0.0.1";
    public const string California = "2.0.0.1";
    public const string Texas = "2.0.1.1";
    public const string SomewhereInAmerica = "2.0.2.1";
    public const string RegisteredInJapan = "3.0.0.1";
    public const string Reunion = "4.0.0.1";
    public const string Switzerland = "2001:db8::7";
    public const string Nowhere = "9.9.9.9";

    private readonly string _folder = Directory.CreateTempSubdirectory("lodestone-addresses-").FullName;

    public World World { get; private set; } = null!; // set before any test runs

    public string Path => System.IO.Path.Combine(_folder, "addresses.mmdb");

    internal static AddressFile Addresses => new AddressFile()
        .Add("1.0.0.0/24", "FR", isInEu: true).Add("2.0.0.0/24", "US", subdivision: "CA").Add("2.0.1.0/24", "US", subdivision: "TX").Add("2.0.2.0/24", "US")
        .Add("3.0.0.0/24", null, registered: "JP").Add("4.0.0.0/24", "RE", isInEu: true).Add("2001:db8::/32", "CH").Add("5.0.0.0/24", null);

    public ValueTask InitializeAsync() => InitializeAsync(["127.0.0.0/8", "10.0.0.0/8"]);

    /// <param name="trusted">Ranges of proxies.</param>
    public async ValueTask InitializeAsync(string[] trusted)
    {
        Addresses.Save(Path);
        World = await World.CreateAsync(services => services.AddSingleton(new HubOptions { AddressDatabase = Path }).AddSingleton(new ProxyOptions { Trusted = trusted }));
    }

    public async ValueTask DisposeAsync()
    {
        await World.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A model with one file behind an automatic gate.</summary>
    public async Task GateAsync(string repo, object gate)
    {
        var alice = World.As(World.Alice);
        await alice.CreateRepoAsync(repo);
        await alice.CommitAsync(repo, ("a.txt", "a"));
        await PutAsync(repo, gate);
    }

    public async Task<JsonNode> PutAsync(string repo, object gate)
    {
        using var answer = await World.As(World.Alice).PutAsJsonAsync($"/api/v1/gates/models/{repo}", gate);
        return await answer.OkAsync();
    }

    public HttpClient From(string address, string? token)
    {
        var client = token is null ? World.Server.Anonymous() : World.Server.With(token);
        client.DefaultRequestHeaders.Add("X-Forwarded-For", address);
        return client;
    }
}

public sealed class GateOriginsTests(OriginsWorld fixture) : IClassFixture<OriginsWorld>
{
    private const string Password = "correct horse battery";

    [Fact]
    public async Task Places_are_checked_kept_shown_to_the_owner_and_set_on_the_page()
    {
        var owner = fixture.World.Server.With(await fixture.World.JoinAsync("owner", password: Password));
        await owner.CreateRepoAsync("owner/places");
        const string Gate = "/api/v1/gates/models/owner/places";

        var kept = await SaveAsync(owner, Gate, new { mode = "auto", blockedCountries = new[] { "fr", "JP", "FR" }, blockedRegions = new[] { "us-ca" }, euDisallowed = true });
        using var noCountry = await owner.PutAsJsonAsync(Gate, new { mode = "auto", blockedCountries = new[] { "FR", "Atlantis" } });
        using var noRegion = await owner.PutAsJsonAsync(Gate, new { mode = "auto", blockedRegions = new[] { "XX-1" } });
        using var browser = await fixture.World.Server.SignedInAsync("owner", Password);
        var editor = await browser.OpenAsync("/owner/places/settings/access");
        var shown = new[] { "countries", "regions", "eu" }.Select(name => editor.Document.QuerySelector($"[name={name}]")!).ToList();
        await browser.SendAsync(editor, "gate-editor", ("countries", "CH"), ("regions", "ca-qc, CA-ON"));
        var wrong = await browser.SendAsync(await browser.OpenAsync("/owner/places/settings/access"), "gate-editor", ("countries", "Switzerland"));
        var onPage = await owner.JsonAsync(Gate);
        var stranger = await fixture.World.As(fixture.World.Bob).JsonAsync(Gate);

        Assert.Equal("FR,JP US-CA True", Rules(kept));
        Assert.Equal("422 \"blockedCountries\" has \"Atlantis\", which is not a country by its two letters, as in FR (ISO 3166-1).", await DetailAsync(noCountry));
        Assert.Equal("422 \"blockedRegions\" has \"XX-1\", which is not a region as in US-CA (ISO 3166-2).", await DetailAsync(noRegion));
        Assert.Equal(("FR, JP", "US-CA", true), (shown[0].GetAttribute("value"), shown[1].GetAttribute("value"), shown[2].HasAttribute("checked")));
        Assert.Contains("which is not a country by its two letters", wrong.Text("main"), StringComparison.Ordinal);
        Assert.Equal("CH CA-ON,CA-QC True", Rules(onPage));
        Assert.Null(stranger["rules"]);
        owner.Dispose();
    }

    [Theory]
    [InlineData(OriginsWorld.France, "blocked", "France (FR)")]
    [InlineData(OriginsWorld.Reunion, "blocked", "Réunion (RE)")]
    [InlineData(OriginsWorld.California, "blocked", "United States of America (US-CA)")]
    [InlineData(OriginsWorld.RegisteredInJapan, "blocked", "Japan (JP)")]
    [InlineData(OriginsWorld.SomewhereInAmerica, "unknown", null)]
    [InlineData(OriginsWorld.Nowhere, "unknown", null)]
    [InlineData("5.0.0.1", "unknown", null)]
    [InlineData(OriginsWorld.Texas, null, null)]
    [InlineData(OriginsWorld.Switzerland, null, null)]
    [InlineData($"{OriginsWorld.France}, 10.0.0.1", "blocked", "France (FR)")] // what a trusted proxy was told by another one
    [InlineData($"{OriginsWorld.France}, {OriginsWorld.Texas}", null, null)] // what the caller wrote there themselves
    public async Task Who_asks_from_a_closed_or_an_unknown_place_is_refused(string address, string? place, string? words)
    {
        var repo = $"alice/asked-{Guid.CreateVersion7().ToString("N")[^12..]}";
        await fixture.GateAsync(repo, new { mode = "auto", blockedCountries = new[] { "JP" }, blockedRegions = new[] { "US-CA" }, euDisallowed = true });
        using var bob = fixture.From(address, await fixture.World.JoinAsync($"v{Guid.CreateVersion7().ToString("N")[^12..]}"));

        using var asked = await bob.PostAsJsonAsync($"/{repo}/ask-access", new { });
        using var read = await bob.GetAsync($"/{repo}/resolve/main/a.txt");
        var standing = (await bob.JsonAsync($"/api/v1/gates/models/{repo}"))["access"]!;

        Assert.Equal(place, standing["place"]?.ToString());
        if (place is null)
        {
            Assert.Equal(("303 200", "accepted"), ($"{(int)asked.StatusCode} {(int)read.StatusCode}", standing["state"]!.ToString()));
            return;
        }

        var expected = words is null
            ? $"403 GatedRepo: Access to model {repo} depends on where you are, and this server cannot tell that of your network address. Come from another network, or ask alice."
            : $"403 GatedRepo: Access to model {repo} is closed to where you are: your network address is in {words}. alice has decided so.";
        Assert.Equal((expected, expected, "none"), (await asked.ErrorAsync(), await read.ErrorAsync(), standing["state"]!.ToString()));
    }

    [Fact]
    public async Task Who_was_accepted_and_moves_to_a_closed_place_is_kept_out_at_every_door_until_they_are_back()
    {
        const string Repo = "alice/moved";
        await fixture.GateAsync(Repo, new { mode = "auto", blockedCountries = new[] { "FR" } });
        var weights = MixedFile.Make();
        await weights.PutAsync(fixture.World, Repo, "model.safetensors");
        var token = await fixture.World.JoinAsync("mover");
        using var home = fixture.From(OriginsWorld.Texas, token);
        using var abroad = fixture.From(OriginsWorld.France, token);
        (await home.PostAsJsonAsync($"/{Repo}/ask-access", new { })).Dispose();

        var before = await DoorsAsync(home, Repo, weights, token, OriginsWorld.Texas);
        var xet = await home.JsonAsync($"/api/models/{Repo}/xet-read-token/main");
        var away = await DoorsAsync(abroad, Repo, weights, token, OriginsWorld.France);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{xet["casUrl"]}/v2/reconstructions/{weights.Hash}");
        request.Headers.Authorization = new("Bearer", xet["accessToken"]!.ToString());
        request.Headers.Add("X-Forwarded-For", OriginsWorld.France);
        using var rebuilt = await fixture.World.AsNobody().SendAsync(request);
        var page = await abroad.PageAsync($"/{Repo}");
        using var anonymous = fixture.From(OriginsWorld.France, token: null);
        using var unnamed = await anonymous.GetAsync($"/{Repo}/resolve/main/a.txt");
        var report = await fixture.World.As(fixture.World.Alice).GetStringAsync($"/{Repo}/user-access-report");

        Assert.Equal("resolve 200, raw 200, lfs 200, xet 200, page 200, diff 200, check 200, copy 200, git 0", before);
        Assert.Equal("resolve 403, raw 403, lfs 403, xet 403, page 403, diff 403, check 403, copy 403, git 128", away);
        Assert.Equal((403, 401), ((int)rebuilt.StatusCode, (int)unnamed.StatusCode)); // who signs in may be a member
        Assert.Contains("Closed to where you are", page.TextOf("#gate"), StringComparison.Ordinal);
        Assert.Null(page.QuerySelector("#gate form"));
        Assert.Equal(before.Replace("copy 200", "copy 409", StringComparison.Ordinal), await DoorsAsync(home, Repo, weights, token, OriginsWorld.Texas));
        Assert.Contains(",US-TX", report, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Members_of_the_owner_pass_from_everywhere()
    {
        await fixture.GateAsync("acme/closed", new { mode = "manual", blockedCountries = new[] { "FR" } });
        using var member = fixture.From(OriginsWorld.France, fixture.World.Bob.Token);
        using var administrator = fixture.From(OriginsWorld.Nowhere, fixture.World.Alice.Token);

        var read = (await member.GetStringAsync("/acme/closed/resolve/main/a.txt"), await administrator.GetStringAsync("/acme/closed/resolve/main/a.txt"));
        await fixture.PutAsync("acme/closed", new { mode = "manual", blockedCountries = new[] { "FR" }, gateMembers = true });
        using var gated = await member.GetAsync("/acme/closed/resolve/main/a.txt");

        Assert.Equal(("a", "a"), read);
        Assert.Equal(403, (int)gated.StatusCode);
        Assert.Equal("a", await administrator.GetStringAsync("/acme/closed/resolve/main/a.txt"));
    }

    [Fact]
    public async Task A_gate_before_a_collection_is_closed_to_places_too()
    {
        await fixture.GateAsync("alice/collected", new { mode = false });
        var alice = fixture.World.As(fixture.World.Alice);
        using var made = await alice.PostAsJsonAsync("/api/collections", new { title = "Closed", @namespace = "alice" });
        var slug = (await made.OkAsync())["slug"]!.ToString();
        (await alice.PostAsJsonAsync($"/api/collections/{slug}/items", new { item = new { type = "model", id = "alice/collected" } })).EnsureSuccessStatusCode().Dispose();
        var view = await SaveAsync(alice, $"/api/v1/gates/collections/{slug}", new { mode = "auto", blockedCountries = new[] { "FR" } });
        await fixture.GateAsync("alice/later", new { mode = false });
        (await alice.PostAsJsonAsync($"/api/collections/{slug}/items", new { item = new { type = "model", id = "alice/later" } })).EnsureSuccessStatusCode().Dispose();
        var token = await fixture.World.JoinAsync("collector");
        using var abroad = fixture.From(OriginsWorld.France, token);
        using var home = fixture.From(OriginsWorld.Texas, token);

        using var refused = await abroad.PostAsJsonAsync($"/collections/{slug}/ask-access", new { });
        using var asked = await home.PostAsJsonAsync($"/collections/{slug}/ask-access", new { });
        var statuses = new List<int>();
        foreach (var client in new[] { home, abroad })
        {
            foreach (var repo in new[] { "alice/collected", "alice/later" })
            {
                using var read = await client.GetAsync($"/{repo}/resolve/main/a.txt");
                statuses.Add((int)read.StatusCode);
            }
        }

        Assert.Equal("FR  False", Rules(view["gate"]!));
        Assert.Equal([403, 303, 200, 200, 403, 403], [(int)refused.StatusCode, (int)asked.StatusCode, .. statuses]);
        Assert.Contains("Nobody is let in from where you are.", (await abroad.PageAsync($"/collections/{slug}")).TextOf("main"), StringComparison.Ordinal);
    }

    private async Task<string> DoorsAsync(HttpClient client, string repo, MixedFile weights, string token, string address)
    {
        var seen = new List<string>();
        foreach (var (door, path) in new[]
        {
            ("resolve", $"/{repo}/resolve/main/a.txt"), ("raw", $"/{repo}/raw/main/a.txt"), ("lfs", ""), ("xet", $"/api/models/{repo}/xet-read-token/main"),
            ("page", $"/{repo}/blob/main/a.txt"), ("diff", $"/api/models/{repo}/compare/main..main?raw=true"), ("check", $"/api/models/{repo}/auth-check"), ("copy", ""),
        })
        {
            using var answer = door switch
            {
                "lfs" => await client.PostBatchAsync(repo, new { operation = "download", objects = new[] { new { oid = weights.Digest, size = weights.Content.Length } } }),
                "copy" => await client.PostAsJsonAsync($"/api/models/{repo}/duplicate", new { repository = "mover/copy" }),
                _ => await client.GetAsync(path),
            };
            seen.Add($"{door} {(int)answer.StatusCode}");
        }

        var folder = Directory.CreateTempSubdirectory("lodestone-origins-").FullName;
        var cloned = await ClientProcess.TryAsync(
            "git", ["-c", $"http.extraHeader=X-Forwarded-For: {address}", "clone", "-q", $"http://user:{token}@{fixture.World.Server.Url.Authority}/{repo}", "clone"], folder, ("GIT_LFS_SKIP_SMUDGE", "1"));
        Assert.Equal(cloned.ExitCode == 0, File.Exists(Path.Combine(folder, "clone", "a.txt")));
        Assert.Equal(cloned.ExitCode != 0, cloned.Error.Contains("is closed to where you are", StringComparison.Ordinal));
        Directory.Delete(folder, recursive: true);
        return $"{string.Join(", ", seen)}, git {cloned.ExitCode}";
    }

    private static async Task<JsonNode> SaveAsync(HttpClient client, string gate, object wanted)
    {
        using var answer = await client.PutAsJsonAsync(gate, wanted);
        return await answer.OkAsync();
    }

    private static string Rules(JsonNode gate) =>
        $"{string.Join(',', gate["rules"]!["blockedCountries"]!.AsArray())} {string.Join(',', gate["rules"]!["blockedRegions"]!.AsArray())} {gate["rules"]!["euDisallowed"]!.GetValue<bool>()}";

    private static async Task<string> DetailAsync(HttpResponseMessage answer) => $"{(int)answer.StatusCode} {JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["title"]}";
}

/// <summary>A server of its own: the file of addresses changes, and no proxy is trusted.</summary>
public sealed class AddressDatabaseTests : IAsyncLifetime
{
    private readonly OriginsWorld _fixture = new();

    public ValueTask InitializeAsync() => _fixture.InitializeAsync(trusted: []);

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task The_connection_counts_where_no_proxy_is_trusted_and_a_new_file_counts_at_once()
    {
        await _fixture.GateAsync("alice/here", new { mode = "auto", blockedCountries = new[] { "FR" } });
        var token = await _fixture.World.JoinAsync("local");
        using var liar = _fixture.From(OriginsWorld.Texas, token);

        var unknown = await AskAsync(liar);
        new AddressFile().Add("127.0.0.0/8", "CH").Save(_fixture.Path);
        var allowed = await AskAsync(liar);
        await File.WriteAllTextAsync(_fixture.Path, "no database");
        var broken = await ReadAsync(liar);
        new AddressFile().Add("127.0.0.0/8", "FR").Save(_fixture.Path);
        var blocked = await ReadAsync(liar);
        File.Delete(_fixture.Path);

        Assert.Equal("403 303 200 403 403", $"{unknown} {allowed} {broken} {blocked} {await ReadAsync(liar)}");
    }

    private static async Task<int> AskAsync(HttpClient client)
    {
        using var answer = await client.PostAsJsonAsync("/alice/here/ask-access", new { });
        return (int)answer.StatusCode;
    }

    private static async Task<int> ReadAsync(HttpClient client)
    {
        using var answer = await client.GetAsync("/alice/here/resolve/main/a.txt");
        return (int)answer.StatusCode;
    }
}
