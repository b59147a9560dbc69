using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>A body of POST /v1/messages, said as a chat request. What is the same in both is checked there, under the same names.</summary>
internal static class MessagesRequest
{
    private static readonly string[] Same = ["model", "temperature", "top_p", "top_k", "stream", "seed"];

    /// <param name="isCounting">No answer is wanted, so no limit of it is needed.</param>
    /// <exception cref="Refusal">The first thing wrong with it, by Anthropic's name.</exception>
    public static ChatRequest Read(JsonElement body, bool isCounting = false)
    {
        var chat = new JsonObject();
        foreach (var name in Same)
        {
            if (BodyRules.TryGet(body, name, out var value))
            {
                chat[name] = Node(value);
            }
        }

        if (!isCounting)
        {
            chat["max_tokens"] = BodyRules.TryGet(body, "max_tokens", out var most) ? Node(most) : throw GatewayRefusals.Missing("max_tokens");
        }

        if (BodyRules.TryGet(body, "stop_sequences", out var stops))
        {
            chat["stop"] = stops.ValueKind is JsonValueKind.Array ? Node(stops) : throw GatewayRefusals.Invalid("stop_sequences", "must be an array of strings.");
        }

        chat["messages"] = Messages(body);
        if (BodyRules.TryGet(body, "tools", out var tools))
        {
            chat["tools"] = Tools(tools);
        }

        if (BodyRules.OptionalObject(body, "tool_choice") is { } choice)
        {
            chat["tool_choice"] = Choice(choice);
        }

        return ChatRequest.Of(JsonSerializer.SerializeToDocument(chat));
    }

    private static JsonArray Messages(JsonElement body)
    {
        if (!BodyRules.TryGet(body, "messages", out var messages))
        {
            throw GatewayRefusals.Missing("messages");
        }

        if (messages.ValueKind is not JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw GatewayRefusals.Invalid("messages", "must be an array with at least one message.");
        }

        var all = new JsonArray();
        if (BodyRules.TryGet(body, "system", out var system))
        {
            all.Add(new JsonObject { ["role"] = "system", ["content"] = Joined(system, "system") });
        }

        foreach (var (message, param) in BodyRules.Items(messages, "messages"))
        {
            AddMessage(all, message, param);
        }

        return all;
    }

    private static void AddMessage(JsonArray all, JsonElement message, string param)
    {
        if (message.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid(param, "must be an object with 'role' and 'content'.");
        }

        var role = BodyRules.RequiredText(message, "role", $"{param}.role");
        if (role is not ("user" or "assistant"))
        {
            throw GatewayRefusals.Invalid($"{param}.role", "must be user or assistant.");
        }

        if (!BodyRules.TryGet(message, "content", out var content))
        {
            throw GatewayRefusals.Missing($"{param}.content");
        }

        if (content.ValueKind is JsonValueKind.String)
        {
            all.Add(new JsonObject { ["role"] = role, ["content"] = BodyRules.Text(content, $"{param}.content") });
            return;
        }

        if (content.ValueKind is not JsonValueKind.Array)
        {
            throw GatewayRefusals.Invalid($"{param}.content", "must be a string or an array of blocks.");
        }

        AddBlocks(all, role, content, $"{param}.content");
    }

    // Results of tools are messages of their own in a chat, before what the user adds to them.
    private static void AddBlocks(JsonArray all, string role, JsonElement content, string param)
    {
        var parts = new JsonArray();
        var calls = new JsonArray();
        foreach (var (block, name) in BodyRules.Items(content, param))
        {
            if (block.ValueKind is not JsonValueKind.Object)
            {
                throw GatewayRefusals.Invalid(name, "must be an object with a 'type'.");
            }

            switch (BodyRules.RequiredText(block, "type", $"{name}.type"))
            {
                case "text":
                    parts.Add(new JsonObject { ["type"] = "text", ["text"] = BodyRules.OptionalText(block, "text", $"{name}.text") ?? throw GatewayRefusals.Missing($"{name}.text") });
                    break;
                case "image":
                    parts.Add(Image(block, name));
                    break;
                case "tool_use":
                    calls.Add(Call(block, name));
                    break;
                case "tool_result":
                    all.Add(Result(block, name));
                    break;
                case "thinking" or "redacted_thinking":
                    break; // of earlier turns: the model thinks anew
                case var other:
                    throw GatewayRefusals.Unsupported(name, $"A block of type '{other}'");
            }
        }

        if (parts.Count == 0 && calls.Count == 0)
        {
            return;
        }

        var message = new JsonObject { ["role"] = role };
        if (parts.Count > 0)
        {
            message["content"] = parts.All(p => p!["type"]!.GetValue<string>() is "text") ? string.Concat(parts.Select(p => p!["text"]!.GetValue<string>())) : parts;
        }

        if (calls.Count > 0)
        {
            message["tool_calls"] = calls;
        }

        all.Add(message);
    }

    private static JsonObject Image(JsonElement block, string param)
    {
        var source = BodyRules.RequiredObject(block, "source", $"{param}.source");
        var url = BodyRules.RequiredText(source, "type", $"{param}.source.type") switch
        {
            "base64" => $"data:{BodyRules.RequiredText(source, "media_type", $"{param}.source.media_type")};base64,{BodyRules.RequiredText(source, "data", $"{param}.source.data")}",
            "url" => BodyRules.RequiredText(source, "url", $"{param}.source.url"),
            _ => throw GatewayRefusals.Invalid($"{param}.source.type", "must be base64 or url."),
        };
        return new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = url } };
    }

    private static JsonObject Call(JsonElement block, string param) => new()
    {
        ["id"] = BodyRules.RequiredText(block, "id", $"{param}.id"),
        ["type"] = "function",
        ["function"] = new JsonObject
        {
            ["name"] = BodyRules.RequiredText(block, "name", $"{param}.name"),
            ["arguments"] = BodyRules.RequiredObject(block, "input", $"{param}.input").GetRawText(),
        },
    };

    private static JsonObject Result(JsonElement block, string param) => new()
    {
        ["role"] = "tool",
        ["tool_call_id"] = BodyRules.RequiredText(block, "tool_use_id", $"{param}.tool_use_id"),
        ["content"] = BodyRules.TryGet(block, "content", out var content) ? Joined(content, $"{param}.content") : "",
    };

    private static string Joined(JsonElement content, string param)
    {
        if (content.ValueKind is JsonValueKind.String)
        {
            return BodyRules.Text(content, param);
        }

        return content.ValueKind is JsonValueKind.Array
            ? string.Concat(BodyRules.Items(content, param).Select(item => item.Item.ValueKind is JsonValueKind.Object && BodyRules.RequiredText(item.Item, "type", $"{item.Param}.type") is "text"
                ? BodyRules.OptionalText(item.Item, "text", $"{item.Param}.text")
                : throw GatewayRefusals.Unsupported(item.Param, "A block other than text")))
            : throw GatewayRefusals.Invalid(param, "must be a string or an array of text blocks.");
    }

    private static JsonArray Tools(JsonElement tools)
    {
        if (tools.ValueKind is not JsonValueKind.Array)
        {
            throw GatewayRefusals.Invalid("tools", "must be an array.");
        }

        var all = new JsonArray();
        foreach (var (tool, param) in BodyRules.Items(tools, "tools"))
        {
            if (tool.ValueKind is not JsonValueKind.Object)
            {
                throw GatewayRefusals.Invalid(param, "must be an object with 'name' and 'input_schema'.");
            }

            var schema = BodyRules.RequiredObject(tool, "input_schema", $"{param}.input_schema");
            SchemaRules.Check(schema, $"{param}.input_schema");
            var function = new JsonObject { ["name"] = BodyRules.RequiredText(tool, "name", $"{param}.name"), ["parameters"] = Node(schema) };
            if (BodyRules.OptionalText(tool, "description", $"{param}.description") is { } description)
            {
                function["description"] = description;
            }

            all.Add(new JsonObject { ["type"] = "function", ["function"] = function });
        }

        return all;
    }

    private static JsonNode Choice(JsonElement choice) => BodyRules.RequiredText(choice, "type", "tool_choice.type") switch
    {
        "auto" => "auto",
        "none" => "none",
        "any" => "required",
        "tool" => new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = BodyRules.RequiredText(choice, "name", "tool_choice.name") } },
        _ => throw GatewayRefusals.Invalid("tool_choice.type", "must be auto, any, tool or none."),
    };

    private static JsonNode? Node(JsonElement value) => JsonNode.Parse(value.GetRawText());
}
