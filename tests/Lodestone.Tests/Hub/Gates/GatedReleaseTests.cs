using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Hub;

/// <summary>
/// A release as its owner lives through it: a gate with fields and a licence; people who ask on the page, decided in the web and by
/// a client; a company let in as a whole, whose service account pulls; lists and report that agree. And the same denied.
/// </summary>
public sealed class GatedReleaseTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";
    private const string Repo = "owner/compass";
    private const string Settings = $"/{Repo}/settings/access";
    private const string Licence = "Compass Licence 1\n\nBe kind.";

    private World _world = null!; // both set before any test runs
    private string _owner = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync();
        _owner = await _world.JoinAsync("owner", password: Password);
        using var client = _world.Server.With(_owner);
        await client.CreateRepoAsync(Repo);
        var weights = LfsCalls.Bytes(100_000);
        await client.HoldAsync(Repo, weights);
        await client.CommitAsync(Repo, [HubCalls.FileLine("a.txt", "The needle points north.\n"u8.ToArray()), LfsCalls.FileLine("model.safetensors", weights)]);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_gated_release_from_the_gate_to_the_report()
    {
        using var owner = await _world.Server.SignedInAsync("owner", Password);
        await PutUpGateAsync(owner);
        await AskOnPageAsync("erin");
        await AskOnPageAsync("frank");
        await AskOnPageAsync("gina");
        var service = await GlobexAsksAsync();

        await owner.SendAsync(await owner.OpenAsync(Settings), "decide", ("who", "erin"), ("to", "accepted"));
        using var client = _world.Server.With(_owner);
        using var accepted = await client.PostAsJsonAsync($"/api/models/{Repo}/user-access-request/handle", new { user = "frank", status = "accepted" });
        await owner.SendAsync(await owner.OpenAsync(Settings), "decide", ("who", "gina"), ("to", "rejected"), ("reason", "Tell us more"));
        var globex = await owner.SendAsync(await owner.OpenAsync(Settings), "decide", ("who", "globex"), ("to", "accepted"));

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Redirect], [accepted.StatusCode, globex.Status]);
        await ListsAgreeAsync(owner, client, "pending: | accepted:erin frank globex | rejected:gina");
        await ClientsReadAsync(service);
        await PagesTellAsync();
        await ReportTellsAsync(client);
        await DownloadsTellAsync(owner, client);
    }

    [Fact]
    public async Task Who_has_no_right_gets_neither_content_nor_a_say()
    {
        using var owner = await _world.Server.SignedInAsync("owner", Password);
        await PutUpGateAsync(owner);
        using var erin = _world.Server.With(await _world.JoinAsync("erin", password: Password));
        using var page = await _world.Server.SignedInAsync("erin", Password);
        using var nobody = new PageClient(_world.Server);

        var settings = await page.OpenAsync(Settings);
        var file = await page.OpenAsync($"/{Repo}/blob/main/a.txt");
        var unanswered = await page.SendAsync(await page.OpenAsync($"/{Repo}"), "gate", ("answer-0", ""), ("_licence", LfsCalls.Digest(System.Text.Encoding.UTF8.GetBytes(Licence))));
        var signIn = await nobody.OpenAsync($"/{Repo}/blob/main/a.txt");
        using var report = await erin.GetAsync($"/{Repo}/user-access-report");
        using var grant = await erin.PostAsJsonAsync($"/api/models/{Repo}/user-access-request/grant", new { user = "erin" });
        using var organization = await erin.PutAsJsonAsync($"/api/v1/gates/models/{Repo}/organizations/acme", new { });

        Assert.Contains("Who may read a gated model is decided by administrators", settings.Text("main"), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized), (file.Status, signIn.Status));
        Assert.DoesNotContain("points north", file.Html + signIn.Html, StringComparison.Ordinal);
        Assert.Contains("Sign in to ask for access", signIn.Text("#gate"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, unanswered.Status);
        Assert.Contains("\"Company\" must be answered.", unanswered.Text("#gate"), StringComparison.Ordinal);
        Assert.Equal([403, 403, 403], new[] { report, grant, organization }.Select(a => (int)a.StatusCode));
        var crossSite = await page.PostAsync($"/{Repo}/ask-access", [], site: "cross-site");
        Assert.Equal(HttpStatusCode.Forbidden, crossSite.Status);
    }

    private static async Task PutUpGateAsync(PageClient owner)
    {
        var saved = await owner.SendAsync(
            await owner.OpenAsync(Settings), "gate-editor", ("mode", "manual"), ("heading", "Tell us who you are"), ("prompt", "We *read* every request."),
            ("fields", "Company | text\nCountry | country\nUse | select | Research, Commercial\nNews | checkbox | optional"), ("licence-name", "Compass Licence"), ("licence-text", Licence), ("reaccept", "at_next_download"));
        Assert.True(saved.Status is HttpStatusCode.Redirect, saved.Html);
        var editor = await owner.OpenAsync(Settings);
        Assert.Equal("Company | text\nCountry | country\nUse | select | Research, Commercial\nNews | checkbox | optional", editor.Text("[name=fields]"));
        Assert.Equal(Licence, editor.Text("[name=licence-text]"));
    }

    private async Task AskOnPageAsync(string name, string? organization = null)
    {
        if (organization is null)
        {
            await _world.JoinAsync(name, password: Password);
        }

        using var person = await _world.Server.SignedInAsync(name, Password);
        var page = await person.OpenAsync($"/{Repo}");
        Assert.Equal(["Tell us who you are", "Compass Licence"], [page.Text("#gate-title"), page.Text("#gate-licence")]);
        Assert.Contains("owner will see your name", page.Text("#gate"), StringComparison.Ordinal);
        (string, string)[] answers = [("answer-0", $"Company of {name}"), ("answer-1", "FR"), ("answer-2", "Research"), ("_licence", LfsCalls.Digest(System.Text.Encoding.UTF8.GetBytes(Licence)))];
        var sent = await person.SendAsync(page, "gate", [.. answers, .. organization is null ? ((string, string)[])[] : [("_organization", organization)]]);
        Assert.True(sent.Status is HttpStatusCode.Redirect, sent.Html);
        var after = await person.OpenAsync($"/{Repo}");
        Assert.Contains(organization is null ? "owner has not answered yet" : "globex: pending", after.Text("#gate"), StringComparison.Ordinal);
    }

    /// <summary>Grace, who administers Globex, asks for all of it; its service account has a token already.</summary>
    private async Task<string> GlobexAsksAsync()
    {
        using var grace = _world.Server.With(await _world.JoinAsync("grace", password: Password));
        (await grace.PostAsJsonAsync("/api/v1/organizations", new { name = "globex" })).EnsureSuccessStatusCode().Dispose();
        await AskOnPageAsync("grace", "globex");
        using var made = await grace.PostAsJsonAsync("/api/v1/organizations/globex/service-accounts", new { name = "builds" });
        using var issued = await grace.PostAsJsonAsync($"/api/v1/organizations/globex/service-accounts/{(await made.OkAsync())["id"]}/tokens", new { name = "ci" });
        return (await issued.OkAsync())["value"]!.GetValue<string>();
    }

    private static async Task ListsAgreeAsync(PageClient owner, HttpClient client, string expected)
    {
        var (inWeb, inClient) = (new List<string>(), new List<string>());
        foreach (var list in new[] { "pending", "accepted", "rejected" })
        {
            var page = await owner.OpenAsync($"{Settings}?list={list}");
            inWeb.Add($"{list}:{string.Join(' ', page.Document.QuerySelectorAll("td:first-child a").Select(a => a.GetAttribute("href")!.Trim('/')).Order(StringComparer.Ordinal))}");
            var rows = (await client.JsonAsync($"/api/models/{Repo}/user-access-request/{list}")).AsArray();
            inClient.Add($"{list}:{string.Join(' ', rows.Select(r => r!["user"]!["user"]!.ToString()).Order(StringComparer.Ordinal))}");
        }

        Assert.Equal((expected, expected), (string.Join(" | ", inWeb), string.Join(" | ", inClient)));
    }

    private async Task ClientsReadAsync(string service)
    {
        var folder = Directory.CreateTempSubdirectory("lodestone-release-").FullName;
        var hub = _world.Server.Url.ToString().TrimEnd('/');
        var tokens = JsonSerializer.Serialize(new Dictionary<string, string>(StringComparer.Ordinal) { ["service"] = service, ["stranger"] = _world.Alice.Token, ["nobody"] = "" });
        var said = JsonNode.Parse(await ClientProcess.RunAsync(
            "node", [Path.Combine(ClientProcess.Scripts(), "gated.mjs")], folder, ("HUB", hub), ("REPO", Repo), ("TOKENS", tokens)))!;
        var cloned = await ClientProcess.TryAsync("git", ["clone", "-q", $"http://x:{service}@{_world.Server.Url.Authority}/{Repo}", "clone"], folder, ("GIT_LFS_SKIP_SMUDGE", "1"));
        var refused = await ClientProcess.TryAsync("git", ["clone", "-q", $"http://x:{_world.Alice.Token}@{_world.Server.Url.Authority}/{Repo}", "refused"], folder);

        var files = ".gitattributes a.txt model.safetensors";
        Assert.Equal(["done", "manual", files, "100000", "The needle points north.\n"], said["service"]!.AsObject().Select(s => s.Value!.ToString()));
        var restricted = "403: Access to model owner/compass is restricted and you are not in the authorized list";
        Assert.Equal(["done", "manual", files, restricted, restricted], said["stranger"]!.AsObject().Select(s => s.Value!.ToString()));
        Assert.StartsWith("401: Access to model owner/compass is restricted", said["nobody"]!["text"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal((0, "The needle points north.\n"), (cloned.ExitCode, await File.ReadAllTextAsync(Path.Combine(folder, "clone", "a.txt"))));
        Assert.Equal("fatal: remote error: Access to model owner/compass is restricted and you are not in the authorized list. Visit " + hub + "/owner/compass to ask for access.", refused.Error.Trim());
        Directory.Delete(folder, recursive: true);
    }

    private async Task PagesTellAsync()
    {
        using var gina = await _world.Server.SignedInAsync("gina", Password);
        using var grace = await _world.Server.SignedInAsync("grace", Password);
        using var erin = await _world.Server.SignedInAsync("erin", Password);

        var (rejected, through, own) = (await gina.OpenAsync($"/{Repo}"), await grace.OpenAsync($"/{Repo}"), await erin.OpenAsync($"/{Repo}/blob/main/a.txt"));

        Assert.Contains("Tell us more", rejected.Text("#gate"), StringComparison.Ordinal);
        Assert.Contains("globex has accepted the terms for all who belong to it", through.Text("#gate"), StringComparison.Ordinal);
        Assert.Contains("points north", own.Html, StringComparison.Ordinal);
        Assert.Contains("Gated", own.Text(".page-header"), StringComparison.Ordinal);
    }

    private static async Task ReportTellsAsync(HttpClient client)
    {
        var lines = (await client.GetStringAsync($"/{Repo}/user-access-report")).Split("\r\n");
        var licence = LfsCalls.Digest(System.Text.Encoding.UTF8.GetBytes(Licence));
        Assert.Equal("user,fullname,type,email,status,asked_at,asked_by,decided_at,decided_by,reason,licence_sha256,granted_unasked,address,place,Company,Country,News,Use", lines[0]);
        Assert.Matches($"^gina,Gina,user,gina@example.org,rejected,2026-03-02T[0-9:.]+Z,gina,2026-03-02T[0-9:.]+Z,owner,Tell us more,{licence},false,127.0.0.1,,Company of gina,FR,false,Research$", Array.Find(lines, l => l.StartsWith("gina", StringComparison.Ordinal))!);
        Assert.Matches($"^globex,globex,org,grace@example.org,accepted,2026-03-02T[0-9:.]+Z,grace,2026-03-02T[0-9:.]+Z,owner,,{licence},false,127.0.0.1,,Company of grace,FR,false,Research$", Array.Find(lines, l => l.StartsWith("globex", StringComparison.Ordinal))!);
    }

    private async Task DownloadsTellAsync(PageClient owner, HttpClient client)
    {
        JsonArray rows = [];
        await Eventually.TrueAsync(async () =>
        {
            _world.Server.Clock.Advance(TimeSpan.FromSeconds(5)); // they are written every five
            rows = (await client.JsonAsync($"/api/v1/gates/models/{Repo}/downloads")).AsArray();
            return rows.Any(r => r!["way"]!.ToString() == "git") && rows.Any(r => r!["path"]!.ToString() == "a.txt");
        });
        var downloads = rows.Select(d => $"{d!["caller"]} {d["callerType"]} {d["through"]} {d["way"]} {d["path"]} {d["bytes"]}").ToList();
        var holders = (await client.JsonAsync($"/api/v1/gates/models/{Repo}/holders")).AsArray();
        var csv = await client.GetStringAsync($"/api/v1/gates/models/{Repo}/downloads.csv");
        var page = await owner.OpenAsync(Settings);

        Assert.Contains("globex/builds service_account globex file a.txt 26", downloads); // the client asks for one byte first, to learn the size
        Assert.Contains(downloads, d => d.StartsWith("globex/builds service_account globex git ", StringComparison.Ordinal));
        Assert.All(downloads, d => Assert.StartsWith("globex/builds", d, StringComparison.Ordinal));
        var revisions = holders.Single(h => h!["user"]!["user"]!.ToString() == "globex")!["revisions"]!.AsArray();
        Assert.Contains(revisions, r => r!["caller"]!.ToString() == "globex/builds" && r["revision"] is not null);
        Assert.Contains(",globex/builds,service_account,globex,file,", csv, StringComparison.Ordinal);
        Assert.Contains("globex/builds (service account)", page.Text("main"), StringComparison.Ordinal);
    }
}
