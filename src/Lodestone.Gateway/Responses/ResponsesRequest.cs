using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>A body of POST /v1/responses, said as a chat request. Nothing is stored, so there is nothing to go on from: conversations are sent whole.</summary>
internal static class ResponsesRequest
{
    private static readonly string[] Same = ["model", "temperature", "top_p", "stream", "parallel_tool_calls", "seed"];
    private static readonly string[] NotYet = ["previous_response_id", "conversation", "prompt"];

    /// <exception cref="Refusal">The first thing wrong with it, by name.</exception>
    public static ChatRequest Read(JsonElement body)
    {
        foreach (var name in NotYet)
        {
            if (BodyRules.TryGet(body, name, out _))
            {
                throw GatewayRefusals.Unsupported(name);
            }
        }

        if (BodyRules.Flag(body, "background"))
        {
            throw GatewayRefusals.Unsupported("background");
        }

        var chat = new JsonObject();
        foreach (var name in Same)
        {
            if (BodyRules.TryGet(body, name, out var value))
            {
                chat[name] = Node(value);
            }
        }

        if (BodyRules.TryGet(body, "max_output_tokens", out var most))
        {
            chat["max_tokens"] = new NumberRule("max_output_tokens", 1, int.MaxValue, IsWhole: true).Whole(most);
        }

        chat["messages"] = Messages(body);
        if (BodyRules.TryGet(body, "tools", out var tools) && !BodyRules.IsEmpty(tools))
        {
            chat["tools"] = Tools(tools);
            if (BodyRules.TryGet(body, "tool_choice", out var choice))
            {
                chat["tool_choice"] = Choice(choice);
            }
        }

        if (BodyRules.OptionalObject(body, "text") is { } text && BodyRules.OptionalObject(text, "format", "text.format") is { } format)
        {
            chat["response_format"] = Format(format);
        }

        return ChatRequest.Of(JsonSerializer.SerializeToDocument(chat));
    }

    private static JsonArray Messages(JsonElement body)
    {
        var all = new JsonArray();
        if (BodyRules.OptionalText(body, "instructions") is { Length: > 0 } instructions)
        {
            all.Add(new JsonObject { ["role"] = "system", ["content"] = instructions });
        }

        if (!BodyRules.TryGet(body, "input", out var input))
        {
            throw GatewayRefusals.Missing("input");
        }

        if (input.ValueKind is JsonValueKind.String)
        {
            all.Add(new JsonObject { ["role"] = "user", ["content"] = BodyRules.Text(input, "input") });
            return all;
        }

        if (input.ValueKind is not JsonValueKind.Array || input.GetArrayLength() == 0)
        {
            throw GatewayRefusals.Invalid("input", "must be a string or an array with at least one item.");
        }

        foreach (var (item, param) in BodyRules.Items(input, "input"))
        {
            Add(all, item, param);
        }

        return all;
    }

    private static void Add(JsonArray all, JsonElement item, string param)
    {
        if (item.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid(param, "must be an object.");
        }

        switch (BodyRules.OptionalText(item, "type", $"{param}.type") ?? "message")
        {
            case "message":
                all.Add(new JsonObject { ["role"] = BodyRules.RequiredText(item, "role", $"{param}.role"), ["content"] = Content(item, param) });
                return;
            case "function_call":
                AddCall(all, item, param);
                return;
            case "function_call_output":
                all.Add(new JsonObject
                {
                    ["role"] = "tool",
                    ["tool_call_id"] = BodyRules.RequiredText(item, "call_id", $"{param}.call_id"),
                    ["content"] = BodyRules.OptionalText(item, "output", $"{param}.output") ?? throw GatewayRefusals.Missing($"{param}.output"),
                });
                return;
            case "reasoning":
                return; // of earlier turns
            case var other:
                throw GatewayRefusals.Unsupported(param, $"An item of type '{other}'");
        }
    }

    // Calls that were made together are one message.
    private static void AddCall(JsonArray all, JsonElement item, string param)
    {
        var call = new JsonObject
        {
            ["id"] = BodyRules.RequiredText(item, "call_id", $"{param}.call_id"),
            ["type"] = "function",
            ["function"] = new JsonObject
            {
                ["name"] = BodyRules.RequiredText(item, "name", $"{param}.name"),
                ["arguments"] = BodyRules.OptionalText(item, "arguments", $"{param}.arguments") ?? throw GatewayRefusals.Missing($"{param}.arguments"),
            },
        };
        if (all.Count > 0 && all[^1]!["tool_calls"] is JsonArray calls)
        {
            calls.Add(call);
            return;
        }

        all.Add(new JsonObject { ["role"] = "assistant", ["tool_calls"] = new JsonArray(call) });
    }

    private static JsonNode Content(JsonElement item, string param)
    {
        if (!BodyRules.TryGet(item, "content", out var content))
        {
            throw GatewayRefusals.Missing($"{param}.content");
        }

        if (content.ValueKind is JsonValueKind.String)
        {
            return BodyRules.Text(content, $"{param}.content");
        }

        if (content.ValueKind is not JsonValueKind.Array)
        {
            throw GatewayRefusals.Invalid($"{param}.content", "must be a string or an array of parts.");
        }

        return new JsonArray([.. BodyRules.Items(content, $"{param}.content").Select(part => Part(part.Item, part.Param))]);
    }

    private static JsonObject Part(JsonElement part, string param)
    {
        if (part.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid(param, "must be an object with a 'type'.");
        }

        return BodyRules.RequiredText(part, "type", $"{param}.type") switch
        {
            "input_text" or "output_text" or "text" => new JsonObject { ["type"] = "text", ["text"] = BodyRules.OptionalText(part, "text", $"{param}.text") ?? throw GatewayRefusals.Missing($"{param}.text") },
            "input_image" => new JsonObject { ["type"] = "image_url", ["image_url"] = new JsonObject { ["url"] = BodyRules.RequiredText(part, "image_url", $"{param}.image_url") } },
            var other => throw GatewayRefusals.Unsupported(param, $"A part of type '{other}'"),
        };
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
            if (tool.ValueKind is not JsonValueKind.Object || BodyRules.RequiredText(tool, "type", $"{param}.type") is not "function")
            {
                throw GatewayRefusals.Unsupported(param, "A tool other than a function");
            }

            var function = new JsonObject();
            foreach (var name in (ReadOnlySpan<string>)["name", "description", "parameters", "strict"])
            {
                if (BodyRules.TryGet(tool, name, out var value))
                {
                    function[name] = Node(value);
                }
            }

            all.Add(new JsonObject { ["type"] = "function", ["function"] = function });
        }

        return all;
    }

    private static JsonNode? Choice(JsonElement choice) => choice.ValueKind is JsonValueKind.Object
        ? new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = BodyRules.RequiredText(choice, "name", "tool_choice.name") } }
        : Node(choice);

    private static JsonObject Format(JsonElement format)
    {
        var type = BodyRules.RequiredText(format, "type", "text.format.type");
        if (type is not "json_schema")
        {
            return new JsonObject { ["type"] = type };
        }

        var schema = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["name", "schema", "strict", "description"])
        {
            if (BodyRules.TryGet(format, name, out var value))
            {
                schema[name] = Node(value);
            }
        }

        return new JsonObject { ["type"] = type, ["json_schema"] = schema };
    }

    private static JsonNode? Node(JsonElement value) => JsonNode.Parse(value.GetRawText());
}
