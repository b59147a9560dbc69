using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Billing;

namespace Lodestone.Tests.Gateway;

public sealed class ChatCompletionsTests
{
    [Fact]
    public async Task A_whole_answer_has_the_shape_that_clients_read_and_is_charged_for_what_it_says()
    {
        await using var world = await GatewayWorld.StartAsync();

        using var answer = await world.CallAsync(GatewayWorld.Body());
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(answer.Headers.Contains("x-request-id"));
        Assert.True(answer.Headers.Contains("openai-processing-ms"));
        Assert.StartsWith("chatcmpl-", body.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal("chat.completion", body.GetProperty("object").GetString());
        Assert.Equal(GatewayWorld.Model, body.GetProperty("model").GetString());
        var choice = body.GetProperty("choices").EnumerateArray().Single();
        Assert.Equal("assistant", choice.GetProperty("message").GetProperty("role").GetString());
        Assert.NotEmpty(choice.GetProperty("message").GetProperty("content").GetString()!);
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        var call = Assert.Single(await world.SettledAsync());
        var usage = body.GetProperty("usage");
        Assert.Equal(usage.GetProperty("prompt_tokens").GetInt64(), call.InputTokens);
        Assert.Equal(usage.GetProperty("completion_tokens").GetInt64(), call.OutputTokens);
        Assert.Equal(0, await world.HoldsAsync());
    }

    [Fact]
    public async Task A_stream_says_the_same_as_a_whole_answer()
    {
        await using var world = await GatewayWorld.StartAsync();

        using var whole = await world.CallAsync(GatewayWorld.Body());
        using var streamed = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["stream"] = true, ["stream_options"] = new JsonObject { ["include_usage"] = true } }));
        var events = await GatewayWorld.EventsAsync(streamed).ToListAsync();

        Assert.Equal("text/event-stream", streamed.Content.Headers.ContentType!.MediaType);
        Assert.Equal("[DONE]", events[^1]);
        var chunks = events[..^1].ConvertAll(e => JsonDocument.Parse(e).RootElement);
        Assert.Single(chunks.Select(c => c.GetProperty("id").GetString()).Distinct());
        Assert.Equal("assistant", chunks[0].GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
        Assert.Equal("stop", chunks[^2].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Empty(chunks[^1].GetProperty("choices").EnumerateArray());
        Assert.All(chunks[..^1], chunk => Assert.Equal(JsonValueKind.Null, chunk.GetProperty("usage").ValueKind));
        var body = await whole.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal(body.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(), Text(chunks));
        Assert.Equal(body.GetProperty("usage").ToString(), chunks[^1].GetProperty("usage").ToString());
        Assert.Equal(2, (await world.SettledAsync()).Count);
    }

    [Fact]
    public async Task Usage_comes_only_to_those_who_ask()
    {
        await using var world = await GatewayWorld.StartAsync();

        using var answer = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["stream"] = true }));
        var events = await GatewayWorld.EventsAsync(answer).ToListAsync();

        Assert.All(events[..^1], e => Assert.NotEmpty(JsonDocument.Parse(e).RootElement.GetProperty("choices").EnumerateArray()));
        Assert.All(events[..^1], e => Assert.False(JsonDocument.Parse(e).RootElement.TryGetProperty("usage", out _)));
    }

    [Fact]
    public async Task An_answer_that_reaches_its_limit_says_so_and_is_recorded_so()
    {
        await using var world = await GatewayWorld.StartAsync();

        using var answer = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["max_tokens"] = 500, ["max_completion_tokens"] = 3 }));
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal("length", body.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        var call = Assert.Single(await world.SettledAsync());
        Assert.Equal(3, call.OutputTokens);
        Assert.Equal(CallOutcome.Stopped, call.Outcome);
    }

    [Fact]
    public async Task Who_cannot_pay_is_told_how_to_and_not_to_ask_again_unbidden()
    {
        await using var world = await GatewayWorld.StartAsync(freePerDay: "0");

        using var answer = await world.CallAsync(GatewayWorld.Body(new JsonObject { ["stream"] = true }));
        var error = await GatewayWorld.ErrorAsync(answer);

        Assert.Equal(HttpStatusCode.PaymentRequired, answer.StatusCode);
        Assert.Equal("false", answer.Headers.GetValues("x-should-retry").Single());
        Assert.Equal("billing_error", error.GetProperty("type").GetString());
        Assert.Equal("free_quota_exhausted", error.GetProperty("code").GetString());
        Assert.StartsWith(world.World.Server.Url.ToString(), error.GetProperty("topup_url").GetString(), StringComparison.Ordinal);
        Assert.Empty(await world.SettledAsync());
    }

    private static string Text(IEnumerable<JsonElement> chunks) => string.Concat(chunks
        .Select(c => c.GetProperty("choices")).Where(c => c.GetArrayLength() > 0)
        .Select(c => c[0].GetProperty("delta").TryGetProperty("content", out var text) ? text.GetString() : ""));
}
