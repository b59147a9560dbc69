using System.Text.Json;
using Lodestone.Engine.Inference;
using Lodestone.Engine.Templates;
using Lodestone.Engine.Tools;

namespace Lodestone.Engine.Http;

/// <summary>Turns messages into a prompt's tokens.</summary>
internal static class Conversation
{
    private static readonly string[] Roles = ["system", "developer", "user", "assistant", "tool", "function"];

    /// <exception cref="ApiFault">A message is malformed or unsupported, the model has no chat template, or its template refuses.</exception>
    public static List<int> Tokenize(LoadedModel model, IReadOnlyList<ChatMessage>? messages, ToolChoice tools, TimeProvider clock)
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
            ["messages"] = Messages(messages, tools, template.Tools),
            ["add_generation_prompt"] = true,
            // Defined and none, if there are none: as templates expect that were tested with Hugging Face's library.
            ["tools"] = tools.Tools.Count == 0 ? null : tools.Tools.Select(tool => CallerJson.Value(tool.Definition, "tools")).ToList(),
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

    private static List<object?> Messages(IReadOnlyList<ChatMessage> messages, ToolChoice tools, ToolDialect dialect)
    {
        var converted = messages.Select((message, i) => (object?)Convert(message, i)).ToList();
        return dialect.IsTaught || (tools.Tools.Count == 0 && messages.All(message => message is { ToolCalls: null, Role: not "tool" }))
            ? converted
            : UntaughtTools.Explain(converted.OfType<Map>(), tools);
    }

    private static Map Convert(ChatMessage? message, int index)
    {
        if (message?.Role is not { } role || !Roles.Contains(role, StringComparer.Ordinal))
        {
            throw ApiFault.Invalid($"messages[{index}].role", $"'messages[{index}].role' must be one of {string.Join(", ", Roles)}.");
        }

        var map = new Map();
        map.Put("role", MarkedText.Trusted(role is "developer" ? "system" : role));
        var isCall = role is "assistant" && message.ToolCalls is { ValueKind: JsonValueKind.Array } && message.Content is null or { ValueKind: JsonValueKind.Null };
        map.Put("content", isCall ? MarkedText.Empty : MarkedText.FromCaller(Text(message.Content, $"messages[{index}].content")));
        if (message.ToolCalls is { } calls)
        {
            map.Put("tool_calls", ToolCalls(calls, $"messages[{index}].tool_calls"));
        }

        if (message.ToolCallId is { } id)
        {
            map.Put("tool_call_id", MarkedText.FromCaller(id));
        }

        if (message.Name is { } name)
        {
            map.Put("name", MarkedText.FromCaller(name));
        }

        return map;
    }

    // Templates take arguments as a mapping; clients send them as a text.
    private static List<object?> ToolCalls(JsonElement calls, string param)
    {
        if (calls.ValueKind is not JsonValueKind.Array)
        {
            throw ApiFault.Invalid(param, $"'{param}' must be a list of calls.");
        }

        return calls.EnumerateArray().Select((call, i) =>
        {
            var place = $"{param}[{i}]";
            if (call.ValueKind is not JsonValueKind.Object || CallerJson.Value(call, place) is not Map map
                || map.Find("function") is not Map function || function.Find("name") is not MarkedText)
            {
                throw ApiFault.Invalid(place, $"'{place}' must be a call: an object with a 'function' that has a 'name' and 'arguments'.");
            }

            if (function.Find("arguments") is MarkedText text)
            {
                function.Put("arguments", Arguments(text));
            }

            return (object?)map;
        }).ToList();
    }

    private static object? Arguments(MarkedText text)
    {
        try
        {
            using var json = JsonDocument.Parse(text.Value);
            return json.RootElement.ValueKind is JsonValueKind.Object ? CallerJson.Value(json.RootElement, "arguments") : text;
        }
        catch (JsonException)
        {
            return text; // as the model wrote them
        }
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
