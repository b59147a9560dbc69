using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Server;

public sealed class DemoContentTests
{
    [Fact]
    public async Task A_first_start_publishes_the_demo_models_with_an_open_price()
    {
        await using var server = await TestServer.StartAsync(isDemo: true);
        using var client = server.Anonymous();

        await Eventually.TrueAsync(async () => (await ServedAsync(client)).Contains("lodestone/compass-3m-chat"));

        var info = await client.GetFromJsonAsync<JsonObject>("/api/models/lodestone/compass-3m-chat");
        Assert.Equal("lodestone/compass-3m", (string?)info!["cardData"]!["base_model"]); // published with a card
        Assert.Equal(3148224, (long?)info["gguf"]!["total"]); // published with weights
    }

    private static async Task<IEnumerable<string?>> ServedAsync(HttpClient client)
    {
        var list = await client.GetFromJsonAsync<JsonObject>("/v1/models");
        return list!["data"]!.AsArray().Select(model => (string?)model!["id"]); // OpenAI's list shape
    }
}
