using System.Globalization;
using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>What the messages of a chat request may hold. Everything is checked before a model is looked up, so that a mistake costs nothing.</summary>
internal static class ChatRules
{
    private const int MostMessages = 10_000;
    private const string Roles = "must be one of system, developer, user, assistant and tool.";

    // Understood, so ignoring them would give a wrong answer; not built yet, so they are refused by name.
    private static readonly string[] NotYet = ["functions", "audio", "web_search_options"];

    public static bool WantsUsage(JsonElement body) =>
        BodyRules.OptionalObject(body, "stream_options") is { } options && BodyRules.Flag(options, "include_usage", "stream_options.include_usage");

    public static void RefuseUnknown(JsonElement body)
    {
        foreach (var name in NotYet)
        {
            if (BodyRules.TryGet(body, name, out var value) && !BodyRules.IsEmpty(value))
            {
                throw GatewayRefusals.Unsupported(name);
            }
        }
    }

    public static void CheckMessages(JsonElement body, List<Need> needs)
    {
        if (!BodyRules.TryGet(body, "messages", out var messages))
        {
            throw GatewayRefusals.Missing("messages");
        }

        if (messages.ValueKind is not JsonValueKind.Array || messages.GetArrayLength() == 0)
        {
            throw GatewayRefusals.Invalid("messages", "must be an array with at least one message.");
        }

        if (messages.GetArrayLength() > MostMessages)
        {
            throw GatewayRefusals.Invalid("messages", string.Create(CultureInfo.InvariantCulture, $"may have at most {MostMessages} messages."));
        }

        var calls = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (message, param) in BodyRules.Items(messages, "messages"))
        {
            CheckMessage(message, param, calls, needs);
        }
    }

    private static void CheckMessage(JsonElement message, string param, HashSet<string> calls, List<Need> needs)
    {
        if (message.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid(param, "must be an object with 'role' and 'content'.");
        }

        var role = BodyRules.RequiredText(message, "role", $"{param}.role");
        if (role is not ("system" or "developer" or "user" or "assistant" or "tool"))
        {
            throw role is "function" ? GatewayRefusals.Unsupported($"{param}.role", "The role 'function'") : GatewayRefusals.Invalid($"{param}.role", Roles);
        }

        if (BodyRules.TryGet(message, "name", out _))
        {
            BodyRules.RequiredText(message, "name", $"{param}.name");
        }

        var hasCalls = CheckCalls(message, role, param, calls, needs);
        CheckResult(message, role, param, calls);
        if (BodyRules.TryGet(message, "content", out var content))
        {
            CheckContent(content, $"{param}.content", needs);
        }
        else if (!hasCalls)
        {
            throw GatewayRefusals.Missing($"{param}.content");
        }
    }

    private static bool CheckCalls(JsonElement message, string role, string param, HashSet<string> calls, List<Need> needs)
    {
        if (!BodyRules.TryGet(message, "tool_calls", out var made) || BodyRules.IsEmpty(made))
        {
            return false;
        }

        if (role is not "assistant")
        {
            throw GatewayRefusals.Invalid($"{param}.tool_calls", "belong to messages of the assistant.");
        }

        calls.UnionWith(ToolRules.CheckCalls(made, $"{param}.tool_calls"));
        needs.Add(new Need(ModelFeatures.Tools, $"{param}.tool_calls", "Calling tools"));
        return true;
    }

    private static void CheckResult(JsonElement message, string role, string param, HashSet<string> calls)
    {
        if (role is not "tool")
        {
            return;
        }

        var id = BodyRules.RequiredText(message, "tool_call_id", $"{param}.tool_call_id");
        if (!calls.Contains(id))
        {
            throw GatewayRefusals.Invalid($"{param}.tool_call_id", $"is '{id}', but no earlier message of the assistant makes that call.");
        }
    }

    private static void CheckContent(JsonElement content, string param, List<Need> needs)
    {
        if (content.ValueKind is JsonValueKind.String)
        {
            BodyRules.Text(content, param);
            return;
        }

        if (content.ValueKind is not JsonValueKind.Array)
        {
            throw GatewayRefusals.Invalid(param, "must be a string or an array of parts.");
        }

        foreach (var (part, name) in BodyRules.Items(content, param))
        {
            CheckPart(part, name, needs);
        }
    }

    private static void CheckPart(JsonElement part, string param, List<Need> needs)
    {
        if (part.ValueKind is not JsonValueKind.Object)
        {
            throw GatewayRefusals.Invalid(param, "must be an object with a 'type'.");
        }

        var type = BodyRules.RequiredText(part, "type", $"{param}.type");
        switch (type)
        {
            case "text":
                if (BodyRules.OptionalText(part, "text", $"{param}.text") is null)
                {
                    throw GatewayRefusals.Invalid($"{param}.text", "must be a string.");
                }

                return;
            case "image_url":
                CheckImage(part, param);
                needs.Add(new Need(ModelFeatures.Images, param, "A picture in a message"));
                return;
            case "input_audio":
                CheckAudio(part, param);
                needs.Add(new Need(ModelFeatures.Audio, param, "Sound in a message"));
                return;
            case "file":
                BodyRules.RequiredObject(part, "file", $"{param}.file");
                needs.Add(new Need(ModelFeatures.Files, param, "A file in a message"));
                return;
            default:
                throw GatewayRefusals.Unsupported(param, $"A part of type '{type}'");
        }
    }

    private static void CheckImage(JsonElement part, string param)
    {
        var isPlain = BodyRules.TryGet(part, "image_url", out var image) && image.ValueKind is JsonValueKind.String; // as Mistral's client may send it
        var url = isPlain
            ? BodyRules.Text(image, $"{param}.image_url")
            : BodyRules.RequiredText(BodyRules.RequiredObject(part, "image_url", $"{param}.image_url"), "url", $"{param}.image_url.url");
        if (!url.StartsWith("https://", StringComparison.OrdinalIgnoreCase) && !url.StartsWith("data:image/", StringComparison.OrdinalIgnoreCase))
        {
            throw GatewayRefusals.Invalid(isPlain ? $"{param}.image_url" : $"{param}.image_url.url", "must be a picture as data:image/…;base64,… or an address that begins with https://.");
        }
    }

    private static void CheckAudio(JsonElement part, string param)
    {
        var audio = BodyRules.RequiredObject(part, "input_audio", $"{param}.input_audio");
        BodyRules.RequiredText(audio, "data", $"{param}.input_audio.data");
        if (BodyRules.RequiredText(audio, "format", $"{param}.input_audio.format") is not ("wav" or "mp3"))
        {
            throw GatewayRefusals.Invalid($"{param}.input_audio.format", "must be wav or mp3.");
        }
    }
}
