using System.Text.Json;

namespace Lodestone.Engine.Grammars;

/// <summary>Rules for strings: lengths, patterns, formats.</summary>
internal static class StringGrammar
{
    private static readonly Dictionary<string, string> Formats = new(StringComparer.Ordinal)
    {
        ["date"] = """[0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | "1" [0-9] | "2" [0-8])""",
        ["time"] = """([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9] ":" [0-5] [0-9] ("." [0-9]{1,6})? ("Z" | [+-] ([01] [0-9] | "2" [0-3]) ":" [0-5] [0-9])""",
        ["duration"] = """ "P" ([0-9]{1,4} "D" | "T" [0-9]{1,4} [HMS] | [0-9]{1,4} "DT" [0-9]{1,4} [HMS])""",
        ["uuid"] = """[0-9a-f]{8} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{4} "-" [0-9a-f]{12}""",
        ["ipv4"] = """([0-9] | [1-9] [0-9] | "1" [0-9] [0-9]) "." ([0-9] | [1-9] [0-9] | "1" [0-9] [0-9]) "." ([0-9] | [1-9] [0-9] | "1" [0-9] [0-9]) "." ([0-9] | [1-9] [0-9] | "1" [0-9] [0-9])""",
        ["hostname"] = """[a-z] [a-z0-9]{0,30} ("." [a-z] [a-z0-9]{0,20}){1,3}""",
        ["email"] = """[a-z0-9] [a-z0-9._+]{0,30} "@" [a-z] [a-z0-9]{0,30} ("." [a-z]{2,10}){1,2}""",
        ["uri"] = """ "http" "s"? "://" [a-z] [a-z0-9]{0,30} ("." [a-z]{2,10}){1,2} ("/" [a-zA-Z0-9_~.=&?-]{0,40}){0,6}""",
    };

    /// <summary>The rule of a string schema.</summary>
    /// <exception cref="SchemaFault">It has a format or pattern that is not supported.</exception>
    public static string Add(GrammarRules rules, JsonElement schema, string place)
    {
        var least = SchemaReading.Count(schema, "minLength", place);
        var most = SchemaReading.Count(schema, "maxLength", place);
        var isSized = least is not null || most is not null;
        if (schema.TryGetProperty("pattern", out var pattern))
        {
            return isSized || schema.TryGetProperty("format", out _)
                ? throw new SchemaFault(place, "combines 'pattern' with a length or a format, which is not supported. Put the length into the pattern.")
                : Quoted(rules, PatternGrammar.Expression(SchemaReading.Text(pattern, place), place));
        }

        if (schema.TryGetProperty("format", out var format))
        {
            return isSized
                ? throw new SchemaFault(place, "combines 'format' with a length, which is not supported.")
                : Quoted(rules, Format(SchemaReading.Text(format, place), place));
        }

        if (!isSized)
        {
            return rules.Use("string");
        }

        return Quoted(rules, rules.Use("char") + SchemaReading.Repetition(least ?? 0, most));
    }

    private static string Format(string name, string place)
    {
        if (name is "date-time")
        {
            return $"{Formats["date"]} \"T\" {Formats["time"]}";
        }

        return Formats.TryGetValue(name, out var format)
            ? format
            : throw new SchemaFault(place, $"has the format '{name}', which is not supported; these are: date-time, {string.Join(", ", Formats.Keys)}.");
    }

    private static string Quoted(GrammarRules rules, string content) => rules.Add($"\"\\\"\" ({content}) \"\\\"\"");
}
