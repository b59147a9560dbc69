using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Something that a gate asks.</summary>
/// <param name="Name">As it is read; answers are named by it.</param>
/// <param name="Type"><c>text</c>, <c>checkbox</c>, <c>date_picker</c>, <c>country</c> or <c>select</c>.</param>
/// <param name="Options">Of a select.</param>
/// <param name="Optional">May be left empty.</param>
internal sealed record GateField(string Name, string Type, IReadOnlyList<string>? Options = null, bool Optional = false)
{
    public const int LongestName = 200;

    private const int LongestText = 2000;

    private static readonly string[] Types = ["text", "checkbox", "date_picker", "country", "select"];

    [JsonIgnore]
    public bool IsValid => Name.Length is > 0 and <= LongestName && !Name.StartsWith('_') && !Name.Any(char.IsControl) && Types.Contains(Type, StringComparer.Ordinal)
        && (Type is not "select" || Options is { Count: > 0 and <= 100 } options && options.All(o => o is { Length: > 0 and <= LongestName }));

    /// <summary>The fields that a card asks for under <c>extra_gated_fields</c>. What is not understood there is not asked.</summary>
    public static IReadOnlyList<GateField> OfCard(JsonObject? card) => card?["extra_gated_fields"] is JsonObject fields
        ? [.. fields.Select(f => Of(f.Key.Trim(), f.Value)).OfType<GateField>().Where(f => f.IsValid)]
        : [];

    /// <summary>The answer as it is kept.</summary>
    /// <returns>Null: nothing was answered to what need not be.</returns>
    /// <exception cref="Refusal"><c>invalid_request</c>, with the field.</exception>
    public string? Read(string? answer)
    {
        var text = (answer ?? "").Trim();
        if (Type is "checkbox")
        {
            var isTicked = text is "true" or "True" or "1" or "on" or "yes";
            return isTicked ? "true" : Optional ? "false" : throw Wrong("must be ticked");
        }

        if (text.Length == 0)
        {
            return Optional ? null : throw Wrong("must be answered");
        }

        return Type switch
        {
            "date_picker" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _) ? text : throw Wrong("must be a date, as in 2026-03-01"),
            "country" => Countries.Find(text) is { } code ? code : throw Wrong("must be a country by its two letters, as in FR (ISO 3166-1)"),
            "select" => Options!.Contains(text, StringComparer.Ordinal) ? text : throw Wrong($"must be one of [{string.Join(", ", Options!)}]"), // valid: a select has options
            _ => text.Length <= LongestText ? text : throw Wrong($"must be at most {LongestText} characters"),
        };
    }

    private static GateField? Of(string name, JsonNode? given) => given switch
    {
        JsonValue value when value.TryGetValue<string>(out var type) => new GateField(name, type),
        JsonObject options when options.Text("type") is { } type => new GateField(name, type, [.. OptionsOf(options)], IsTrue(options["optional"]) || IsFalse(options["required"])),
        _ => null,
    };

    // Choices are texts, or objects that have a label for people and a value for programs.
    private static IEnumerable<string> OptionsOf(JsonObject field) => (field["options"] as JsonArray ?? [])
        .Select(o => o is JsonObject pair ? pair.Text("value") ?? pair.Text("label") : o?.ToString()).OfType<string>();

    private static bool IsTrue(JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var given) && given;

    private static bool IsFalse(JsonNode? node) => node is JsonValue value && value.TryGetValue<bool>(out var given) && !given;

    private Refusal Wrong(string rule) => new(RefusalCode.Invalid, $"\"{Name}\" {rule}.") { Param = Name };
}

/// <summary>Checks what somebody answered against what a gate asks.</summary>
internal static class GateAnswers
{
    /// <exception cref="Refusal"><c>invalid_request</c>, with the field.</exception>
    public static IReadOnlyDictionary<string, string> Check(IReadOnlyList<GateField> fields, IReadOnlyDictionary<string, string?> answers)
    {
        if (answers.Keys.FirstOrDefault(name => fields.All(f => f.Name != name)) is { } unknown)
        {
            throw new Refusal(RefusalCode.Invalid, $"This gate does not ask for \"{unknown}\". It asks for [{string.Join(", ", fields.Select(f => f.Name))}].") { Param = unknown };
        }

        var kept = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in fields)
        {
            if (field.Read(answers.GetValueOrDefault(field.Name)) is { } answer)
            {
                kept[field.Name] = answer;
            }
        }

        return kept;
    }
}
