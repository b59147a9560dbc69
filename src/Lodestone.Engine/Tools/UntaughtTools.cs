using Lodestone.Engine.Templates;

namespace Lodestone.Engine.Tools;

/// <summary>Speaks of tools in plain messages, for a model whose template does not.</summary>
internal static class UntaughtTools
{
    private const string Explanation =
        "You may call the functions below. To call one, answer with nothing but a JSON object of the form {\"name\": \"…\", \"arguments\": {…}}.";

    /// <summary>The messages with an explanation before them, calls and results as text.</summary>
    public static List<object?> Explain(IEnumerable<Map> messages, ToolChoice tools)
    {
        var plain = messages.Select(Plain).ToList();
        if (tools.Tools.Count == 0)
        {
            return plain;
        }

        var lines = tools.Tools.Select(tool => Json.Dump(CallerJson.Value(tool.Definition, "tools"), indent: 0)).Prepend(MarkedText.Trusted(Explanation)).ToList();
        if (plain is [Map first, ..] && first.Find("role") is MarkedText { Value: "system" } && first.Find("content") is MarkedText content)
        {
            lines.Insert(0, content);
            plain.RemoveAt(0);
        }

        plain.Insert(0, Message("system", Lines(lines)));
        return plain;
    }

    private static object? Plain(Map message) => (message.Find("role"), message.Find("content"), message.Find("tool_calls")) switch
    {
        (MarkedText { Value: "tool" }, MarkedText result, _) => Message("user", MarkedText.Join([MarkedText.Trusted("The function answered: "), result])),
        (_, MarkedText text, List<object?> calls) => Message("assistant", Lines([.. text.Length > 0 ? new[] { text } : [], .. calls.OfType<Map>().Select(Call)])),
        _ => message,
    };

    private static MarkedText Call(Map call)
    {
        var function = (Map)call.Find("function")!; // checked when it was read
        var written = new Map();
        written.Put("name", function.Find("name"));
        written.Put("arguments", function.Find("arguments"));
        return Json.Dump(written, indent: 0);
    }

    private static Map Message(string role, MarkedText content)
    {
        var message = new Map();
        message.Put("role", MarkedText.Trusted(role));
        message.Put("content", content);
        return message;
    }

    private static MarkedText Lines(IEnumerable<MarkedText> lines) =>
        MarkedText.Join(lines.SelectMany((line, i) => i == 0 ? [line] : new[] { MarkedText.Trusted("\n"), line }));
}
