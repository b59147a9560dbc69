using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Billing;

namespace Lodestone.Tests.Gateway.Remote;

/// <summary>What is charged for an answer from elsewhere, however it ends: what the caller is told is what the ledger has.</summary>
public sealed class ChargingTests(RemoteWorld world) : IClassFixture<RemoteWorld>
{
    [Theory]
    [InlineData("good", Measurement.Backend, ScriptedBackend.PromptTokens, ScriptedBackend.OutputTokens)]
    [InlineData("crlf", Measurement.Backend, ScriptedBackend.PromptTokens, ScriptedBackend.OutputTokens)]
    [InlineData("no-usage", Measurement.Estimated, null, 10)] // 43 bytes
    [InlineData("wrong-usage", Measurement.Estimated, null, 10)] // more tokens than bytes
    [InlineData("zero-usage", Measurement.Estimated, null, 10)]
    [InlineData("odd-usage", Measurement.Estimated, null, 10)]
    public async Task A_finished_answer_costs_what_was_counted_there_if_that_can_be(string script, Measurement measurement, long? input, long output)
    {
        var model = await world.SellAsync(script);

        using var whole = await CallAsync(model);
        var body = await whole.Content.ReadFromJsonAsync<JsonElement>();
        using var streamed = await CallAsync(model, isStreamed: true);
        var events = await GatewayWorld.EventsAsync(streamed).ToListAsync();

        Assert.Equal(ScriptedBackend.Text, body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("[DONE]", events[^1]);
        var told = new[] { body.GetProperty("usage"), JsonDocument.Parse(events[^2]).RootElement.GetProperty("usage") };
        foreach (var (answer, usage) in new[] { whole, streamed }.Zip(told))
        {
            var call = await world.Gateway.SettledAsync(answer);
            Assert.Equal((CallOutcome.Completed, measurement, output), (call.Outcome, call.Measurement, call.OutputTokens));
            Assert.Equal((call.InputTokens, call.OutputTokens), (usage.GetProperty("prompt_tokens").GetInt64(), usage.GetProperty("completion_tokens").GetInt64()));
            Assert.True(input is null ? call.InputTokens > 0 : call.InputTokens == input, $"{call.InputTokens} tokens of prompt");
        }

        Assert.Equal(0, await world.Gateway.HoldsAsync());
    }

    [Fact]
    public async Task More_prompt_than_was_reserved_for_is_not_charged()
    {
        var model = await world.SellAsync("much-usage");

        using var answer = await CallAsync(model);
        var usage = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("usage");

        var call = await world.Gateway.SettledAsync(answer);
        Assert.InRange(call.InputTokens, 1, 200);
        Assert.Equal(call.InputTokens, usage.GetProperty("prompt_tokens").GetInt64());
    }

    [Theory]
    [InlineData("dies-before", 502, "backend_failed")]
    [InlineData("broken", 502, "backend_failed")]
    [InlineData("unknown", 502, "backend_failed")]
    [InlineData("page", 502, "backend_failed")]
    [InlineData("busy", 429, "rate_limit_exceeded")]
    [InlineData("refuses", 400, "context_length_exceeded")]
    public async Task What_fails_before_the_first_token_costs_nothing(string script, int status, string code)
    {
        var model = await world.SellAsync(script);

        foreach (var isStreamed in new[] { false, true })
        {
            using var answer = await CallAsync(model, isStreamed);
            var error = await GatewayWorld.ErrorAsync(answer);

            Assert.Equal((status, code), ((int)answer.StatusCode, error.GetProperty("code").GetString()));
            Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
            Assert.Equal(script is "busy" ? "7" : null, answer.Headers.TryGetValues("Retry-After", out var wait) ? wait.Single() : null);
            await AssertFreeAsync(answer);
            if (script is "busy")
            {
                break; // it is not asked again before the seven seconds are over
            }
        }
    }

    [Theory]
    [InlineData("ends-mid")]
    [InlineData("garbage-mid")]
    [InlineData("error-mid")]
    public async Task A_stream_that_breaks_off_costs_what_was_delivered_and_a_whole_answer_that_does_nothing(string script)
    {
        var model = await world.SellAsync(script);

        using var whole = await CallAsync(model);
        using var streamed = await CallAsync(model, isStreamed: true);
        var events = await GatewayWorld.EventsAsync(streamed).ToListAsync();

        Assert.Equal(HttpStatusCode.BadGateway, whole.StatusCode);
        await AssertFreeAsync(whole);
        var error = JsonDocument.Parse(events[^1]).RootElement.GetProperty("error");
        Assert.Equal("backend_failed", error.GetProperty("code").GetString());
        Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
        await Eventually.TrueAsync(async () => await world.Gateway.HoldsAsync() == 0);
        var call = await world.Gateway.SettledAsync(streamed);
        Assert.Equal((CallOutcome.BackendFailed, Measurement.Estimated, 4L), (call.Outcome, call.Measurement, call.OutputTokens)); // "A compass points": 16 bytes
    }

    [Fact]
    public async Task A_back_end_that_dies_within_a_stream_ends_it_with_an_error_and_costs_what_was_delivered()
    {
        var model = await world.SellAsync("dies-mid");

        using var answer = await CallAsync(model, isStreamed: true);
        var events = new List<string>();
        await foreach (var data in GatewayWorld.EventsAsync(answer))
        {
            events.Add(data);
            if (events.Count == 4) // the role and three words
            {
                world.Backend.Kill();
            }
        }

        Assert.Equal("backend_failed", JsonDocument.Parse(events[^1]).RootElement.GetProperty("error").GetProperty("code").GetString());
        await Eventually.TrueAsync(async () => await world.Gateway.HoldsAsync() == 0);
        var call = await world.Gateway.SettledAsync(answer);
        Assert.Equal((CallOutcome.BackendFailed, Measurement.Estimated, 4L), (call.Outcome, call.Measurement, call.OutputTokens));
    }

    [Fact]
    public async Task Who_leaves_pays_for_what_was_delivered_and_the_back_end_is_told()
    {
        var model = await world.SellAsync("endless");
        using var client = new HttpClient(new SocketsHttpHandler { MaxResponseDrainSize = 0 }) { BaseAddress = world.World.Server.Url }; // disposing the answer cuts the connection
        client.DefaultRequestHeaders.Authorization = new("Bearer", world.World.Alice.Token);

        var read = 0;
        var left = await GatewayWorld.CallAsync(client, Body(model, isStreamed: true));
        using (left)
        {
            await foreach (var _ in GatewayWorld.EventsAsync(left))
            {
                if (++read == 5)
                {
                    break;
                }
            }
        }

        await Eventually.TrueAsync(async () => await world.Gateway.HoldsAsync() == 0);
        var call = await world.Gateway.SettledAsync(left);
        Assert.Equal((CallOutcome.ClientLeft, Measurement.Estimated), (call.Outcome, call.Measurement));
        Assert.InRange(call.OutputTokens, 4, 500);
        await Eventually.TrueAsync(() => Task.FromResult(world.Backend.CutOff > 0));
    }

    [Fact]
    public async Task A_first_token_that_does_not_come_costs_nothing_and_meanwhile_the_line_is_kept()
    {
        var model = await world.SellAsync("slow");

        var calling = CallAsync(model, isStreamed: true);
        await world.Gateway.PassTimeUntilAsync(TimeSpan.FromSeconds(5), () => Task.FromResult(calling.IsCompleted));
        using var answer = await calling;
        var reading = answer.Content.ReadAsStringAsync();
        await world.Gateway.PassTimeUntilAsync(TimeSpan.FromSeconds(5), () => Task.FromResult(reading.IsCompleted));

        Assert.StartsWith(": waiting for the model\n\n", await reading, StringComparison.Ordinal);
        Assert.Contains("backend_failed", await reading, StringComparison.Ordinal);
        await AssertFreeAsync(answer);
    }

    [Theory]
    [InlineData("broken", "good")]
    [InlineData("dies-before", "good")]
    [InlineData("busy", "good")]
    [InlineData("page", "good")]
    public async Task Another_back_end_takes_over_unseen_and_only_its_answer_is_charged(string first, string second)
    {
        var model = await world.SellAsync(first, second);

        var answers = new List<long>();
        for (var i = 0; i < 6; i++)
        {
            using var answer = await CallAsync(model, isStreamed: i % 2 == 0);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await answer.Content.ReadAsStringAsync();
            answers.Add((await world.Gateway.SettledAsync(answer)).OutputTokens);
        }

        Assert.All(answers, tokens => Assert.Equal(ScriptedBackend.OutputTokens, tokens));
        Assert.Equal(0, await world.Gateway.HoldsAsync());
    }

    private Task<HttpResponseMessage> CallAsync(string model, bool isStreamed = false) => world.Gateway.CallAsync(Body(model, isStreamed));

    private static JsonObject Body(string model, bool isStreamed) => GatewayWorld.Body(new JsonObject
    {
        ["model"] = model,
        ["stream"] = isStreamed,
        ["stream_options"] = isStreamed ? new JsonObject { ["include_usage"] = true } : null,
    });

    private async Task AssertFreeAsync(HttpResponseMessage answer)
    {
        await Eventually.TrueAsync(async () => await world.Gateway.HoldsAsync() == 0);
        var id = answer.Headers.GetValues("X-Request-Id").Single();
        Assert.DoesNotContain(await world.Gateway.SettledAsync(), call => call.RequestId == id);
    }
}
