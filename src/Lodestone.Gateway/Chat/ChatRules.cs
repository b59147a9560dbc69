using System.Globalization;
using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>What a chat request may hold. Everything is checked before a model is looked up, so that a mistake costs nothing.</summary>
internal static class ChatRules
{
    private const int MostStops = 4;

    private static readonly NumberRule[] Numbers =
    [
        new("temperature", 0, 2), new("top_p", 0, 1), new("min_p", 0, 1), new("presence_penalty", -2, 2), new("frequency_penalty", -2, 2),
        new("repetition_penalty", 0.01, 10), new("top_k", -1, int.MaxValue, IsWhole: true), new("seed", long.MinValue, long.MaxValue, IsWhole: true),
    ];

    // Understood, so ignoring them would give a wrong answer; not built yet, so they are refused by name.
    private static readonly string[] NotYet = ["tools", "functions", "logit_bias", "grammar", "audio", "prediction", "web_search_options"];

    public static string RequiredText(JsonElement owner, string name, string? param = null)
    {
        param ??= name;
        if (!TryGet(owner, name, out var value))
        {
            throw GatewayRefusals.Missing(param);
        }

        return value.ValueKind is JsonValueKind.String && Text(value, param) is { Length: > 0 } text
            ? text
            : throw GatewayRefusals.Invalid(param, "must be a string that is not empty.");
    }

    public static bool Flag(JsonElement owner, string name) => TryGet(owner, name, out var value) && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw GatewayRefusals.Invalid(name, "must be true or false."),
    };

    public static bool WantsUsage(JsonElement body)
    {
        if (!TryGet(body, "stream_options", out var options))
        {
            return false;
        }

        return options.ValueKind is JsonValueKind.Object ? Flag(options, "include_usage") : throw GatewayRefusals.Invalid("stream_options", "must be an object.");
    }

    /// <summary>The newer name wins.</summary>
    public static (string Name, long? Value) MaxTokens(JsonElement body)
    {
        foreach (var name in (ReadOnlySpan<string>)["max_completion_tokens", "max_tokens"])
        {
            if (TryGet(body, name, out var value))
            {
                return (name, new NumberRule(name, 1, int.MaxValue, IsWhole: true).Whole(value));
            }
        }

        return ("max_tokens", null);
    }

    public static void CheckMessages(JsonElement body)
    {
        if (!TryGet(body, "messages", out var messages))
        {
            throw GatewayRefusals.Missing("messages");
        }

        if (messages.ValueKind is not JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw GatewayRefusals.Invalid("messages", "must be an array with at least one message.");
        }

        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            CheckMessage(message, string.Create(CultureInfo.InvariantCulture, $"messages[{index++}]"));
        }
    }

    public static void CheckSampling(JsonElement body)
    {
        foreach (var rule in Numbers)
        {
            if (TryGet(body, rule.Name, out var value))
            {
                rule.Check(value);
            }
        }

        if (TryGet(body, "stop", out var stop))
        {
            CheckStop(stop);
        }
    }

    /// <summary>The members that the engine is to see as they are.</summary>
    public static IEnumerable<JsonProperty> SamplingOf(JsonElement body) =>
        body.EnumerateObject().Where(m => m.Value.ValueKind is not JsonValueKind.Null && (m.Name == "stop" || Numbers.Any(rule => rule.Name == m.Name)));

    public static void RefuseUnsupported(JsonElement body)
    {
        foreach (var name in NotYet)
        {
            if (TryGet(body, name, out var value) && !IsEmpty(value))
            {
                throw GatewayRefusals.Unsupported(name);
            }
        }

        if (Flag(body, "logprobs") || (TryGet(body, "top_logprobs", out var top) && new NumberRule("top_logprobs", 0, 20, IsWhole: true).Whole(top) > 0))
        {
            throw GatewayRefusals.Unsupported("logprobs");
        }

        if (TryGet(body, "n", out var n) && new NumberRule("n", 1, 128, IsWhole: true).Whole(n) > 1)
        {
            throw GatewayRefusals.Unsupported("n", "More than one choice ('n')");
        }

        if (TryGet(body, "response_format", out var format)
            && (format.ValueKind is not JsonValueKind.Object || RequiredText(format, "type", "response_format.type") != "text"))
        {
            throw GatewayRefusals.Unsupported("response_format", "A 'response_format' other than text");
        }

        if (TryGet(body, "modalities", out var modalities)
            && (modalities.ValueKind is not JsonValueKind.Array || modalities.EnumerateArray().Any(m => m.ValueKind is not JsonValueKind.String || !m.ValueEquals("text"))))
        {
            throw GatewayRefusals.Unsupported("modalities", "A modality other than text");
        }
    }

    private static void CheckMessage(JsonElement message, string param)
    {
        if (message.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid(param, "must be an object with 'role' and 'content'.");
        }

        var role = RequiredText(message, "role", $"{param}.role");
        if (role is "tool" or "function" || (TryGet(message, "tool_calls", out var calls) && !IsEmpty(calls)))
        {
            throw GatewayRefusals.Unsupported(role is "assistant" ? $"{param}.tool_calls" : $"{param}.role", "Calling tools");
        }

        if (role is not ("system" or "developer" or "user" or "assistant"))
        {
            throw GatewayRefusals.Invalid($"{param}.role", "must be one of system, developer, user and assistant.");
        }

        if (TryGet(message, "name", out _))
        {
            RequiredText(message, "name", $"{param}.name");
        }

        if (!TryGet(message, "content", out var content))
        {
            throw GatewayRefusals.Missing($"{param}.content");
        }

        CheckContent(content, $"{param}.content");
    }

    private static void CheckContent(JsonElement content, string param)
    {
        if (content.ValueKind is JsonValueKind.String)
        {
            Text(content, param);
            return;
        }

        if (content.ValueKind is not JsonValueKind.Array)
        {
            throw GatewayRefusals.Invalid(param, "must be a string or an array of parts.");
        }

        var index = 0;
        foreach (var part in content.EnumerateArray())
        {
            CheckPart(part, string.Create(CultureInfo.InvariantCulture, $"{param}[{index++}]"));
        }
    }

    private static void CheckPart(JsonElement part, string param)
    {
        if (part.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid(param, "must be an object with a 'type'.");
        }

        if (RequiredText(part, "type", $"{param}.type") is var type and not "text")
        {
            throw GatewayRefusals.Unsupported(param, $"A part of type '{type}'");
        }

        if (!TryGet(part, "text", out var text) || text.ValueKind is not JsonValueKind.String)
        {
            throw GatewayRefusals.Invalid($"{param}.text", "must be a string.");
        }

        Text(text, $"{param}.text");
    }

    private static void CheckStop(JsonElement stop)
    {
        var isText = stop.ValueKind is JsonValueKind.String;
        if (!isText && (stop.ValueKind is not JsonValueKind.Array || stop.GetArrayLength() > MostStops))
        {
            throw GatewayRefusals.Invalid("stop", "must be a string or an array of at most 4 strings.");
        }

        foreach (var text in isText ? [stop] : stop.EnumerateArray().ToArray())
        {
            if (text.ValueKind is not JsonValueKind.String || Text(text, "stop").Length == 0)
            {
                throw GatewayRefusals.Invalid("stop", "must hold strings that are not empty.");
            }
        }
    }

    // Only here is a text's encoding looked at: the parser lets broken UTF-8 and half surrogates through.
    private static string Text(JsonElement value, string param)
    {
        try
        {
            return value.GetString()!; // the callers know that it is a string
        }
        catch (InvalidOperationException)
        {
            throw GatewayRefusals.Invalid(param, "is not valid Unicode text.");
        }
    }

    private static bool TryGet(JsonElement owner, string name, out JsonElement value) =>
        owner.TryGetProperty(name, out value) && value.ValueKind is not JsonValueKind.Null;

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    /// <summary>A number with its bounds, both allowed.</summary>
    private sealed record NumberRule(string Name, double Least, double Most, bool IsWhole = false)
    {
        public void Check(JsonElement value)
        {
            if (IsWhole)
            {
                Whole(value);
            }
            else if (value.ValueKind is not JsonValueKind.Number || !(value.GetDouble() >= Least && value.GetDouble() <= Most))
            {
                throw Refused();
            }
        }

        public long Whole(JsonElement value) =>
            value.ValueKind is JsonValueKind.Number && value.TryGetInt64(out var number) && number >= Least && number <= Most ? number : throw Refused();

        private Refusal Refused() => GatewayRefusals.Invalid(Name, string.Create(CultureInfo.InvariantCulture,
            $"must be a {(IsWhole ? "whole " : "")}number{(Most is long.MaxValue ? "" : Most is int.MaxValue ? $" of at least {Least}" : $" from {Least} to {Most}")}."));
    }
}
