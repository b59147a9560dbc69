using System.Text.RegularExpressions;
using Lodestone.Ui;

namespace Lodestone.Hub;

/// <summary>A field of the form beside a card's text.</summary>
/// <param name="Key">In the metadata.</param>
/// <param name="IsList">Several values, apart by commas.</param>
/// <param name="Options">What is offered; null: anything may be written.</param>
internal sealed record CardField(string Key, string Label, string Hint, bool IsList = false, IReadOnlyList<string>? Options = null);

/// <summary>The form beside a card's text: reads its fields from the metadata and writes them back, leaving all else as it is.</summary>
internal static partial class CardForm
{
    private static readonly string[] Tasks =
    [
        "text-generation", "text-classification", "token-classification", "question-answering", "fill-mask", "translation", "summarization", "feature-extraction", "sentence-similarity",
        "image-text-to-text", "text-to-image", "image-classification", "object-detection", "automatic-speech-recognition", "text-to-speech", "reinforcement-learning", "other",
    ];

    private static readonly CardField License = new("license", "Licence", "What others may do with it.", Options: [.. Licenses.Identifiers]);
    private static readonly CardField Language = new("language", "Languages", "Codes of ISO 639, apart by commas: en, de.", IsList: true);
    private static readonly CardField Tags = new("tags", "Tags", "Apart by commas.", IsList: true);

    private static readonly CardField[] OfModels =
    [
        License, Language,
        new("pipeline_tag", "Task", "What it does.", Options: Tasks),
        new("library_name", "Library", "What loads it: transformers, diffusers, sentence-transformers."),
        new("base_model", "Base models", "owner/name of what it was made from, apart by commas.", IsList: true),
        new("base_model_relation", "Relation", "How it was made from them.", Options: Relations.OfModels),
        new("datasets", "Data sets", "owner/name of what it was trained on, apart by commas.", IsList: true),
        Tags,
    ];

    private static readonly CardField[] OfDatasets =
    [
        new("pretty_name", "Name", "As people read it."), License, Language,
        new("task_categories", "Tasks", "Apart by commas: text-generation.", IsList: true),
        new("size_categories", "Rows", "About how many.", Options: ["n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "n>1B"]),
        Tags,
    ];

    private static readonly CardField[] OfSpaces =
    [
        new("title", "Title", "As people read it."), new("sdk", "SDK", "What it is written for.", Options: SpaceSdk.Names), License,
        new("models", "Models", "owner/name of those it uses, apart by commas.", IsList: true), new("datasets", "Data sets", "owner/name of those it uses, apart by commas.", IsList: true), Tags,
    ];

    public static IReadOnlyList<CardField> Fields(RepoType type) => type switch
    {
        RepoType.Model => OfModels,
        RepoType.Dataset => OfDatasets,
        _ => OfSpaces,
    };

    /// <summary>A field's value in a README, as the form shows it.</summary>
    public static string Read(FrontMatter card, CardField field) => string.Join(", ", card.Data.Texts(field.Key));

    /// <summary>What the form offers for a field, and what it has now, whatever that is.</summary>
    public static IReadOnlyList<Option>? Offered(CardField field, string value) => field.Options is null
        ? null
        : [new Option("", "–"), .. field.Options.Select(o => new Option(o, o)), .. value.Length == 0 || field.Options.Contains(value, StringComparer.Ordinal) ? Array.Empty<Option>() : [new Option(value, value)]];

    /// <summary>The README with the form's values; what is as it was stays as it was written.</summary>
    /// <param name="values">By key.</param>
    public static string Write(string readme, RepoType type, IReadOnlyDictionary<string, string> values)
    {
        var card = FrontMatter.Read(readme);
        var changed = Fields(type).Where(f => values.TryGetValue(f.Key, out var value) && value.Trim() != Read(card, f));
        return changed.Aggregate(readme, (text, field) => new CardLines(text).With(field.Key, Yaml(field, values[field.Key])));
    }

    private static IReadOnlyList<string> Yaml(CardField field, string value)
    {
        var values = (field.IsList ? value.Split(',') : [value]).Select(v => v.Trim()).Where(v => v.Length > 0).Select(Scalar).ToList();
        return values switch
        {
            [] => [],
            [var only] => [$"{field.Key}: {only}"],
            _ => [$"{field.Key}:", .. values.Select(v => $"- {v}")],
        };
    }

    // Words that YAML would take for something else are quoted: "no" is a language.
    private static string Scalar(string value) => Plain().IsMatch(value) && !Special().IsMatch(value) ? value : System.Text.Json.JsonSerializer.Serialize(value, HubJson.Default.String);

    [GeneratedRegex(@"^[A-Za-z][\w./+<>-]*$", RegexOptions.None, matchTimeoutMilliseconds: 100)]
    private static partial Regex Plain();

    [GeneratedRegex("^(y|n|yes|no|on|off|true|false|null)$", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 100)]
    private static partial Regex Special();
}
