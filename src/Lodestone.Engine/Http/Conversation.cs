using System.Text.Json;
using Lodestone.Engine.Inference;
using Lodestone.Engine.Templates;

namespace Lodestone.Engine.Http;

/// <summary>Turns messages into a prompt's tokens.</summary>
internal static class Conversation
{
    private static readonly string[] Roles = ["system", "developer", "user", "assistant", "tool", "function"];

    /// <exception cref="ApiFault">A message is malformed or unsupported, the model has no chat template, or its template refuses.</exception>
    public static List<int> Tokenize(LoadedModel model, IReadOnlyList<ChatMessage>? messages, TimeProvider clock)
    {
        if (messages is not { Count: > 0 })
        {
            throw ApiFault.Invalid("messages", "'messages' must hold at least one message.");
        }

        if (model.Template is not { } template)
        {
            throw new ApiFault(StatusCodes.Status400BadRequest, "This model has no chat template: it only continues text.", "model", "chat_unsupported");
        }

        var variables = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = messages.Select(Convert).ToList(),
            ["add_generation_prompt"] = true,
            ["tools"] = null, // defined and none, as templates expect that were tested with Hugging Face's library
            ["documents"] = null,
            ["bos_token"] = MarkedText.Trusted(model.Vocabulary.BeginningText),
            ["eos_token"] = MarkedText.Trusted(model.Vocabulary.EndText),
        };
        try
        {
            return model.Vocabulary.Tokenize(template.Render(variables, clock));
        }
        catch (TemplateFault fault)
        {
            throw fault.IsRaisedByTemplate
                ? ApiFault.Invalid("messages", fault.Message)
                : new ApiFault(StatusCodes.Status400BadRequest, fault.Message, "messages", "chat_template_failed");
        }
    }

    private static object? Convert(ChatMessage? message, int index)
    {
        if (message?.Role is not { } role || !Roles.Contains(role, StringComparer.Ordinal))
        {
            throw ApiFault.Invalid($"messages[{index}].role", $"'messages[{index}].role' must be one of {string.Join(", ", Roles)}.");
        }

        if (message.ToolCalls is not null)
        {
            throw ApiFault.Unsupported($"messages[{index}].tool_calls");
        }

        var map = new Map();
        map.Put("role", MarkedText.Trusted(role is "developer" ? "system" : role));
        map.Put("content", MarkedText.FromCaller(Text(message.Content, $"messages[{index}].content")));
        if (message.Name is { } name)
        {
            map.Put("name", MarkedText.FromCaller(name));
        }

        return map;
    }

    private static string Text(JsonElement? content, string param) => content switch
    {
        { ValueKind: JsonValueKind.String } text => RequestBody.Text(text, param),
        { ValueKind: JsonValueKind.Array } parts => string.Join('\n', parts.EnumerateArray().Select((part, i) => PartText(part, $"{param}[{i}]"))),
        _ => throw ApiFault.Invalid(param, $"'{param}' must be a string or a list of text parts."),
    };

    private static string PartText(JsonElement part, string param)
    {
        if (part.ValueKind is not JsonValueKind.Object
            || !part.TryGetProperty("type", out var type) || type.ValueKind is not JsonValueKind.String)
        {
            throw ApiFault.Invalid(param, $"'{param}' must be an object with a 'type'.");
        }

        if (!type.ValueEquals("text"))
        {
            throw new ApiFault(
                StatusCodes.Status400BadRequest, $"'{param}' is of type '{type}'; this model reads only text.", param, "unsupported_parameter");
        }

        return part.TryGetProperty("text", out var text)
            ? RequestBody.Text(text, $"{param}.text")
            : throw ApiFault.Invalid($"{param}.text", $"'{param}.text' must be a string.");
    }
}
