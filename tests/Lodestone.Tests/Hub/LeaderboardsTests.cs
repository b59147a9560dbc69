using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Tests.Hub.Pages;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Hub;

/// <summary>Data sets to measure on, a public one and a hidden one of Acme, and models of Alice, Acme and Carol, who is a stranger to both.</summary>
public sealed class LeaderboardWorld : IAsyncLifetime
{
    public World World { get; private set; } = null!; // set before any test runs

    public string Commit { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        var (alice, carol) = (World.As(World.Alice), World.As(World.Carol));
        await alice.CreateRepoAsync("acme/points", type: "dataset");
        await alice.CreateRepoAsync("acme/hidden-points", isPrivate: true, type: "dataset");
        foreach (var (client, id, isPrivate) in new[] { (alice, "alice/north", false), (alice, "alice/south", false), (alice, "acme/secret", true), (carol, "carol/east", false), (carol, "carol/west", false) })
        {
            await client.CreateRepoAsync(id, isPrivate);
        }

        Commit = await alice.CommitAsync("alice/north", ("config.json", "{}"));
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();
}

public sealed class LeaderboardsTests(LeaderboardWorld fixture) : IClassFixture<LeaderboardWorld>
{
    private World World => fixture.World;

    private HttpClient Alice => World.As(World.Alice);

    private HttpClient Bob => World.As(World.Bob);

    private HttpClient Carol => World.As(World.Carol);

    private HttpClient Nobody => World.AsNobody();

    [Fact]
    public async Task Equal_scores_share_the_better_rank_and_intervals_say_which_ranks_they_leave_open()
    {
        var board = await DefineAsync("Finding north", scale: "fraction");
        await SubmitAsync(Alice, board, "alice/north", 0.9, samples: 100);
        await SubmitAsync(Alice, board, "alice/south", 0.9, standardError: 0.01);
        await SubmitAsync(Carol, board, "carol/east", 0.8, standardError: 0.02);
        await SubmitAsync(Carol, board, "carol/west", 0.2);
        await SubmitAsync(Carol, board, "carol/west", 0.1, version: "0.3"); // a worse one of the same model

        var rows = (await Nobody.JsonAsync($"{board}/submissions?standing=reported")).AsArray();

        Assert.Equal(["alice/north", "alice/south", "carol/east", "carol/west", "carol/west"], rows.Select(r => Text(r, "model")));
        Assert.Equal(["1 1–3", "1 1–2", "3 2–3", "4 4–4", "– –"], rows.Select(r => $"{r!["rank"]?.ToString() ?? "–"} {r["rankBest"]}–{r["rankWorst"]}"));
        Assert.Equal("0.8256 0.9448", string.Create(CultureInfo.InvariantCulture, $"{Number(rows[0], "low"):0.0000} {Number(rows[0], "high"):0.0000}")); // Wilson, 90 of 100
        Assert.Equal("0.8804 0.9196", string.Create(CultureInfo.InvariantCulture, $"{Number(rows[1], "low"):0.0000} {Number(rows[1], "high"):0.0000}"));
        Assert.False(rows[3]!.AsObject().ContainsKey("low"));
        Assert.Equal(fixture.Commit, Text(rows[0], "revision"));
        Assert.Empty((await Nobody.JsonAsync($"{board}/submissions")).AsArray());
    }

    [Fact]
    public async Task Lower_may_be_better()
    {
        var board = await DefineAsync("Degrees off", higherIsBetter: false);
        await SubmitAsync(Alice, board, "alice/north", 12, standardError: 1);
        await SubmitAsync(Carol, board, "carol/east", 3, standardError: 1);
        await SubmitAsync(Carol, board, "carol/west", 4, standardError: 1);

        var rows = (await Nobody.JsonAsync($"{board}/submissions?standing=reported")).AsArray();

        Assert.Equal(["carol/east 1 1–2", "carol/west 2 1–2", "alice/north 3 3–3"], rows.Select(r => $"{r!["model"]} {r["rank"]} {r["rankBest"]}–{r["rankWorst"]}"));
    }

    [Fact]
    public async Task What_is_verified_is_ranked_apart_from_what_is_reported_until_it_is_taken_back()
    {
        await Alice.CreateRepoAsync("acme/lines", type: "dataset");
        var board = await DefineAsync("Verified points", dataset: "acme/lines");
        var first = await SubmitAsync(Carol, board, "carol/east", 1);
        await SubmitAsync(Carol, board, "carol/west", 2);

        var denied = new List<int>();
        foreach (var client in new[] { Carol, Bob, Nobody })
        {
            denied.Add((int)(await client.PutAsync($"{board}/submissions/{first}/verification", null)).StatusCode);
        }

        (await Alice.PutAsync($"{board}/submissions/{first}/verification", null)).EnsureSuccessStatusCode();
        var verified = (await Nobody.JsonAsync($"{board}/submissions?standing=verified")).AsArray().Single()!;
        var reported = (await Nobody.JsonAsync($"{board}/submissions?standing=reported")).AsArray().Single()!;
        var shown = await Nobody.JsonAsync(board);
        var clients = (await Nobody.JsonAsync("/api/datasets/acme/lines/leaderboard")).AsArray();
        (await Alice.DeleteAsync($"{board}/submissions/{first}/verification")).EnsureSuccessStatusCode();

        Assert.Equal([403, 403, 401], denied);
        Assert.Equal("carol/east 1 verified carol alice", $"{verified["model"]} {verified["rank"]} {verified["standing"]} {verified["submittedBy"]} {verified["verifiedBy"]}");
        Assert.Equal("carol/west 1 reported", $"{reported["model"]} {reported["rank"]} {reported["standing"]}");
        Assert.Equal("1 1", $"{shown["verified"]} {shown["reported"]}");
        Assert.Equal(["1 carol/east true carol user", "1 carol/west false carol user"], clients.Select(c => $"{c!["rank"]} {c["modelId"]} {c["verified"]} {c["author"]!["name"]} {c["author"]!["type"]}"));
        Assert.All(clients, c => Assert.Equal(["rank", "modelId", "value", "verified", "author", "filename"], c!.AsObject().Select(p => p.Key)));
        Assert.Equal(2, (await Nobody.JsonAsync($"{board}/submissions?standing=reported")).AsArray().Count);
    }

    [Fact]
    public async Task A_private_model_has_no_row_for_strangers_and_leaves_no_gap()
    {
        var board = await DefineAsync("Open to all");
        var secret = await SubmitAsync(Alice, board, "acme/secret", 3);
        await SubmitAsync(Alice, board, "alice/north", 2);

        var inside = (await Bob.JsonAsync($"{board}/submissions?standing=reported")).AsArray();
        var outside = (await Carol.JsonAsync($"{board}/submissions?standing=reported")).AsArray();
        var page = await Nobody.PageAsync((await PathAsync(Nobody, board)));

        Assert.Equal(["acme/secret 1", "alice/north 2"], inside.Select(r => $"{r!["model"]} {r["rank"]}"));
        Assert.Equal(["alice/north 1"], outside.Select(r => $"{r!["model"]} {r["rank"]}"));
        Assert.Equal("1", Text(await Carol.JsonAsync(board), "reported"));
        Assert.DoesNotContain("secret", page.DocumentElement.OuterHtml, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await Carol.DeleteAsync($"{board}/submissions/{secret}")).StatusCode);
        Assert.Empty((await Carol.JsonAsync("/api/v1/leaderboards?model=acme/secret")).AsArray());
        Assert.NotEmpty((await Bob.JsonAsync("/api/v1/leaderboards?model=acme/secret")).AsArray());
    }

    [Fact]
    public async Task A_leaderboard_on_a_private_data_set_is_absent_to_strangers()
    {
        var board = await DefineAsync("Inside", dataset: "acme/hidden-points");
        await SubmitAsync(Alice, board, "alice/south", 1);

        var path = await PathAsync(Bob, board);
        var statuses = new List<int>
        {
            (int)(await Carol.GetAsync(board)).StatusCode,
            (int)(await Carol.GetAsync($"{board}/submissions")).StatusCode,
            (int)(await Carol.PostAsJsonAsync($"{board}/submissions", new { model = "carol/east" })).StatusCode,
            (int)(await Carol.DeleteAsync(board)).StatusCode,
        };
        await Carol.PageAsync(path, HttpStatusCode.NotFound);
        await Carol.PageAsync($"{path}/submit", HttpStatusCode.NotFound);

        Assert.Equal([404, 404, 404, 404], statuses);
        Assert.DoesNotContain("Inside", (await Carol.JsonAsync("/api/v1/leaderboards?limit=100")).ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Inside", (await Carol.PageAsync("/leaderboards")).Body!.TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("Inside", (await Carol.PageAsync("/alice/south")).Body!.TextContent, StringComparison.Ordinal);
        Assert.Contains("Inside", (await Bob.PageAsync("/alice/south")).TextOf("aside"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scores_are_given_by_those_who_may_change_the_model_or_own_the_leaderboard_once_for_each_pin()
    {
        var board = await DefineAsync("Rules of reporting", scale: "percent");
        await SubmitAsync(Alice, board, "carol/east", 50); // the leaderboard's owner measures others
        var own = await SubmitAsync(Carol, board, "carol/east", 51);

        var refused = new List<string>();
        foreach (var (client, body) in new (HttpClient, object)[]
        {
            (Carol, Score("alice/north", 1)),
            (Bob, Score("alice/north", 1)),
            (Nobody, Score("alice/north", 1)),
            (Carol, Score("carol/east", 52)),
            (Carol, Score("carol/none", 52)),
            (Carol, Score("carol/west", 101)),
            (Carol, new { model = "carol/west", revision = "nowhere", harness = "h", harnessVersion = "1", score = 1 }),
            (Carol, new { model = "carol/west", harness = "h", harnessVersion = "1" }),
            (Carol, new { model = "carol/west", harness = "h", score = 1 }),
            (Carol, new { model = "carol/west", harness = "h", harnessVersion = "1", score = 1, sourceUrl = "javascript:alert(1)" }),
        })
        {
            using var answer = await client.PostAsJsonAsync($"{board}/submissions", body);
            refused.Add(((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture));
        }

        Assert.Equal("403 403 401 409 404 400 404 400 400 400", string.Join(' ', refused));
        Assert.Equal(HttpStatusCode.Forbidden, (await Bob.DeleteAsync($"{board}/submissions/{own}")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await Carol.DeleteAsync($"{board}/submissions/{own}")).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync(Alice, "/api/v1/leaderboards", new { owner = "acme", title = " rules of REPORTING ", dataset = "acme/points", metric = "x" })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(Carol, "/api/v1/leaderboards", new { title = "x", dataset = "acme/hidden-points", metric = "x" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(Carol, "/api/v1/leaderboards", new { owner = "acme", title = "x", dataset = "acme/points", metric = "x" })).StatusCode);
    }

    [Fact]
    public async Task Lists_and_ranks_are_paged_by_the_last_that_was_seen()
    {
        var board = await DefineAsync("Pages of points");
        foreach (var (client, model) in new[] { (Alice, "alice/north"), (Alice, "alice/south"), (Carol, "carol/east"), (Carol, "carol/west") })
        {
            await SubmitAsync(client, board, model, model.Length);
        }

        var models = await AllAsync($"{board}/submissions?standing=reported&limit=1", "model");
        var boards = await AllAsync("/api/v1/leaderboards?limit=1&owner=acme", "id");

        Assert.Equal(["alice/north", "alice/south", "carol/east", "carol/west"], models.Order(StringComparer.Ordinal));
        Assert.Equal(boards.Distinct(StringComparer.Ordinal), boards);
        Assert.Contains(board[^24..], boards);
    }

    [Fact]
    public async Task A_leaderboard_is_defined_filled_and_verified_on_pages_without_script()
    {
        await World.Server.JoinAsync("dana", "correct horse battery");
        using var dana = await World.Server.SignedInAsync("dana", "correct horse battery");

        var offered = (await dana.OpenAsync("/datasets/acme/points")).Document.QuerySelector("aside a[href^='/leaderboards/new']")!.GetAttribute("href")!;
        var form = await dana.OpenAsync(offered);
        var wrong = await dana.SendAsync(form, "new", ("title", "Dana’s"), ("metric", ""));
        var place = (await dana.SendAsync(form, "new", ("title", "Dana’s points"), ("metric", "accuracy"), ("scale", "fraction"))).Location!.OriginalString;
        place = new Uri(World.Server.Url, place).AbsolutePath;
        var empty = await dana.OpenAsync(place);
        var submit = await dana.OpenAsync($"{place}/submit?model=alice/north");
        var bad = await dana.SendAsync(submit, "submit", ("harness", "compass-harness"), ("harnessVersion", "1.0"), ("score", "much"));
        await dana.SendAsync(submit, "submit", ("harness", "compass-harness"), ("harnessVersion", "1.0"), ("score", "0.75"), ("samples", "40"));
        var reported = await dana.OpenAsync(place);
        var act = reported.Document.QuerySelector("button[value^='verify ']")!.GetAttribute("value")!;
        await dana.SendAsync(reported, "scores-reported", ("act", act));
        var verified = (await Nobody.PageAsync(place)).QuerySelector("section[aria-labelledby=verified]")!;
        var renamed = await dana.SendAsync(await dana.OpenAsync(place), "change", ("title", "Points of Dana"), ("description", "By hand"));

        Assert.Equal((HttpStatusCode.UnprocessableEntity, HttpStatusCode.UnprocessableEntity), (wrong.Status, bad.Status));
        Assert.Contains("No scores yet", empty.Html, StringComparison.Ordinal);
        Assert.Contains("Write a number", bad.Text(".field__error"), StringComparison.Ordinal);
        Assert.Contains("alice/north", verified.TextOf("tbody th"), StringComparison.Ordinal);
        Assert.Contains("verified by dana", verified.TextOf("tbody"), StringComparison.Ordinal);
        Assert.NotNull(verified.QuerySelector(".score-plot circle.score-plot__dot--verified"));
        Assert.NotNull(verified.QuerySelector(".score-plot line.score-plot__interval"));
        Assert.Null(verified.QuerySelector("button[name=act]"));
        Assert.Contains("points-of-dana", renamed.Location!.OriginalString, StringComparison.Ordinal);
        Assert.Contains("Points of Dana", (await Nobody.PageAsync("/leaderboards?q=points+of+dana")).TextOf("main"), StringComparison.Ordinal);
        var moved = await dana.OpenAsync(place);
        await dana.SendAsync(await dana.OpenAsync(new Uri(World.Server.Url, moved.Location!.OriginalString).AbsolutePath), "delete");
        await Nobody.PageAsync(place, HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_card_s_result_is_marked_verified_where_a_leaderboard_s_owner_vouches_for_the_same_score()
    {
        await Alice.CreateRepoAsync("alice/carded");
        const string Card = """
            ---
            model-index:
            - name: carded
              results:
              - task: {type: text-generation}
                dataset: {type: acme/points, name: Points}
                metrics:
                - {type: exact_match, value: 0.81}
                - {type: exact_match, value: 0.82}
                - {type: f1, value: 0.81}
              - task: {type: text-generation}
                dataset: {type: acme/hidden-points, name: Hidden}
                metrics:
                - {type: exact_match, value: 0.81}
            ---
            # Card
            """;
        await Alice.CommitAsync("alice/carded", ("README.md", Card));
        foreach (var dataset in new[] { "acme/points", "acme/hidden-points" })
        {
            var board = await DefineAsync($"Exact on {dataset}", dataset, metric: "Exact match");
            var id = await SubmitAsync(Alice, board, "alice/carded", 0.81);
            (await Alice.PutAsync($"{board}/submissions/{id}/verification", null)).EnsureSuccessStatusCode();
        }

        var (outside, inside) = (await Nobody.PageAsync("/alice/carded"), await Bob.PageAsync("/alice/carded"));

        Assert.Equal(["Verified", "Reported", "Reported", "Reported"], Marks(outside));
        Assert.Equal(["Verified", "Reported", "Reported", "Verified"], Marks(inside));
        Assert.Contains("Rank 1 of 1", outside.TextOf("aside"), StringComparison.Ordinal);

        static string[] Marks(AngleSharp.Html.Dom.IHtmlDocument page) => page.QuerySelectorAll("section.card").First(c => c.TextOf("h2") is "Evaluation results").TextsOf(".badge");
    }

    private async Task<string> DefineAsync(string title, string dataset = "acme/points", bool higherIsBetter = true, string scale = "any", string metric = "accuracy")
    {
        using var answer = await Alice.PostAsJsonAsync("/api/v1/leaderboards", new { owner = "acme", title, dataset, metric, higherIsBetter, scale });
        return $"/api/v1/leaderboards/{Text(await answer.OkAsync(), "id")}";
    }

    private async Task<string> SubmitAsync(HttpClient client, string board, string model, double score, double? standardError = null, long? samples = null, string version = "0.4")
    {
        World.Server.Clock.Advance(TimeSpan.FromSeconds(1)); // of equal scores the earlier comes first
        using var answer = await client.PostAsJsonAsync($"{board}/submissions", new { model, harness = "lm-evaluation-harness", harnessVersion = version, score, standardError, samples });
        return Text(await answer.OkAsync(), "id");
    }

    private static object Score(string model, double score) => new { model, harness = "lm-evaluation-harness", harnessVersion = "0.4", score };

    private static async Task<HttpResponseMessage> PostAsync(HttpClient client, string path, object body) => await client.PostAsJsonAsync(path, body);

    private static async Task<string> PathAsync(HttpClient client, string board) => new Uri(Text(await client.JsonAsync(board), "url")).AbsolutePath;

    private async Task<List<string>> AllAsync(string first, string member)
    {
        var all = new List<string>();
        for (var next = first; next is not null;)
        {
            using var page = await Nobody.GetAsync(next);
            all.AddRange((await page.OkAsync()).AsArray().Select(r => Text(r, member)));
            next = page.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
        }

        return all;
    }

    private static string Text(JsonNode? node, string member) => node![member]!.ToString();

    private static double Number(JsonNode? node, string member) => node![member]!.GetValue<double>();
}
