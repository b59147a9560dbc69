using System.Text.Json.Nodes;

namespace Lodestone.Hub;

/// <summary>What a card's metadata could say better: nothing that keeps it from being committed, each with its line and what to write.</summary>
internal static class CardAdvice
{
    /// <summary>Names that people write by mistake, and those they mean.</summary>
    private static readonly (string Wrong, string Right)[] Slips =
    [
        ("licence", "license"), ("licenses", "license"), ("base-model", "base_model"), ("basemodel", "base_model"), ("base_models", "base_model"), ("dataset", "datasets"), ("tag", "tags"),
        ("languages", "language"), ("lang", "language"), ("library", "library_name"), ("task", "pipeline_tag"), ("pipeline-tag", "pipeline_tag"), ("model_index", "model-index"),
    ];

    public static IEnumerable<CardRemark> Of(JsonObject data, CardLines lines)
    {
        foreach (var (wrong, right) in Slips.Where(s => data.ContainsKey(s.Wrong) && !data.ContainsKey(s.Right)))
        {
            yield return CardRemark.At($"\"{wrong}\" means nothing here", lines.Of(wrong), $"Write \"{right}\".");
        }

        if (!data.ContainsKey("license") && !data.ContainsKey("licence"))
        {
            yield return CardRemark.At("The card names no licence, so nobody may use this", lines.HasBlock ? lines.Before : null, "Add a line such as \"license: apache-2.0\".");
        }

        if (data.Text("license") is "other" && data.Text("license_name") is null)
        {
            yield return CardRemark.At("\"license: other\" does not say which", lines.Of("license"), "Add \"license_name\" and \"license_link\".");
        }

        foreach (var name in data.Texts("base_model").Where(b => b.Split('/') is not [{ Length: > 0 }, { Length: > 0 }]))
        {
            yield return CardRemark.At($"\"base_model\" {name} is not of the form owner/name", lines.Of("base_model"), $"Write \"base_model: owner/{name.Trim('/').Split('/')[^1]}\".");
        }

        if (data.Text("base_model_relation") is { } relation && !Relations.OfModels.Contains(relation))
        {
            yield return CardRemark.At($"\"base_model_relation\" {relation} is not known", lines.Of("base_model_relation"), $"Write one of {string.Join(", ", Relations.OfModels)}.");
        }

        foreach (var language in data.Texts("language").Where(l => l.Split('-')[0].Length is < 2 or > 3 && l is not "code" and not "multilingual"))
        {
            yield return CardRemark.At($"\"language\" {language} is not a code of ISO 639", lines.Of("language"), "Write \"en\" for English, \"de\" for German, and so on.");
        }

        if (data["model-index"] is JsonArray index && index.OfType<JsonObject>().Any(m => m["results"] is not JsonArray))
        {
            yield return CardRemark.At("\"model-index\" has a model without results", lines.Of("model-index"), "Give each model a \"name\" and a list of \"results\", each with \"task\", \"dataset\" and \"metrics\".");
        }
    }

    /// <summary>The licence that was probably meant; null when none is near.</summary>
    public static string? NearestLicense(string written)
    {
        var plain = Plain(written);
        return Licenses.Identifiers.FirstOrDefault(l => Plain(l) == plain)
            ?? Licenses.Identifiers.Where(l => plain.Length > 2 && (Plain(l).StartsWith(plain, StringComparison.Ordinal) || plain.StartsWith(Plain(l), StringComparison.Ordinal))).MaxBy(l => l.Length);
    }

    /// <summary>What to do about a line that is not YAML.</summary>
    public static string FixOf(string line) => line switch
    {
        _ when line.Contains('\t', StringComparison.Ordinal) => "Use spaces in place of the tab.",
        _ when line.Count(c => c is '[') > line.Count(c => c is ']') => "Close the list with \"]\".",
        _ when line.Count(c => c is '{') > line.Count(c => c is '}') => "Close the mapping with \"}\".",
        _ when line.Count(c => c is '"') % 2 == 1 => "Close the quotes.",
        _ when line.Count(c => c is ':') > 1 => "Put the value in quotes, because it has a colon.",
        _ when line.TrimStart() is [.. var start] && start.Length > 0 && !line.Contains(':', StringComparison.Ordinal) && start[0] is not '-' => "Write it as \"name: value\".",
        _ => "Check the indentation and the quotes of this line and the one before.",
    };

    private static string Plain(string text) => new([.. text.ToLowerInvariant().Where(char.IsLetterOrDigit)]);
}
