using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Billing;
using Lodestone.Tests.Gateway.Remote;

namespace Lodestone.Tests.Gateway;

/// <summary>Calls that are asked again with the same key.</summary>
public sealed class IdempotencyTests(RemoteWorld world) : IClassFixture<RemoteWorld>
{
    [Theory]
    [InlineData(false, "/v1/chat/completions")]
    [InlineData(true, "/v1/chat/completions")]
    [InlineData(false, "/api/chat")]
    public async Task The_same_call_again_gets_the_same_answer_and_is_charged_once(bool isStreamed, string path)
    {
        var body = Body(await world.SellAsync("good"), isStreamed);
        var key = $"once {isStreamed} {path}";

        using var first = await CallAsync(path, body, key);
        using var second = await CallAsync(path, body, key);

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], new[] { first.StatusCode, second.StatusCode });
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.Equal(first.Content.Headers.ContentType!.MediaType, second.Content.Headers.ContentType!.MediaType);
        Assert.Equal("true", second.Headers.GetValues("Idempotent-Replayed").Single());
        Assert.Equal(ScriptedBackend.OutputTokens, (await world.Gateway.SettledAsync(first)).OutputTokens);
        Assert.DoesNotContain(await world.Gateway.SettledAsync(), call => call.RequestId == second.Headers.GetValues("X-Request-Id").Single());
    }

    [Fact]
    public async Task Another_call_with_the_key_is_refused_and_another_caller_has_keys_of_their_own()
    {
        var body = Body(await world.SellAsync("good"), isStreamed: false);
        var other = Body(await world.SellAsync("good"), isStreamed: false);
        other["messages"]![0]!["content"] = "And north?";

        using var first = await CallAsync("/v1/chat/completions", body, "mine");
        using var mismatch = await CallAsync("/v1/chat/completions", other, "mine");
        using var bob = await CallAsync("/v1/chat/completions", other, "mine", world.World.As(world.World.Bob));

        Assert.Equal([200, 422, 200], new[] { first, mismatch, bob }.Select(a => (int)a.StatusCode));
        Assert.Equal("idempotency_mismatch", (await GatewayWorld.ErrorAsync(mismatch)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_call_that_cost_nothing_can_be_tried_again_and_one_that_was_cut_off_is_not_charged_twice()
    {
        var broken = Body(await world.SellAsync("broken"), isStreamed: false);
        var cut = Body(await world.SellAsync("ends-mid"), isStreamed: true);

        using var failed = await CallAsync("/v1/chat/completions", broken, "again");
        using var failedAgain = await CallAsync("/v1/chat/completions", broken, "again");
        using var streamed = await CallAsync("/v1/chat/completions", cut, "cut");
        await streamed.Content.ReadAsStringAsync();
        await Eventually.TrueAsync(async () => await world.Gateway.HoldsAsync() == 0);
        HttpResponseMessage? again = null;
        await Eventually.TrueAsync(async () =>
        {
            again?.Dispose();
            again = await CallAsync("/v1/chat/completions", cut, "cut");
            return (await GatewayWorld.ErrorAsync(again)).GetProperty("code").GetString() is "idempotency_unrepeatable";
        });

        Assert.Equal([502, 502], new[] { failed, failedAgain }.Select(a => (int)a.StatusCode));
        Assert.Equal("false", again!.Headers.GetValues("x-should-retry").Single());
        Assert.Single(await world.Gateway.SettledAsync(), call => call.Outcome is CallOutcome.BackendFailed);
        again.Dispose();
    }

    private static JsonObject Body(string model, bool isStreamed) => GatewayWorld.Body(new JsonObject { ["model"] = model, ["stream"] = isStreamed });

    private async Task<HttpResponseMessage> CallAsync(string path, JsonObject body, string key, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body) };
        request.Headers.Add("Idempotency-Key", key);
        return await (client ?? world.Alice).SendAsync(request);
    }
}
