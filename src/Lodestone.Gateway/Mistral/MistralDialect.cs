using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>What Mistral's clients say otherwise at OpenAI's addresses. They read OpenAI's answers, and want the usage of every stream.</summary>
internal static class MistralDialect
{
    public static bool IsSpokenBy(HttpRequest request) => request.Headers.UserAgent.ToString().StartsWith("mistral-client", StringComparison.OrdinalIgnoreCase);

    /// <param name="document">The body, an object; disposed when another takes its place.</param>
    public static JsonDocument Read(JsonDocument document)
    {
        var body = document.RootElement;
        var hasSeed = BodyRules.TryGet(body, "random_seed", out _);
        var isAny = BodyRules.TryGet(body, "tool_choice", out var choice) && choice.ValueKind is JsonValueKind.String && choice.ValueEquals("any");
        if (!hasSeed && !isAny)
        {
            return document;
        }

        var said = JsonObject.Create(body)!; // an object
        if (hasSeed)
        {
            said["seed"] = said["random_seed"]!.DeepClone();
        }

        if (isAny)
        {
            said["tool_choice"] = "required";
        }

        var other = JsonSerializer.SerializeToDocument(said);
        document.Dispose();
        return other;
    }
}
