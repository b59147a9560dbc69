using System.Text.Json.Nodes;
using Lodestone.Tests.Hub;

namespace Lodestone.Tests.Gateway;

/// <summary>The client that people have, unmodified.</summary>
public sealed class OpenAiClientTests
{
    [Fact]
    public async Task The_javascript_client_lists_calls_streams_and_raises_its_own_errors()
    {
        await using var world = await GatewayWorld.StartAsync();
        await world.PublishAsync("acme/dear", await File.ReadAllBytesAsync(DemoModel.Chat));
        await world.PriceAsync("acme/dear", "1000000", "1000000");

        var said = JsonNode.Parse(await ClientProcess.RunAsync(
            "node",
            ["openai.mjs"],
            ClientProcess.Scripts(),
            ("URL", world.World.Server.Url.ToString().TrimEnd('/')),
            ("TOKEN", world.World.Alice.Token),
            ("MODEL", GatewayWorld.Model),
            ("DEAR", "acme/dear")))!;

        Assert.Contains(GatewayWorld.Model, said["listed"]!.AsArray().Select(m => m!.GetValue<string>()));
        Assert.Equal("acme", said["retrieved"]!.GetValue<string>());
        Assert.NotEmpty(said["whole"]!.GetValue<string>());
        Assert.Equal(said["whole"]!.GetValue<string>(), said["streamed"]!.GetValue<string>());
        Assert.Equal(said["usage"]!.ToJsonString(), said["streamedUsage"]!.ToJsonString());
        Assert.Equal("req_", said["requestId"]!.GetValue<string>());
        Assert.Equal("""["length","assistant"]""", said["cut"]!.ToJsonString());
        Check(said["badValue"], "BadRequestError", 400, "invalid_value", "temperature");
        Check(said["unsupported"], "BadRequestError", 400, "unsupported_parameter", "functions");
        Check(said["tooLong"], "BadRequestError", 400, "context_length_exceeded", "messages");
        Check(said["noModel"], "NotFoundError", 404, "model_not_found", "model");
        Check(said["badKey"], "AuthenticationError", 401, "invalid_credentials", null);
        Check(said["cannotPay"], "APIError", 402, "free_quota_exhausted", null);
        Check(said["cannotPayStreamed"], "APIError", 402, "free_quota_exhausted", null);
        Assert.Equal(3, (await world.SettledAsync()).Count);
    }

    // One call each: an error that asking again does not mend must not be asked again.
    private static void Check(JsonNode? failure, string type, int status, string code, string? param)
    {
        Assert.Equal(
            (type, status, code, param, 1, "req_"),
            (failure!["class"]!.GetValue<string>(), failure["status"]!.GetValue<int>(), failure["code"]?.GetValue<string>(), failure["param"]?.GetValue<string>(), failure["calls"]!.GetValue<int>(), failure["requestId"]!.GetValue<string>()));
    }
}
