using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>What the playground's form holds, as typed.</summary>
internal sealed record PlaygroundQuestion(string? Model, string? Message, string? System, string? Temperature, string? MaxTokens, string? Seed)
{
    /// <summary>The call that the form describes; empty fields are left out.</summary>
    /// <exception cref="Refusal">What is wrong with it, as any client is told.</exception>
    public ChatRequest ToRequest()
    {
        var messages = new JsonArray();
        if (!string.IsNullOrWhiteSpace(System))
        {
            messages.Add(new JsonObject { ["role"] = "system", ["content"] = System });
        }

        messages.Add(new JsonObject { ["role"] = "user", ["content"] = Message });
        var body = new JsonObject
        {
            ["model"] = Model,
            ["messages"] = messages,
            ["temperature"] = Number(Temperature),
            ["max_tokens"] = Number(MaxTokens),
            ["seed"] = Number(Seed),
        };
        return ChatRequest.Of(JsonSerializer.SerializeToDocument(body));
    }

    // What is no number goes on as text, so that the API's own check names it.
    private static JsonNode? Number(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        if (long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var whole))
        {
            return whole;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : text;
    }
}
