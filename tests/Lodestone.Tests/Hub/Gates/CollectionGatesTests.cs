using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Tests.Hub.Pages;
using Lodestone.Tests.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Acme's model and data set are in its collection, and Carol's model, who is a stranger to it.</summary>
public sealed class CollectionGatesTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";

    private static readonly string[] Both = ["/acme/one", "/datasets/acme/two"];

    private readonly ConcurrentDictionary<Guid, AccessChanged> _told = new();

    private World _world = null!; // these are set before any test runs
    private HttpClient _alice = null!;
    private HttpClient _carol = null!;
    private HttpClient _uma = null!;
    private string _slug = "";

    private string Api => $"/api/collections/{_slug}";

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync(services => services.AddSingleton(_told).AddEventHandler<AccessChanged, Listening>());
        (_alice, _carol) = (_world.As(_world.Alice), _world.As(_world.Carol));
        _uma = _world.Server.With(await _world.JoinAsync("uma", password: Password));
        await PublishAsync(_alice, "acme/one");
        await PublishAsync(_alice, "acme/two", "dataset");
        await PublishAsync(_carol, "carol/foreign");
        using var made = await _alice.PostAsJsonAsync("/api/collections", new { title = "The release", @namespace = "acme" });
        _slug = (await made.OkAsync())["slug"]!.ToString();
        await AddAsync(_alice, "acme/one");
        await AddAsync(_alice, "acme/two", "dataset");
        await AddAsync(_alice, "carol/foreign");
    }

    public async ValueTask DisposeAsync()
    {
        _uma.Dispose();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Who_asks_once_is_let_in_to_all_that_its_owner_has_in_the_collection()
    {
        var gated = await GateAsync("manual");
        var closed = await StatusesAsync();
        using var asked = await _uma.PostAsJsonAsync($"/collections/{_slug}/ask-access", new { });
        var pending = await NamesAsync("pending");
        using var decided = await _alice.PostAsJsonAsync("/api/datasets/acme/two/user-access-request/handle", new { user = "uma", status = "accepted" });
        var open = await StatusesAsync();
        await PublishAsync(_alice, "acme/three");
        var before = await StatusAsync(_world.AsNobody(), "/acme/three");
        await AddAsync(_alice, "acme/three");
        var later = (await StatusAsync(_uma, "/acme/three"), await StatusAsync(_carol, "/acme/three"));
        var shown = await _uma.JsonAsync($"/api/v1/gates/collections/{_slug}");
        await Eventually.TrueAsync(() => Task.FromResult(_told.Count >= 2));
        using var revoked = await _alice.PostAsJsonAsync("/api/v1/gates/models/acme/one/revocations", new { user = "uma" });

        Assert.Equal("manual", gated["data"]!["gating"]!["mode"]!.ToString());
        Assert.Equal("403 403 200", closed);
        Assert.Equal((303, $"/collections/{_slug}"), ((int)asked.StatusCode, asked.Headers.Location!.ToString()));
        Assert.Equal(["uma", "uma"], pending);
        Assert.Equal(HttpStatusCode.OK, decided.StatusCode);
        Assert.Equal("200 200 200", open);
        Assert.Equal((200, (200, 403)), (before, later));
        Assert.Equal(["acme/one", "acme/three", "acme/two"], shown["repositories"]!.AsArray().Select(r => r!["id"]!.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal("accepted", shown["gate"]!["access"]!["state"]!.ToString());
        Assert.Equal(["accepted", "pending"], _told.Values.Select(t => t.State).Order(StringComparer.Ordinal).Take(2)); // once each, not for each repository
        Assert.Equal("403 403 200", await StatusesAsync());
        Assert.Equal(403, await StatusAsync(_uma, "/acme/three"));
        Assert.Equal(["manual", "manual", "false", "manual"], (await _alice.JsonAsync(Api))["items"]!.AsArray().Select(i => i!["gated"]!.ToString()));
    }

    [Fact]
    public async Task An_organization_accepts_for_all_and_what_is_taken_back_is_taken_back_everywhere()
    {
        await GateAsync("auto");
        (await _uma.PostAsJsonAsync("/api/v1/organizations", new { name = "globex" })).EnsureSuccessStatusCode().Dispose();
        using var accepted = await _uma.PutAsJsonAsync("/api/v1/gates/datasets/acme/two/organizations/globex", new { });
        var through = (await _uma.JsonAsync("/api/v1/gates/models/acme/one"))["access"]!;
        var open = await StatusesAsync();
        (await _uma.DeleteAsync("/api/v1/gates/models/acme/one/organizations/globex")).EnsureSuccessStatusCode().Dispose();

        Assert.Equal(HttpStatusCode.OK, accepted.StatusCode);
        Assert.Equal("accepted globex", $"{through["state"]} {through["through"]}");
        Assert.Equal("200 200 200", open);
        Assert.Equal("403 403 200", await StatusesAsync());
    }

    [Fact]
    public async Task A_licence_that_changes_by_a_day_is_asked_at_all_of_them_also_at_what_came_later()
    {
        await PutAsync(new { mode = "auto", licence = new { name = "Release 1", text = "Be kind." } });
        await AskAsync(_uma, await LicenceAsync());
        (await _alice.PostAsJsonAsync("/api/models/acme/one/user-access-request/grant", new { user = "carol" })).EnsureSuccessStatusCode().Dispose();
        _world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        var day = _world.Server.Clock.GetUtcNow().AddDays(10).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        await PutAsync(new { mode = "auto", licence = new { name = "Release 2", text = "Be kinder." }, reaccept = "by_date", reacceptBy = day });
        await AskAsync(_uma, await LicenceAsync());
        _world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        using var vik = _world.Server.With(await _world.JoinAsync("vik"));
        (await _alice.PostAsJsonAsync("/api/models/acme/one/user-access-request/grant", new { user = "vik" })).EnsureSuccessStatusCode().Dispose(); // let in after the change
        await PublishAsync(_alice, "acme/three");
        await AddAsync(_alice, "acme/three");
        var before = (await StatusAsync(_carol, "/acme/one"), await StatusAsync(_carol, "/acme/three"));
        _world.Server.Clock.Advance(TimeSpan.FromDays(11));
        await Eventually.TrueAsync(async () => await StatusAsync(_carol, "/acme/one") == 403);

        Assert.Equal((200, 200), before);
        Assert.Equal((200, 200), (await StatusAsync(vik, Both[1]), await StatusAsync(vik, "/acme/three")));
        Assert.Equal((403, 403), (await StatusAsync(_carol, Both[1]), await StatusAsync(_carol, "/acme/three")));
        Assert.Equal((200, 200, 200), (await StatusAsync(_uma, Both[0]), await StatusAsync(_uma, Both[1]), await StatusAsync(_uma, "/acme/three")));
        await Eventually.TrueAsync(() => Task.FromResult(_told.Values.Any(t => t.State is "suspended")));
        Assert.Equal(_world.Carol.Id, _told.Values.Single(t => t.State is "suspended").SubjectId);
    }

    [Fact]
    public async Task What_leaves_the_collection_keeps_the_gate_and_taking_it_off_opens_the_rest()
    {
        await GateAsync("auto");
        await AskAsync(_uma);
        var items = (await _alice.JsonAsync(Api))["items"]!.AsArray();
        (await _alice.DeleteAsync($"{Api}/items/{items.Single(i => i!["id"]!.ToString() is "acme/two")!["_id"]}")).EnsureSuccessStatusCode().Dispose();
        var left = (await StatusAsync(_uma, Both[1]), await StatusAsync(_carol, Both[1]));
        using var own = await _alice.PutAsJsonAsync("/api/datasets/acme/two/settings", new { gated = false });
        using var others = await _alice.PutAsJsonAsync("/api/models/acme/one/settings", new { gated = false });
        var off = await GateAsync(false);
        var free = await StatusAsync(_carol, Both[0]);
        await GateAsync("auto");
        var again = (await StatusAsync(_uma, Both[0]), await StatusAsync(_carol, Both[0]));
        (await _alice.DeleteAsync(Api)).EnsureSuccessStatusCode().Dispose();

        Assert.Equal((200, 403), left);
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, others.StatusCode);
        Assert.False(off["data"]!["gating"]!.GetValue<bool>());
        Assert.Equal(200, free);
        Assert.Equal((200, 403), again); // who stood there still does
        Assert.Equal(403, await StatusAsync(_carol, Both[0])); // without the collection it is the repository's own
        Assert.Equal(HttpStatusCode.OK, (await _alice.PutAsJsonAsync("/api/models/acme/one/settings", new { gated = false })).StatusCode);
    }

    [Fact]
    public async Task Who_was_let_in_to_one_is_not_thereby_let_in_to_all_and_who_was_refused_stays_refused()
    {
        using var vik = _world.Server.With(await _world.JoinAsync("vik"));
        await _alice.PutAsJsonAsync("/api/models/acme/one/settings", new { gated = "manual" });
        using var conflict = await _alice.PatchAsJsonAsync(Api, new { gating = "auto" });
        foreach (var (client, status) in new[] { (_uma, "accepted"), (vik, "rejected") })
        {
            (await client.PostAsJsonAsync("/acme/one/ask-access", new { })).Dispose();
            (await _alice.PostAsJsonAsync("/api/models/acme/one/user-access-request/handle", new { user = client == vik ? "vik" : "uma", status })).EnsureSuccessStatusCode().Dispose();
        }

        await _alice.PutAsJsonAsync("/api/models/acme/one/settings", new { gated = false });
        await GateAsync("auto");
        var closed = await StatusesAsync();
        await AskAsync(_uma);
        using var refused = await vik.PostAsJsonAsync("/datasets/acme/two/ask-access", new { });

        Assert.Equal(HttpStatusCode.Conflict, conflict.StatusCode);
        Assert.Equal("403 403 200", closed);
        Assert.Equal("200 200 200", await StatusesAsync());
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task Administrators_of_the_owner_alone_gate_and_what_may_not_be_seen_is_not_found()
    {
        using var ines = _world.Server.With(await _world.JoinAsync("ines"));
        (await _alice.PutAsJsonAsync("/api/organizations/acme/members/ines/role", new { role = "contributor" })).EnsureSuccessStatusCode().Dispose();
        var answers = new List<string>();
        foreach (var (client, gating) in new (HttpClient, object)[] { (_carol, "auto"), (ines, "auto"), (_world.AsNobody(), "auto"), (_alice, "sometimes") })
        {
            using var answer = await client.PatchAsJsonAsync(Api, new { gating });
            answers.Add(((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture));
        }

        using var none = await _uma.PostAsJsonAsync($"/collections/{_slug}/ask-access", new { });
        await GateAsync(new { mode = "manual" });
        using var card = await _alice.PutAsJsonAsync("/api/v1/gates/models/acme/one", new { mode = "auto" });
        await _alice.PatchAsJsonAsync(Api, new { @private = true });

        Assert.Equal("403 403 401 400", string.Join(' ', answers));
        Assert.Equal(HttpStatusCode.BadRequest, none.StatusCode);
        Assert.Equal((HttpStatusCode.Conflict, "already_gated"), (card.StatusCode, JsonNode.Parse(await card.Content.ReadAsStringAsync())!["code"]!.ToString()));
        Assert.Equal(HttpStatusCode.NotFound, (await _uma.GetAsync($"/api/v1/gates/collections/{_slug}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _uma.PostAsJsonAsync($"/collections/{_slug}/ask-access", new { })).StatusCode);
        Assert.DoesNotContain("The release", (await _uma.PageAsync("/acme/one")).TextOf("#gate"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_gate_is_set_asked_at_and_answered_on_pages_without_script()
    {
        await _world.Server.JoinAsync("dana", Password);
        using var dana = await _world.Server.SignedInAsync("dana", Password);
        using var uma = await _world.Server.SignedInAsync("uma", Password);
        (await _alice.PutAsJsonAsync("/api/organizations/acme/members/dana/role", new { role = "admin" })).EnsureSuccessStatusCode().Dispose();

        var offered = (await dana.OpenAsync($"/collections/{_slug}")).Document.QuerySelector("a[href$='/gate']")!.GetAttribute("href")!;
        await dana.SendAsync(await dana.OpenAsync(offered), "gate-editor", ("mode", "manual"), ("heading", "Ask for the release"), ("licence-name", "Release licence"), ("licence-text", "Be kind."));
        var editor = await dana.OpenAsync(offered);
        var repo = await dana.OpenAsync("/acme/one/settings/access");
        var visited = await uma.OpenAsync($"/collections/{_slug}");
        var gate = await uma.OpenAsync(visited.Document.QuerySelector("a[href$='#gate']")!.GetAttribute("href")!.Split('#')[0]);
        var licence = gate.Document.QuerySelector("input[name=_licence]")!.GetAttribute("value")!;
        await uma.SendAsync(gate, "gate", ("_licence", licence));
        var waiting = await uma.OpenAsync($"/collections/{_slug}");

        Assert.Contains("acme/one", editor.Text("main"), StringComparison.Ordinal);
        Assert.Equal("Ask for the release", editor.Document.QuerySelector("input[name=heading]")!.GetAttribute("value"));
        Assert.Contains("2 repositories at once", repo.Text("main"), StringComparison.Ordinal);
        Assert.Null(repo.Document.QuerySelector("form[action] input[name=heading]"));
        Assert.Contains("2 repositories here are behind one gate", visited.Text("main"), StringComparison.Ordinal);
        Assert.Contains("Ask for the release", gate.Text("#gate"), StringComparison.Ordinal);
        Assert.Contains("those of the collection The release", gate.Text("#gate"), StringComparison.Ordinal);
        Assert.Contains("Your request is pending", waiting.Text("main"), StringComparison.Ordinal);
        Assert.Equal(["uma", "uma"], await NamesAsync("pending"));
        Assert.Contains("Only administrators", (await uma.OpenAsync(offered)).Text("main"), StringComparison.Ordinal);
    }

    private static async Task PublishAsync(HttpClient client, string id, string type = "model")
    {
        await client.CreateRepoAsync(id, type: type);
        using var sent = await client.PostCommitAsync($"/api/{type}s/{id}/commit/main", HubCalls.Line("header", new { summary = "Add" }), HubCalls.FileLine("a.txt", "a"u8.ToArray()));
        sent.EnsureSuccessStatusCode();
    }

    private async Task AddAsync(HttpClient client, string id, string type = "model")
    {
        using var added = await client.PostAsJsonAsync($"{Api}/items", new { item = new { id, type } });
        await added.OkAsync();
    }

    private async Task<JsonNode> GateAsync(object gating)
    {
        using var answer = await _alice.PatchAsJsonAsync(Api, new { gating });
        return await answer.OkAsync();
    }

    private async Task PutAsync(object gate)
    {
        using var answer = await _alice.PutAsJsonAsync($"/api/v1/gates/collections/{_slug}", gate);
        await answer.OkAsync();
    }

    private async Task<string> LicenceAsync() => (await _uma.JsonAsync($"/api/v1/gates/collections/{_slug}"))["gate"]!["licence"]!["sha256"]!.ToString();

    private async Task AskAsync(HttpClient client, string? licence = null)
    {
        using var asked = await client.PostAsJsonAsync($"/collections/{_slug}/ask-access", new { _licence = licence });
        Assert.Equal(303, (int)asked.StatusCode);
    }

    /// <summary>Uma's, of the two behind the gate and the one that is not.</summary>
    private async Task<string> StatusesAsync() => $"{await StatusAsync(_uma, Both[0])} {await StatusAsync(_uma, Both[1])} {await StatusAsync(_uma, "/carol/foreign")}";

    private static async Task<int> StatusAsync(HttpClient client, string repo)
    {
        using var answer = await client.GetAsync($"{repo}/resolve/main/a.txt");
        return (int)answer.StatusCode;
    }

    private async Task<List<string>> NamesAsync(string list)
    {
        var names = new List<string>();
        foreach (var repo in new[] { "models/acme/one", "datasets/acme/two" })
        {
            names.AddRange((await _alice.JsonAsync($"/api/{repo}/user-access-request/{list}")).AsArray().Select(r => r!["user"]!["user"]!.ToString()));
        }

        return names;
    }

    private sealed class Listening(ConcurrentDictionary<Guid, AccessChanged> told) : IEventHandler<AccessChanged>
    {
        public Task HandleAsync(Guid eventId, AccessChanged happened, CancellationToken cancel)
        {
            told[eventId] = happened;
            return Task.CompletedTask;
        }
    }
}
