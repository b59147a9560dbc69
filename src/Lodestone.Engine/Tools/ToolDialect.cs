using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Engine.Grammars;

namespace Lodestone.Engine.Tools;

/// <summary>How a model was taught to write calls, told by its chat template.</summary>
/// <param name="Opening">Stands before a call, so that it can be told from text; empty where a call is the whole answer.</param>
/// <param name="Closing">Stands after it.</param>
/// <param name="ArgumentsName">The member of the call that holds the arguments.</param>
/// <param name="IsList">Calls stand in a list.</param>
/// <param name="IsTaught">The template itself speaks of tools; if not, the prompt has to explain them.</param>
internal sealed record ToolDialect(string Opening, string Closing, string ArgumentsName, bool IsList, bool IsTaught)
{
    /// <summary>Recognises the way of Hermes and Qwen, of Mistral, of Llama 3; any other template gets the plain form, a JSON object.</summary>
    public static ToolDialect Of(string template)
    {
        var isTaught = template.Contains("tools", StringComparison.Ordinal);
        return template switch
        {
            _ when isTaught && template.Contains("<tool_call>", StringComparison.Ordinal) => new("<tool_call>", "</tool_call>", "arguments", IsList: false, isTaught),
            _ when isTaught && template.Contains("[TOOL_CALLS]", StringComparison.Ordinal) => new("[TOOL_CALLS]", "", "arguments", IsList: true, isTaught),
            _ when isTaught && template.Contains("<|python_tag|>", StringComparison.Ordinal) => new("", "", "parameters", IsList: false, isTaught),
            _ => new ToolDialect("", "", "arguments", IsList: false, isTaught),
        };
    }

    /// <summary>The grammar of what follows the opening.</summary>
    /// <param name="tools">Those that may be called.</param>
    /// <param name="withOpening">The opening is part of it: the answer has to be a call.</param>
    public string Grammar(IReadOnlyList<Tool> tools, bool withOpening)
    {
        var calls = JsonSerializer.SerializeToElement(new { anyOf = tools.Select(Schema).ToArray() });
        var call = SchemaGrammar.Compile(Anchored(calls, tools));
        var opening = withOpening && Opening.Length > 0 ? GrammarRules.Literal(Opening) + " ws " : "";
        var closing = Closing.Length > 0 ? " ws " + GrammarRules.Literal(Closing) : "";
        var root = $"root ::= {opening}ws {(IsList ? "\"[\" ws call ws \"]\"" : "call")}{closing}\nws ::= [ \\n]{{0,4}}\n";
        return root + "call" + call["root".Length..];
    }

    private Dictionary<string, object> Schema(Tool tool, int index) => new(StringComparer.Ordinal)
    {
        ["type"] = "object",
        ["properties"] = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["name"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["const"] = tool.Name },
            [ArgumentsName] = new Dictionary<string, object>(StringComparer.Ordinal) { ["$ref"] = FormattableString.Invariant($"#/$defs/{index}") },
        },
        ["required"] = new[] { "name", ArgumentsName },
    };

    /// <summary>Puts the tools' schemas beside the calls', with the references of each leading into itself.</summary>
    private static JsonElement Anchored(JsonElement calls, IReadOnlyList<Tool> tools)
    {
        var schemas = new JsonObject();
        for (var i = 0; i < tools.Count; i++)
        {
            var schema = JsonNode.Parse(tools[i].Parameters.GetRawText());
            Rebase(schema, FormattableString.Invariant($"#/$defs/{i}"));
            schemas.Add(FormattableString.Invariant($"{i}"), schema);
        }

        return JsonSerializer.SerializeToElement(new JsonObject { ["anyOf"] = JsonNode.Parse(calls.GetProperty("anyOf").GetRawText()), ["$defs"] = schemas });
    }

    private static void Rebase(JsonNode? node, string root)
    {
        if (node is JsonArray list)
        {
            foreach (var item in list)
            {
                Rebase(item, root);
            }
        }
        else if (node is JsonObject map)
        {
            foreach (var (name, value) in map.ToList())
            {
                if (name is "$ref" && value is JsonValue reference && reference.TryGetValue(out string? pointer) && pointer.StartsWith('#'))
                {
                    map[name] = root + pointer[1..];
                }

                Rebase(value, root);
            }
        }
    }
}
