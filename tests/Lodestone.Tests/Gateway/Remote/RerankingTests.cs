using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Billing;
using Lodestone.Tests.Engine;

namespace Lodestone.Tests.Gateway.Remote;

/// <summary>Texts in the order in which they answer a question.</summary>
public sealed class RerankingTests(RemoteWorld world) : IClassFixture<RemoteWorld>
{
    private static readonly object[] Texts = ["a compass", new { text = "a map" }, "north"];

    [Fact]
    public async Task Texts_come_back_best_first_and_are_charged_by_what_was_counted()
    {
        var model = await SellAsync("ranks", "good");

        using var answer = await AskAsync(new { model, query = "Where is north?", documents = Texts, top_n = 2, return_documents = true });
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal([2, 1], body.GetProperty("results").EnumerateArray().Select(r => r.GetProperty("index").GetInt32()));
        Assert.Equal("north", body.GetProperty("results")[0].GetProperty("document").GetProperty("text").GetString());
        Assert.Equal(2.5, body.GetProperty("results")[0].GetProperty("relevance_score").GetDouble());
        var settled = await world.Gateway.SettledAsync(answer);
        Assert.Equal((body.GetProperty("usage").GetProperty("total_tokens").GetInt64(), 0, Measurement.Backend), (settled.InputTokens, settled.OutputTokens, settled.Measurement));
        Assert.Equal(12, settled.InputTokens);
    }

    [Fact]
    public async Task A_model_of_this_server_that_was_trained_to_judge_ranks_and_does_nothing_else()
    {
        var path = Path.Combine(Path.GetTempPath(), $"ranker-{Guid.CreateVersion7():N}.gguf");
        new GgufMaker(DemoModel.Chat).WriteRandomRanker(path, width: 128, ranks: true);
        await world.Gateway.PublishAsync("alice/judge", await File.ReadAllBytesAsync(path));
        File.Delete(path);
        await world.Gateway.PriceAsync("alice/judge", "10", "20");

        using var answer = await AskAsync(new { model = "alice/judge", query = "Where is north?", documents = Texts });
        using var chat = await world.Gateway.CallAsync(GatewayWorld.Body(new JsonObject { ["model"] = "alice/judge" }));
        using var plain = await AskAsync(new { model = GatewayWorld.Model, query = "Where is north?", documents = Texts });
        var body = await answer.Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal([0, 1, 2], body.GetProperty("results").EnumerateArray().Select(r => r.GetProperty("index").GetInt32()).Order());
        var settled = await world.Gateway.SettledAsync(answer);
        Assert.Equal((body.GetProperty("usage").GetProperty("total_tokens").GetInt64(), Measurement.Engine), (settled.InputTokens, settled.Measurement));
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (chat.StatusCode, plain.StatusCode));
    }

    [Fact]
    public async Task Another_back_end_takes_over_and_what_fails_costs_nothing()
    {
        var model = await SellAsync("ranks-over", "broken", "good");
        var broken = await SellAsync("ranks-broken", "broken");
        var before = (await world.Gateway.SettledAsync()).Count;

        using var answer = await AskAsync(new { model, query = "q", documents = Texts });
        using var failed = await AskAsync(new { model = broken, query = "q", documents = Texts });

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadGateway), (answer.StatusCode, failed.StatusCode));
        Assert.Equal((before + 1, 0), ((await world.Gateway.SettledAsync()).Count, await world.Gateway.HoldsAsync()));
    }

    [Theory]
    [InlineData("""{"query":"q","documents":["a"]}""", "model")]
    [InlineData("""{"model":"MODEL","documents":["a"]}""", "query")]
    [InlineData("""{"model":"MODEL","query":"q"}""", "documents")]
    [InlineData("""{"model":"MODEL","query":"q","documents":[]}""", "documents")]
    [InlineData("""{"model":"MODEL","query":"q","documents":["a",5]}""", "documents[1]")]
    [InlineData("""{"model":"MODEL","query":"q","documents":["a"],"top_n":0}""", "top_n")]
    [InlineData("""{"model":"acme/good","query":"q","documents":["a"]}""", "model")]
    public async Task A_mistake_is_named(string body, string param)
    {
        var model = await SellAsync("ranks-mistakes", "good");
        await world.SellAsync("good");

        using var answer = await AskAsync(JsonNode.Parse(body.Replace("MODEL", model, StringComparison.Ordinal))!);

        Assert.Equal((HttpStatusCode.BadRequest, param), (answer.StatusCode, (await GatewayWorld.ErrorAsync(answer)).GetProperty("param").GetString()));
    }

    private async Task<string> SellAsync(string name, params string[] scripts)
    {
        var model = $"acme/{name}";
        using var put = await world.Alice.PutAsJsonAsync($"/api/v1/catalogue/{model}", new
        {
            kind = "remote", isPublic = true, contextLength = 4096, features = new[] { "rerank" },
            backends = scripts.Select((script, i) => new { url = $"{world.Backend.Url}v1", model = script, weight = 10 - i }),
        });
        Assert.True(put.IsSuccessStatusCode, await put.Content.ReadAsStringAsync());
        await world.PriceAsync(model, "10", "20");
        return model;
    }

    private Task<HttpResponseMessage> AskAsync(object body) => world.Alice.PostAsJsonAsync("/v1/rerank", body);
}
