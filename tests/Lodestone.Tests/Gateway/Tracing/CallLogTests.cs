using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Gateway;
using Lodestone.Tests.Gateway.Remote;
using Lodestone.Tests.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Gateway.Tracing;

/// <summary>What is kept of calls: facts, never what was said.</summary>
public sealed class CallLogTests(RemoteWorld world) : IClassFixture<RemoteWorld>
{
    private const string Password = "wander-by-compass-9";

    [Fact]
    public async Task A_call_that_failed_over_is_traced_step_by_step_down_to_its_ledger_row_for_its_account_alone()
    {
        var model = await world.SellAsync("broken", "good");

        using var answer = await GatewayWorld.CallAsync(world.Alice, Body(model, stream: true));
        await answer.Content.ReadAsStringAsync();
        var id = RequestId(answer);
        var call = await LoggedAsync(id);
        var trace = await world.Alice.GetFromJsonAsync<JsonElement>($"/api/v1/inference/logs/{id}");
        using var bobs = await world.World.As(world.World.Bob).GetAsync($"/api/v1/inference/logs/{id}");
        using var admins = await world.World.As(world.World.Carol).GetAsync($"/api/v1/inference/logs/{id}");

        var settled = await world.Gateway.SettledAsync(answer);
        Assert.Equal(
            (model, "completed", 200, "stop", "backend", settled.InputTokens, settled.OutputTokens, true),
            (Text(call, "model"), Text(call, "outcome"), call.GetProperty("status").GetInt32(), Text(call, "finishReason"), Text(call, "measurement"), call.GetProperty("inputTokens").GetInt64(), call.GetProperty("outputTokens").GetInt64(), call.GetProperty("isStreamed").GetBoolean()));
        Assert.Equal(
            ["auth", "limit", "route", "queue", "back-end", "reserve", "attempt", "failover", "first token", "answer", "rating"],
            trace.GetProperty("steps").EnumerateArray().Select(s => Text(s, "name")));
        Assert.Contains(trace.GetProperty("steps").EnumerateArray(), s => Text(s, "name") == "attempt" && s.GetProperty("isBad").GetBoolean() && Text(s, "what").EndsWith("The back-end answered 500.", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.OK), (bobs.StatusCode, admins.StatusCode));
        Assert.StartsWith("bak_", Text(call, "backend"), StringComparison.Ordinal);
        Assert.DoesNotContain(world.Backend.Url.ToString(), trace.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_calls_are_listed_with_their_reason_and_lists_are_filtered_and_paged()
    {
        var model = await world.SellAsync("tools");
        var others = world.World.As(world.World.Bob);
        var wrong = Body(model);
        wrong["temperature"] = 9;

        for (var i = 0; i < 52; i++)
        {
            using var refused = await GatewayWorld.CallAsync(others, wrong);
        }

        using var made = await GatewayWorld.CallAsync(others, Body(model));
        await LoggedAsync(RequestId(made), others);
        using var first = await others.GetAsync("/api/v1/inference/logs?status=refused");
        var page = await first.Content.ReadFromJsonAsync<JsonElement>();
        var next = first.Headers.GetValues("Link").Single().Split('<', '>')[1];
        var rest = await others.GetFromJsonAsync<JsonElement>(next);
        var answered = await others.GetFromJsonAsync<JsonElement>($"/api/v1/inference/logs?model={model}&status=completed");
        using var unknown = await others.GetAsync("/api/v1/inference/logs?status=odd");

        Assert.Equal((50, 2, 1), (page.GetProperty("calls").GetArrayLength(), rest.GetProperty("calls").GetArrayLength(), answered.GetProperty("calls").GetArrayLength()));
        Assert.All(page.GetProperty("calls").EnumerateArray(), c => Assert.Equal((400, "invalid_value"), (c.GetProperty("status").GetInt32(), Text(c, "code"))));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, unknown.StatusCode);
    }

    [Fact]
    public async Task Pages_show_the_log_and_one_call_as_a_waterfall_with_its_price()
    {
        var model = await world.SellAsync("json");
        await world.World.Server.JoinAsync("erin", Password);
        using var erin = await world.World.Server.SignedInAsync("erin", Password);
        using var nobody = new PageClient(world.World.Server);

        var empty = await erin.OpenAsync("/inference/logs");
        var asked = await erin.SendAsync(await erin.OpenAsync($"/playground/{model}"), "ask", ("message", "Where is north?"));
        await Eventually.TrueAsync(async () => (await erin.OpenAsync("/inference/logs")).Document.QuerySelector("tbody tr") is not null);
        var list = await erin.OpenAsync($"/inference/logs?model={model}&status=completed");
        var trace = await erin.OpenAsync(list.Document.QuerySelector("tbody a.mono")!.GetAttribute("href")!);
        var call = await erin.OpenAsync(trace.Path[..^"/trace".Length]);

        Assert.Equal(HttpStatusCode.OK, asked.Status);
        Assert.Contains("No calls here", empty.Html, StringComparison.Ordinal);
        Assert.Contains("completed", list.Text("tbody"), StringComparison.Ordinal);
        Assert.Contains("rating", trace.Text("tbody"), StringComparison.Ordinal);
        Assert.NotEmpty(trace.Document.QuerySelectorAll(".waterfall rect"));
        Assert.Contains("Ledger", call.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Found, (await nobody.OpenAsync("/inference/logs")).Status);
    }

    [Fact]
    public async Task A_models_uptime_and_percentiles_are_told_by_hour_on_its_page_and_to_programs()
    {
        var good = await world.SellAsync("crlf");
        var bad = await world.SellAsync("unknown");
        foreach (var model in new[] { good, good, good, bad })
        {
            using var answer = await GatewayWorld.CallAsync(world.Alice, Body(model));
            await LoggedAsync(RequestId(answer));
        }

        var up = await world.Alice.GetFromJsonAsync<JsonElement>($"/api/v1/inference/models/{good}/metrics?hours=3");
        var down = await world.Alice.GetFromJsonAsync<JsonElement>($"/api/v1/inference/models/{bad}/metrics");
        var page = await world.World.AsNobody().GetStringAsync($"/inference/{good}");

        Assert.Equal((3, 3, 0, 1), (up.GetProperty("hours").GetArrayLength(), up.GetProperty("all").GetProperty("calls").GetInt32(), up.GetProperty("all").GetProperty("failures").GetInt32(), up.GetProperty("all").GetProperty("uptime").GetInt32()));
        Assert.Equal(3, up.GetProperty("hours")[2].GetProperty("calls").GetInt32());
        Assert.Equal(JsonValueKind.Number, up.GetProperty("all").GetProperty("totalP95").ValueKind);
        Assert.Equal((24, 1, 0), (down.GetProperty("hours").GetArrayLength(), down.GetProperty("all").GetProperty("failures").GetInt32(), down.GetProperty("all").GetProperty("uptime").GetInt32()));
        Assert.Contains("chart__line", page, StringComparison.Ordinal);
        Assert.Contains("0 of 3 calls failed", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_are_forgotten_when_their_time_is_over()
    {
        var model = await world.SellAsync("zero-usage");
        using var answer = await GatewayWorld.CallAsync(world.Alice, Body(model));
        await LoggedAsync(RequestId(answer));
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(world.World.Server.Clock.GetUtcNow().AddDays(29));

        await SweepAsync();
        using var kept = await world.Alice.GetAsync($"/api/v1/inference/logs/{RequestId(answer)}");
        clock.Advance(TimeSpan.FromDays(2));
        await SweepAsync();
        using var gone = await world.Alice.GetAsync($"/api/v1/inference/logs/{RequestId(answer)}");

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NotFound), (kept.StatusCode, gone.StatusCode));

        Task SweepAsync() => world.World.UseAsync<GatewayDb, DateTimeOffset?>(db => new LogCare(db, new GatewayOptions(), clock).RunAsync(null!, CancellationToken.None)); // it does not look at its claim
    }

    [Fact]
    public void Percentiles_come_from_buckets_that_add_up_and_are_off_by_two_in_a_hundred_at_most()
    {
        var rows = Enumerable.Range(1, 1000).Select(i => new LatencyBucket(Guid.Empty, i % 7, Latency.Total, Latency.BucketOf(TimeSpan.FromMilliseconds(i)), 1)).ToList();

        Assert.InRange(Latency.Percentile(rows, Latency.Total, 0.5)!.Value, 490, 510);
        Assert.InRange(Latency.Percentile(rows, Latency.Total, 0.95)!.Value, 931, 969);
        Assert.Null(Latency.Percentile(rows, Latency.First, 0.5));
    }

    private async Task<JsonElement> LoggedAsync(string requestId, HttpClient? by = null)
    {
        JsonElement found = default;
        await Eventually.TrueAsync(async () =>
        {
            using var answer = await (by ?? world.Alice).GetAsync($"/api/v1/inference/logs/{requestId}");
            found = answer.IsSuccessStatusCode ? (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("call") : default;
            return answer.IsSuccessStatusCode;
        });
        return found;
    }

    private static JsonObject Body(string model, bool stream = false) => new()
    {
        ["model"] = model, ["stream"] = stream, ["max_tokens"] = 50, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Where is north?" }),
    };

    private static string RequestId(HttpResponseMessage answer) => answer.Headers.GetValues("X-Request-Id").Single();

    private static string Text(JsonElement owner, string name) => owner.GetProperty(name).GetString()!; // there
}
