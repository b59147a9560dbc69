using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A gate's fields as people write them, one on a line: <c>Name | type | option, option | optional</c>.</summary>
internal static class FieldLines
{
    public static string Write(IEnumerable<GateField> fields) => string.Join('\n', fields.Select(f =>
        string.Join(" | ", new[] { f.Name, f.Type, f.Options is { Count: > 0 } options ? string.Join(", ", options) : null, f.Optional ? "optional" : null }.OfType<string>())));

    /// <exception cref="Refusal"><c>invalid_request</c> with the line.</exception>
    public static IReadOnlyList<GateField> Read(string? text) =>
        [.. (text ?? "").ReplaceLineEndings("\n").Split('\n').Index().Where(l => l.Item.Trim().Length > 0).Select(l => Read(l.Item, l.Index + 1))];

    private static GateField Read(string line, int number)
    {
        var parts = line.Split('|', StringSplitOptions.TrimEntries);
        var isOptional = parts.Length > 1 && parts[^1] is "optional";
        var rest = isOptional ? parts[..^1] : parts;
        var options = rest.ElementAtOrDefault(2)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var field = new GateField(rest[0], rest.ElementAtOrDefault(1) is { Length: > 0 } type ? type : "text", options, isOptional);
        return field.IsValid && rest.Length <= 3
            ? field
            : throw new Refusal(RefusalCode.Invalid, $"Line {number} of the fields is not of the form “Name | type”. Types are text, checkbox, date_picker, country, and select with its options behind another bar.") { Param = "fields" };
    }
}
