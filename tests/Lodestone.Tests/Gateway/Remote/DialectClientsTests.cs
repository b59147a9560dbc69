using System.Text.Json.Nodes;
using Lodestone.Billing;
using Lodestone.Tests.Hub;

namespace Lodestone.Tests.Gateway.Remote;

/// <summary>The clients that people have, unmodified, each in its own dialect, against one core.</summary>
public sealed class DialectClientsTests(RemoteWorld world) : IClassFixture<RemoteWorld>
{
    private const string City = """{"city":"Oslo"}""";
    private const string Points = """{"points":"north"}""";
    private const string Vector = "[1.5,-1,0.25]";

    [Fact]
    public async Task Every_client_chats_streams_calls_tools_errs_and_leaves_and_is_told_what_the_ledger_has()
    {
        foreach (var script in new[] { "good", "tools", "json", "endless" })
        {
            await world.SellAsync(script);
        }

        var said = JsonNode.Parse(await ClientProcess.RunAsync(
            "node", ["dialects.mjs"], ClientProcess.Scripts(), ("URL", world.World.Server.Url.ToString().TrimEnd('/')), ("TOKEN", world.World.Alice.Token)))!;

        var wrong = Expected().Where(e => said["out"]![e.Client]![e.Scenario]?.ToJsonString() != e.Outcome)
            .Select(e => $"{e.Client} {e.Scenario}: {said["out"]![e.Client]![e.Scenario]?.ToJsonString()} instead of {e.Outcome}");
        Assert.Equal([], wrong);
        Assert.Equal(Expected().Count(), said["out"]!.AsObject().Sum(client => client.Value!.AsObject().Count));
        await Eventually.TrueAsync(async () => await world.Gateway.HoldsAsync() == 0);
        var calls = await world.Gateway.SettledAsync();
        var finished = calls.Where(c => c.Outcome is CallOutcome.Completed).Select(c => (c.InputTokens, c.OutputTokens)).ToList();
        var told = said["usages"]!.AsArray().Select(u => (u![0]?.GetValue<long>(), u[1]?.GetValue<long>())).ToList();
        Assert.Equal(told.Count, finished.Count);
        foreach (var (input, output) in told.OrderBy(t => (t.Item1 is null ? 1 : 0) + (t.Item2 is null ? 1 : 0))) // some dialects tell no usage
        {
            var at = finished.FindIndex(charged => charged.InputTokens == (input ?? charged.InputTokens) && charged.OutputTokens == (output ?? charged.OutputTokens));
            Assert.True(at >= 0, $"Nobody was charged for {input} and {output} tokens.");
            finished.RemoveAt(at);
        }

        Assert.Equal(6, calls.Count(c => c.Outcome is CallOutcome.ClientLeft));
    }

    private static IEnumerable<(string Client, string Scenario, string Outcome)> Expected()
    {
        var text = $"\"{ScriptedBackend.Text}\"";
        foreach (var client in new[] { "openai", "mistral", "huggingface", "anthropic", "ollama", "ai" })
        {
            yield return (client, "chat", text);
            yield return (client, "stream", text);
            yield return (client, "leave", "3");
        }

        yield return ("openai", "tools", $"""["tool_calls",{City}]""");
        yield return ("openai", "toolStream", City);
        yield return ("openai", "schema", Points);
        yield return ("openai", "completion", text);
        yield return ("openai", "completionStream", text);
        yield return ("openai", "embeddings", $"[{Vector},[0.5,-1,0.25]]");
        yield return ("openai", "response", text);
        yield return ("openai", "responseStream", text);
        yield return ("openai", "responseTools", City);
        yield return ("openai", "mistake", "\"BadRequestError 400\"");
        yield return ("openai", "missing", "\"NotFoundError 404\"");
        yield return ("mistral", "models", "true");
        yield return ("mistral", "tools", City);
        yield return ("mistral", "fim", text);
        yield return ("mistral", "embeddings", Vector);
        yield return ("mistral", "missing", "\"SDKError 404\"");
        yield return ("huggingface", "generation", text);
        yield return ("huggingface", "features", Vector);
        yield return ("huggingface", "missing", "\"InferenceClientProviderApiError 404\"");
        yield return ("anthropic", "tools", $"""["tool_use",{City}]""");
        yield return ("anthropic", "toolStream", City);
        yield return ("anthropic", "count", "true");
        yield return ("anthropic", "mistake", "\"BadRequestError 400\"");
        yield return ("anthropic", "missing", "\"NotFoundError 404\"");
        yield return ("ollama", "models", "true");
        yield return ("ollama", "show", "true");
        yield return ("ollama", "generate", text);
        yield return ("ollama", "tools", City);
        yield return ("ollama", "schema", Points);
        yield return ("ollama", "embeddings", Vector);
        yield return ("ollama", "missing", "\"ResponseError 404\"");
        yield return ("ai", "tools", City);
        yield return ("ai", "schema", Points);
        yield return ("ai", "missing", "\"APICallError 404\"");
    }
}
