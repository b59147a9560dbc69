using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Asking, deciding and taking back, as clients and programs do it.</summary>
public sealed class AccessRequestsTests : IAsyncLifetime
{
    private const string Repo = "alice/compass";
    private const string Requests = $"/api/models/{Repo}/user-access-request";
    private const string Gate = $"/api/v1/gates/models/{Repo}";
    private const string Card = """
        ---
        extra_gated_heading: Tell us who you are
        extra_gated_prompt: "By asking you agree to **behave**."
        extra_gated_button_content: Let me in
        extra_gated_fields:
          Company: text
          Country: country
          Born: date_picker
          Use:
            type: select
            options: [Research, {label: Selling things, value: Commercial}]
          I agree: checkbox
          News: {type: checkbox, optional: true}
          Location: ip_location
        ---
        # Compass
        """;

    private static readonly Dictionary<string, object> Answers = new(StringComparer.Ordinal)
    {
        ["Company"] = "Globex, \"the\" =one", ["Country"] = "fr", ["Born"] = "1990-02-03", ["Use"] = "Commercial", ["I agree"] = true,
    };

    private readonly ConcurrentDictionary<Guid, AccessChanged> _told = new();

    private World _world = null!; // both set before any test runs
    private HttpClient _alice = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await World.CreateAsync(services => services.AddSingleton(_told).AddEventHandler<AccessChanged, Listener>());
        _alice = _world.As(_world.Alice);
        await _alice.CreateRepoAsync(Repo);
        await _alice.CommitAsync(Repo, ("a.txt", "a"));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task The_setting_gates_a_repository_and_info_and_lists_say_so()
    {
        using var manual = await SettingsAsync(new { gated = "manual" });
        var info = await _alice.JsonAsync($"/api/models/{Repo}");
        using var hidden = await SettingsAsync(new { @private = false });
        var gated = await _alice.JsonAsync("/api/models?gated=true");
        var free = await _alice.JsonAsync("/api/models?gated=false");
        using var wrong = await SettingsAsync(new { gated = "sometimes" });
        using var off = await SettingsAsync(new { gated = false });

        Assert.Equal(["manual", "manual", "manual"], [(await manual.OkAsync())["gated"]!.ToString(), info["gated"]!.ToString(), (await hidden.OkAsync())["gated"]!.ToString()]);
        Assert.Equal((Repo, 0), (gated.AsArray().Single()!["id"]!.ToString(), free.AsArray().Count));
        Assert.Equal("400: \"gated\" must be one of [auto, manual, false].", await wrong.ErrorAsync());
        Assert.False((await off.OkAsync())["gated"]!.GetValue<bool>());
        Assert.Equal(200, (int)(await _world.AsNobody().GetAsync($"/{Repo}/resolve/main/a.txt")).StatusCode);
    }

    [Fact]
    public async Task What_the_card_asks_is_asked_and_checked()
    {
        await _alice.CommitAsync(Repo, ("README.md", Card));
        await SetAsync(new { mode = "manual" });
        using var erin = await JoinAsync("erin");
        using var form = new FormUrlEncodedContent(Answers.ToDictionary(a => a.Key, a => a.Value is true ? "on" : a.Value.ToString()!));

        var refusals = new List<string>();
        foreach (var (name, value) in new (string, object?)[]
        {
            ("Company", null), ("Company", new string('x', 2001)), ("Country", "Atlantis"), ("Born", "3.2.1990"), ("Use", "Selling things"), ("I agree", false), ("Shoe size", "44"),
        })
        {
            using var refused = await erin.PostAsJsonAsync($"/{Repo}/ask-access", new Dictionary<string, object?>(Answers!) { [name] = value });
            refusals.Add(await refused.ErrorAsync());
        }

        using var asked = await erin.PostAsync($"/{Repo}/ask-access", form);
        var gate = await erin.JsonAsync(Gate);
        var pending = (await _alice.JsonAsync($"{Requests}/pending")).AsArray().Single()!;

        Assert.Equal(
            [
                "400: \"Company\" must be answered.", "400: \"Company\" must be at most 2000 characters.", "400: \"Country\" must be a country by its two letters, as in FR (ISO 3166-1).",
                "400: \"Born\" must be a date, as in 2026-03-01.", "400: \"Use\" must be one of [Research, Commercial].", "400: \"I agree\" must be ticked.",
                "400: This gate does not ask for \"Shoe size\". It asks for [Company, Country, Born, Use, I agree, News].",
            ],
            refusals);
        Assert.Equal(303, (int)asked.StatusCode);
        Assert.Equal(["Tell us who you are", "By asking you agree to **behave**.", "Let me in", "pending"], [.. new[] { gate["heading"], gate["prompt"], gate["button"], gate["access"]!["state"] }.Select(n => n!.ToString())]);
        Assert.Equal(
            """{"Company":"Globex, \u0022the\u0022 =one","Country":"FR","Born":"1990-02-03","Use":"Commercial","I agree":"true","News":"false"}""", pending["fields"]!.ToJsonString());
        Assert.Equal(["erin", "Erin", "erin@example.org", "user", "pending"], [.. new[] { pending["user"]!["user"], pending["user"]!["fullname"], pending["user"]!["email"], pending["user"]!["type"], pending["status"] }.Select(n => n!.ToString())]);
    }

    [Fact]
    public async Task Owners_decide_and_change_their_minds_and_each_change_is_told()
    {
        using var early = await HandleAsync("bob", "accepted");
        await SetAsync(new { mode = "manual" });
        using var erin = await JoinAsync("erin");
        using var frank = await JoinAsync("frank");
        await AskAsync(erin);
        await AskAsync(erin); // twice is once
        await AskAsync(frank);

        using var accepted = await HandleAsync("erin", "accepted");
        using var again = await HandleAsync("erin", "accepted");
        using var nobody = await HandleAsync("nobody", "accepted");
        using var unasked = await HandleAsync("bob", "rejected");
        using var back = await HandleAsync("erin", "pending");
        using var rejected = await HandleAsync("erin", "rejected", "No.");
        using var closed = await erin.PostAsJsonAsync($"/{Repo}/ask-access", new { });
        using var granted = await _alice.PostAsJsonAsync($"{Requests}/grant", new { user = "bob" });
        using var twice = await _alice.PostAsJsonAsync($"{Requests}/grant", new { userId = PublicId.ToHub(_world.Bob.Id) });
        using var batch = await _alice.PostAsJsonAsync($"{Requests}/batch", new { status = "accepted", requests = new object[] { new { user = "frank" }, new { user = "nobody" } } });
        using var stranger = await frank.PostAsJsonAsync($"{Requests}/handle", new { user = "frank", status = "accepted" });

        Assert.Equal(
            ["400", "200", "404", "404", "404", "200", "200", "403 GatedRepo", "200", "400", "200", "403"],
            [.. new[] { early, accepted, again, nobody, unasked, back, rejected, closed, granted, twice, batch, stranger }.Select(Status)]);
        Assert.Equal("The owner of alice/compass has rejected this request: No.", JsonNode.Parse(await closed.Content.ReadAsStringAsync())!["error"]!.ToString());
        Assert.Equal(
            ["""{"user":"bob","status":"accepted"}""", """{"user":"erin","status":"rejected"}"""],
            [await granted.Content.ReadAsStringAsync(), await rejected.Content.ReadAsStringAsync()]); // the Python client reads a body
        Assert.Equal("""["accepted",null]""", new JsonArray([.. (await batch.OkAsync()).AsArray().Select(d => d!["status"]?.DeepClone())]).ToJsonString());
        Assert.Equal("bob frank| erin", $"{await NamesAsync("accepted")}|{await NamesAsync("pending")} {await NamesAsync("rejected")}");
        var byOwner = (await _alice.JsonAsync($"{Requests}/accepted")).AsArray().Single(r => r!["user"]!["user"]!.ToString() == "bob")!;
        Assert.Equal((null, "alice"), (byOwner["user"]!["email"]?.ToString(), byOwner["grantedBy"]!["user"]!.ToString()));
        await Eventually.TrueAsync(() => Task.FromResult(_told.Count >= 7));
        Assert.Equal("accepted accepted accepted pending pending pending rejected", string.Join(' ', _told.Values.Select(t => t.State).Order(StringComparer.Ordinal)));
        Assert.Contains(_told.Values, t => t.State is "rejected" && t.ActorId == _world.Alice.Id);
    }

    [Fact]
    public async Task Whoever_asked_takes_it_back_and_may_ask_again()
    {
        await SetAsync(new { mode = "auto" });
        using var erin = await JoinAsync("erin");

        using var nothing = await erin.PostAsync($"{Requests}/cancel", null);
        await AskAsync(erin);
        var inside = await erin.GetStringAsync($"/{Repo}/resolve/main/a.txt");
        using var cancelled = await erin.PostAsync($"{Requests}/cancel", null);
        using var outside = await erin.GetAsync($"/{Repo}/resolve/main/a.txt");
        await AskAsync(erin);

        Assert.Equal(["404", "200", "403 GatedRepo"], [.. new[] { nothing, cancelled, outside }.Select(Status)]);
        Assert.Equal(("a", "a"), (inside, await erin.GetStringAsync($"/{Repo}/resolve/main/a.txt")));
    }

    [Fact]
    public async Task A_new_licence_asks_again_where_the_gate_says_so()
    {
        await SetAsync(new { mode = "auto", licence = new { name = "Compass 1", text = "Be kind." } });
        using var erin = await JoinAsync("erin");
        var first = (await erin.JsonAsync(Gate))["licence"]!["sha256"]!.ToString();

        using var unread = await erin.PostAsJsonAsync($"/{Repo}/ask-access", new { });
        await AskAsync(erin, first);
        await SetAsync(new { mode = "auto", licence = new { name = "Compass 2", text = "Be kinder." } });
        var still = await erin.GetStringAsync($"/{Repo}/resolve/main/a.txt");
        await SetAsync(new { mode = "auto", licence = new { name = "Compass 3", text = "Be kindest." }, reaccept = "at_next_download" });
        using var due = await erin.GetAsync($"/{Repo}/resolve/main/a.txt");
        using var old = await erin.PostAsJsonAsync($"/{Repo}/ask-access", new { _licence = first });
        var third = (await erin.JsonAsync(Gate))["licence"]!["sha256"]!.ToString();
        await AskAsync(erin, third);
        await SetAsync(new { mode = "auto", licence = new { name = "Compass 3", text = "Be kindest." }, reaccept = "at_next_download" });

        Assert.Equal(LfsCalls.Digest("Be kind."u8.ToArray()), first);
        Assert.Equal($"400: Compass 1 must be accepted: \"_licence\" is the SHA-256 of its text, {first}.", await unread.ErrorAsync());
        Assert.EndsWith($"The licence has changed. Visit {_world.Server.Url}alice/compass to accept the new one.", await due.ErrorAsync(), StringComparison.Ordinal);
        Assert.Equal("409: Compass 3 has changed since you read it. Read it again and accept it.", await old.ErrorAsync());
        Assert.Equal(("a", "a"), (still, await erin.GetStringAsync($"/{Repo}/resolve/main/a.txt")));
        Assert.Equal(third, (await _alice.JsonAsync($"{Requests}/accepted"))[0]!["licence"]!.ToString());
        Assert.Equal("Be kind.", await _world.RowsAsync(db => db.GateTexts.Where(t => t.Sha256 == first).Select(t => t.Text).SingleAsync()));
    }

    [Fact]
    public async Task A_new_licence_may_be_accepted_until_a_day_and_must_be_after_it()
    {
        await SetAsync(new { mode = "auto", licence = new { name = "Compass 1", text = "Be kind." } });
        using var late = await JoinAsync("late");
        using var early = await JoinAsync("early");
        var first = (await late.JsonAsync(Gate))["licence"]!["sha256"]!.ToString();
        await AskAsync(late, first);
        await AskAsync(early, first);
        _world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        await _alice.PostAsJsonAsync($"{Requests}/grant", new { user = "bob" }); // who has accepted none
        _world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        var day = _world.Server.Clock.GetUtcNow().AddDays(10).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        await SetAsync(new { mode = "auto", licence = new { name = "Compass 2", text = "Be kinder." }, reaccept = "by_date", reacceptBy = day });
        var shown = await early.JsonAsync(Gate);
        await AskAsync(early, shown["licence"]!["sha256"]!.ToString());
        _world.Server.Clock.Advance(TimeSpan.FromDays(8));
        var before = await late.GetStringAsync($"/{Repo}/resolve/main/a.txt");
        _world.Server.Clock.Advance(TimeSpan.FromDays(3));
        await Eventually.TrueAsync(async () => (await late.JsonAsync(Gate))["access"]!["state"]!.ToString() is "suspended");
        using var due = await late.GetAsync($"/{Repo}/resolve/main/a.txt");
        var kept = await early.GetStringAsync($"/{Repo}/resolve/main/a.txt");
        await AskAsync(late, shown["licence"]!["sha256"]!.ToString());

        Assert.StartsWith(day, shown["reacceptBy"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("by_date", (await _alice.JsonAsync(Gate))["rules"]!["reaccept"]!.ToString());
        Assert.Equal(("a", "403 GatedRepo", "a"), (before, Status(due), kept));
        Assert.Equal("a", await late.GetStringAsync($"/{Repo}/resolve/main/a.txt"));
        Assert.Equal("suspended", (await _world.As(_world.Bob).JsonAsync(Gate))["access"]!["state"]!.ToString());
    }

    [Fact]
    public async Task Addresses_in_a_domain_are_let_in_or_are_the_only_ones_that_may_ask()
    {
        using var near = await JoinAsync("near", "globex.com");
        using var far = await JoinAsync("far", "notglobex.com");
        await SetAsync(new { mode = "manual", domains = new[] { "Globex.com" }, domainRule = "require" });
        using var kept = await far.PostAsJsonAsync($"/{Repo}/ask-access", new { });
        await AskAsync(near);
        var asked = await NamesAsync("pending");
        await SetAsync(new { mode = "manual", domains = new[] { "globex.com" } });
        using var second = await JoinAsync("second", "globex.com");
        await AskAsync(second);
        await AskAsync(far);

        Assert.Equal("403: Only people with a verified e-mail address at globex.com may ask for access to alice/compass.", await kept.ErrorAsync());
        Assert.Equal(("near", "second", "far near"), (asked, await NamesAsync("accepted"), await NamesAsync("pending")));
        var rule = (await _alice.JsonAsync($"{Requests}/accepted"))[0]!;
        Assert.Null(rule["grantedBy"]); // nobody decided but the rule
    }

    [Fact]
    public async Task A_gate_that_cannot_be_is_refused()
    {
        (string Gate, string Expected)[] gates =
        [
            ("""{"mode":"manual","blockedCountries":["FR"]}""", "409 geo_unavailable"),
            ("""{"mode":"manual","euDisallowed":true}""", "409 geo_unavailable"),
            ("""{"mode":"manual","blockedCountries":["FR","XX"]}""", "422 unprocessable"),
            ("""{"mode":"manual","blockedRegions":["California"]}""", "422 unprocessable"),
            ("""{"mode":"manual","unknown":1}""", "400 invalid_request"),
            ("""{"mode":"never"}""", "400 invalid_request"),
            ("""{"heading":"x"}""", "400 invalid_request"),
            ("""{"mode":"auto","fields":[{"name":"x","type":"shoe"}]}""", "400 invalid_request"),
            ("""{"mode":"auto","fields":[{"name":"x","type":"select"}]}""", "400 invalid_request"),
            ("""{"mode":"auto","domains":["not a domain"]}""", "400 invalid_request"),
            ("""{"mode":"auto","reaccept":"by_date"}""", "400 invalid_request"),
            ("""{"mode":"auto","reaccept":"by_date","reacceptBy":"soon"}""", "400 invalid_request"),
            ("""{"mode":"auto","reacceptBy":"2027-01-31"}""", "400 invalid_request"),
        ];
        foreach (var (gate, expected) in gates)
        {
            using var body = new StringContent(gate, Encoding.UTF8, "application/json");
            using var answer = await _alice.PutAsync(Gate, body);
            Assert.Equal((gate, expected), (gate, $"{(int)answer.StatusCode} {JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["code"]}"));
        }

        Assert.False((await _alice.JsonAsync(Gate))["mode"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Lists_are_paged_newest_first_and_the_report_has_everybody()
    {
        await _alice.CommitAsync(Repo, ("README.md", Card));
        await SetAsync(new { mode = "manual" });
        foreach (var name in new[] { "one", "two", "three" })
        {
            _world.Server.Clock.Advance(TimeSpan.FromSeconds(1));
            using var client = await JoinAsync(name);
            using var asked = await client.PostAsJsonAsync($"/{Repo}/ask-access", Answers);
            Assert.Equal(303, (int)asked.StatusCode);
        }

        using var rejected = await HandleAsync("two", "rejected", "=1+1");
        var (pages, url) = (new List<string>(), $"{Requests}/pending?limit=1");
        while (url is not null)
        {
            using var page = await _alice.GetAsync(url);
            pages.Add((await page.OkAsync()).AsArray().Single()!["user"]!["user"]!.ToString());
            url = page.Headers.TryGetValues("Link", out var links) ? links.Single().Split('>')[0].TrimStart('<') : null;
        }

        using var report = await _alice.GetAsync($"/{Repo}/user-access-report");
        var lines = (await report.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(["three", "one"], pages);
        Assert.Equal("text/csv; charset=utf-8", report.Content.Headers.ContentType!.ToString());
        Assert.Equal("user,fullname,type,email,status,asked_at,asked_by,decided_at,decided_by,reason,licence_sha256,granted_unasked,address,place,Born,Company,Country,I agree,News,Use", lines[0]);
        Assert.Equal(4, lines.Length);
        Assert.Matches("^two,Two,user,two@example.org,rejected,2026-03-02T09:00:[0-9.]+Z,two,2026-03-02T09:00:[0-9.]+Z,alice,'=1\\+1,,false,127.0.0.1,,1990-02-03,\"Globex, \"\"the\"\" =one\",FR,true,false,Commercial$", lines.Single(l => l.StartsWith("two", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Deciding_about_one_between_two_pages_hides_none_of_the_same_moment()
    {
        await SetAsync(new { mode = "manual" });
        foreach (var name in new[] { "one", "two", "three", "four" })
        {
            using var client = await JoinAsync(name);
            await AskAsync(client);
        }

        var now = _world.Server.Clock.GetUtcNow();
        await _world.RowsAsync(db => db.AccessRequests.ExecuteUpdateAsync(a => a.SetProperty(x => x.ChangedAt, now)));
        var names = new List<string>();
        for (var next = $"{Requests}/pending?limit=1"; next is not null;)
        {
            using var page = await _alice.GetAsync(next);
            names.Add((await page.OkAsync()).AsArray().Single()!["user"]!["user"]!.ToString());
            using var decided = await HandleAsync(names[^1], "accepted");
            next = page.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
        }

        Assert.Equal(["four", "one", "three", "two"], names.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Requests_that_nobody_answers_end_after_ninety_days()
    {
        await SetAsync(new { mode = "manual" });
        using var erin = await JoinAsync("erin");
        await AskAsync(erin);
        var now = _world.Server.Clock.GetUtcNow();
        await _world.RowsAsync(db => db.AccessRequests.ExecuteUpdateAsync(a => a.SetProperty(x => x.AskedAt, now - TimeSpan.FromDays(91))));

        await _world.UseAsync<StaleRequests, DateTimeOffset?>(stale => stale.RunAsync(null!, CancellationToken.None)); // asks nothing of its task

        Assert.Equal("expired", (await erin.JsonAsync(Gate))["access"]!["state"]!.ToString());
        await AskAsync(erin);
        Assert.Equal("erin", await NamesAsync("pending"));
    }

    [Fact]
    public async Task A_gate_may_also_be_for_members_who_only_read()
    {
        await _alice.CreateRepoAsync("acme/inner");
        await _alice.CommitAsync("acme/inner", ("a.txt", "a"));
        var bob = _world.As(_world.Bob);
        using var gated = await _alice.PutAsJsonAsync("/api/v1/gates/models/acme/inner", new { mode = "manual" });
        using var member = await bob.GetAsync("/acme/inner/resolve/main/a.txt");
        using var stricter = await _alice.PutAsJsonAsync("/api/v1/gates/models/acme/inner", new { mode = "manual", gateMembers = true });
        using var kept = await bob.GetAsync("/acme/inner/resolve/main/a.txt");
        using var admin = await _alice.GetAsync("/acme/inner/resolve/main/a.txt");

        Assert.Equal(["200", "403 GatedRepo", "200"], [.. new[] { member, kept, admin }.Select(Status)]);
    }

    private static string Status(HttpResponseMessage answer) =>
        $"{(int)answer.StatusCode}{(answer.Headers.TryGetValues("X-Error-Code", out var codes) ? $" {codes.Single()}" : "")}";

    private async Task<HttpClient> JoinAsync(string name, string domain = "example.org") => _world.Server.With(await _world.JoinAsync(name, domain));

    private Task<HttpResponseMessage> SettingsAsync(object settings) => _alice.PutAsJsonAsync($"/api/models/{Repo}/settings", settings);

    private Task<HttpResponseMessage> HandleAsync(string user, string status, string? rejectionReason = null) =>
        _alice.PostAsJsonAsync($"{Requests}/handle", new { user, status, rejectionReason });

    private async Task SetAsync(object gate)
    {
        using var answer = await _alice.PutAsJsonAsync(Gate, gate);
        await answer.OkAsync();
    }

    private static async Task AskAsync(HttpClient client, string? licence = null)
    {
        using var answer = await client.PostAsJsonAsync<object>($"/{Repo}/ask-access", licence is null ? new { } : new { _licence = licence });
        Assert.True((int)answer.StatusCode == 303, await answer.Content.ReadAsStringAsync());
    }

    private async Task<string> NamesAsync(string list) =>
        string.Join(' ', (await _alice.JsonAsync($"{Requests}/{list}")).AsArray().Select(r => r!["user"]!["user"]!.ToString()).Order(StringComparer.Ordinal));

    private sealed class Listener(ConcurrentDictionary<Guid, AccessChanged> told) : IEventHandler<AccessChanged>
    {
        public Task HandleAsync(Guid eventId, AccessChanged happened, CancellationToken cancel)
        {
            told[eventId] = happened;
            return Task.CompletedTask;
        }
    }
}
