using System.Globalization;
using System.Text;

namespace Lodestone.Engine.Grammars;

/// <summary>The rules of a grammar in llama.cpp's notation (GBNF), with those of JSON that others build on.</summary>
internal sealed class GrammarRules
{
    /// <summary>Rules of one grammar; llama.cpp's time per token grows with them.</summary>
    public const int Most = 4000;

    // Names are llama.cpp's; a surrogate may not be escaped alone, and pairs need no escape.
    private static readonly Dictionary<string, (string Body, string[] Needs)> Known = new(StringComparer.Ordinal)
    {
        ["space"] = (""" " "? """, []), // no lines and indents: whoever pays for tokens does not want them
        ["hex"] = ("[0-9a-fA-F]", []),
        ["char"] = ("""[^"\\\x7F\x00-\x1F] | [\\] (["\\/bfnrt] | "u" ([0-9a-cA-CefEF] hex hex hex | [dD] [0-7] hex hex))""", ["hex"]),
        ["string"] = (""" "\"" char* "\"" """, ["char"]),
        ["digits"] = ("[0-9]{1,15}", []),
        ["whole"] = ("""[0] | [1-9] [0-9]{0,14}""", []),
        ["integer"] = (""" "-"? whole """, ["whole"]),
        ["number"] = (""" "-"? whole ("." digits)? ([eE] [-+]? [0-9]{1,2})? """, ["whole", "digits"]),
        ["boolean"] = (""" "true" | "false" """, []),
        ["null"] = (""" "null" """, []),
        ["value"] = ("object | array | string | number | boolean | null", ["object", "array", "string", "number", "boolean", "null"]),
        ["object"] = (""" "{" space (string space ":" space value space ("," space string space ":" space value space)*)? "}" """, ["space", "string", "value"]),
        ["array"] = (""" "[" space (value space ("," space value space)*)? "]" """, ["space", "value"]),
    };

    private readonly Dictionary<string, string> _rules = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>A rule of JSON's own, by its name.</summary>
    public string Use(string name)
    {
        if (Known.TryGetValue(name, out var known) && _rules.TryAdd(name, known.Body.Trim()))
        {
            foreach (var need in known.Needs)
            {
                Use(need);
            }
        }

        return name;
    }

    /// <summary>A name for a rule that is to be set later.</summary>
    public string Reserve()
    {
        if (++_count > Most)
        {
            throw new SchemaFault("#", $"needs more than {Most} rules. Ask for less at once.");
        }

        return string.Create(CultureInfo.InvariantCulture, $"r{_count}");
    }

    public void Set(string name, string body) => _rules[name] = body;

    /// <summary>Adds a rule.</summary>
    /// <returns>Its name.</returns>
    public string Add(string body)
    {
        var name = Reserve();
        Set(name, body);
        return name;
    }

    /// <summary>The grammar, beginning at <paramref name="root"/>.</summary>
    public string Write(string root)
    {
        var text = new StringBuilder().Append("root ::= ").Append(root).Append('\n');
        foreach (var (name, body) in _rules)
        {
            text.Append(name).Append(" ::= ").Append(body).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A text that must come as it is.</summary>
    public static string Literal(string text)
    {
        var literal = new StringBuilder("\"");
        foreach (var c in text)
        {
            literal.Append(c switch { '"' => "\\\"", '\\' => @"\\", '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", _ => c.ToString() });
        }

        return literal.Append('"').ToString();
    }
}
