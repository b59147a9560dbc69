using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Gateway;

/// <summary>Bodies of Ollama's chat and generate, said as a chat request.</summary>
internal static class OllamaRequest
{
    private static readonly (string Theirs, string Ours)[] Options =
    [
        ("temperature", "temperature"), ("top_k", "top_k"), ("top_p", "top_p"), ("min_p", "min_p"), ("typical_p", "typical_p"), ("seed", "seed"), ("stop", "stop"),
        ("repeat_penalty", "repetition_penalty"), ("presence_penalty", "presence_penalty"), ("frequency_penalty", "frequency_penalty"),
    ];

    public static ChatRequest Chat(JsonElement body)
    {
        var chat = Begin(body);
        if (!BodyRules.TryGet(body, "messages", out var messages))
        {
            throw GatewayRefusals.Missing("messages");
        }

        if (messages.ValueKind is not JsonValueKind.Array)
        {
            throw GatewayRefusals.Invalid("messages", "must be an array with at least one message.");
        }

        var all = new JsonArray();
        var calls = new Queue<string>(); // Ollama's tool results name no call: they come in order
        foreach (var (message, param) in BodyRules.Items(messages, "messages"))
        {
            all.Add(Message(message, param, calls));
        }

        chat["messages"] = all;
        if (BodyRules.TryGet(body, "tools", out var tools))
        {
            chat["tools"] = JsonNode.Parse(tools.GetRawText());
        }

        return ChatRequest.Of(JsonSerializer.SerializeToDocument(chat));
    }

    public static ChatRequest Generate(JsonElement body)
    {
        foreach (var name in (ReadOnlySpan<string>)["suffix", "template"])
        {
            if (BodyRules.OptionalText(body, name) is { Length: > 0 })
            {
                throw GatewayRefusals.Unsupported(name);
            }
        }

        if (BodyRules.Flag(body, "raw"))
        {
            throw GatewayRefusals.Unsupported("raw");
        }

        var chat = Begin(body);
        var messages = new JsonArray();
        if (BodyRules.OptionalText(body, "system") is { Length: > 0 } system)
        {
            messages.Add(new JsonObject { ["role"] = "system", ["content"] = system });
        }

        var prompt = BodyRules.OptionalText(body, "prompt") ?? throw GatewayRefusals.Missing("prompt");
        messages.Add(new JsonObject { ["role"] = "user", ["content"] = Content(prompt, body, "images") });
        chat["messages"] = messages;
        return ChatRequest.Of(JsonSerializer.SerializeToDocument(chat));
    }

    private static JsonObject Begin(JsonElement body)
    {
        var chat = new JsonObject { ["model"] = OllamaNames.Model(BodyRules.RequiredText(body, "model")), ["stream"] = BodyRules.Flag(body, "stream", otherwise: true) };
        if (BodyRules.OptionalObject(body, "options") is { } options)
        {
            foreach (var (theirs, ours) in Options)
            {
                if (BodyRules.TryGet(options, theirs, out var value))
                {
                    chat[ours] = JsonNode.Parse(value.GetRawText());
                }
            }

            if (BodyRules.TryGet(options, "num_predict", out var most) && !(most.ValueKind is JsonValueKind.Number && most.TryGetInt64(out var count) && count is -1 or -2))
            {
                chat["max_tokens"] = JsonNode.Parse(most.GetRawText());
            }
        }

        if (BodyRules.TryGet(body, "format", out var format) && Format(format) is { } wanted)
        {
            chat["response_format"] = wanted;
        }

        return chat;
    }

    private static JsonObject? Format(JsonElement format) => format.ValueKind switch
    {
        JsonValueKind.String when format.ValueEquals("") => null,
        JsonValueKind.String when format.ValueEquals("json") => new JsonObject { ["type"] = "json_object" },
        JsonValueKind.Object => new JsonObject
        {
            ["type"] = "json_schema",
            ["json_schema"] = new JsonObject { ["name"] = "answer", ["schema"] = JsonNode.Parse(format.GetRawText()) },
        },
        _ => throw GatewayRefusals.Invalid("format", "must be json or a JSON Schema."),
    };

    private static JsonObject Message(JsonElement message, string param, Queue<string> calls)
    {
        if (message.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid(param, "must be an object with 'role' and 'content'.");
        }

        var role = BodyRules.RequiredText(message, "role", $"{param}.role");
        var said = new JsonObject { ["role"] = role, ["content"] = Content(BodyRules.OptionalText(message, "content", $"{param}.content") ?? "", message, $"{param}.images") };
        if (BodyRules.TryGet(message, "tool_calls", out var made) && !BodyRules.IsEmpty(made))
        {
            said["tool_calls"] = Calls(made, $"{param}.tool_calls", calls);
        }

        if (role is "tool")
        {
            said["tool_call_id"] = calls.TryDequeue(out var id) ? id : "unknown";
        }

        return said;
    }

    private static JsonArray Calls(JsonElement made, string param, Queue<string> calls)
    {
        if (made.ValueKind is not JsonValueKind.Array)
        {
            throw GatewayRefusals.Invalid(param, "must be an array of calls.");
        }

        var all = new JsonArray();
        foreach (var (call, name) in BodyRules.Items(made, param))
        {
            var function = call.ValueKind is JsonValueKind.Object ? BodyRules.RequiredObject(call, "function", $"{name}.function") : throw GatewayRefusals.Invalid(name, "must be an object with a 'function'.");
            var id = string.Create(CultureInfo.InvariantCulture, $"call_{calls.Count + all.Count}_{name.Length}");
            calls.Enqueue(id);
            all.Add(new JsonObject
            {
                ["id"] = id,
                ["type"] = "function",
                ["function"] = new JsonObject
                {
                    ["name"] = BodyRules.RequiredText(function, "name", $"{name}.function.name"),
                    ["arguments"] = BodyRules.OptionalObject(function, "arguments", $"{name}.function.arguments")?.GetRawText() ?? "{}",
                },
            });
        }

        return all;
    }

    private static JsonNode Content(string text, JsonElement owner, string param)
    {
        if (!BodyRules.TryGet(owner, "images", out var images) || BodyRules.IsEmpty(images))
        {
            return text;
        }

        if (images.ValueKind is not JsonValueKind.Array)
        {
            throw GatewayRefusals.Invalid(param, "must be an array of pictures in base64.");
        }

        var parts = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text });
        foreach (var (image, name) in BodyRules.Items(images, param))
        {
            var data = image.ValueKind is JsonValueKind.String ? BodyRules.Text(image, name) : throw GatewayRefusals.Invalid(name, "must be a picture in base64.");
            parts.Add(new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = $"data:image/png;base64,{data}" } });
        }

        return parts;
    }
}

internal static class OllamaNames
{
    /// <summary>Clients add <c>:latest</c> where people wrote no tag.</summary>
    public static string Model(string name) => name.EndsWith(":latest", StringComparison.Ordinal) ? name[..^":latest".Length] : name;
}
