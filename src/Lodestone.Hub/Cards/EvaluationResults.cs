using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;

namespace Lodestone.Hub;

/// <summary>A score that a repository says its model has.</summary>
/// <param name="Benchmark">As people read it.</param>
/// <param name="DatasetId"><c>owner/name</c> of the benchmark's data; null where the card gives only a name.</param>
/// <param name="Metric">As the card writes it; null where the benchmark has one.</param>
/// <param name="Value">As the card writes it.</param>
/// <param name="Date">ISO 8601.</param>
/// <param name="SaysVerified">The card calls it verified. Nobody here has looked.</param>
/// <param name="Origin">The file that says so.</param>
internal sealed record EvaluationResult(
    string Benchmark, string? DatasetId, string? Task, string? Split, string? Metric, string Value, string? Date, string? SourceName, string? SourceUrl, string? Notes, bool SaysVerified, string Origin);

/// <summary>Reads scores: those of the card's <c>model-index</c>, and those of the files in <c>.eval_results</c>. What is not of their form is passed over.</summary>
internal static class EvaluationResults
{
    public const string Folder = ".eval_results/";

    private const int Most = 500;

    public static bool IsOf(string path) => path.StartsWith(Folder, StringComparison.Ordinal) && (path.EndsWith(".yaml", StringComparison.Ordinal) || path.EndsWith(".yml", StringComparison.Ordinal));

    /// <param name="files">Path and content of those that <see cref="IsOf"/>.</param>
    public static IReadOnlyList<EvaluationResult> Of(JsonObject? card, IReadOnlyList<(string Path, string Content)> files) =>
        [.. OfIndex(card).Concat(files.SelectMany(f => OfFile(f.Path, f.Content))).Take(Most)];

    private static IEnumerable<EvaluationResult> OfIndex(JsonObject? card) =>
        from model in Objects(card?["model-index"])
        from result in Objects(model["results"])
        let dataset = result["dataset"] as JsonObject
        let source = result["source"] as JsonObject
        from metric in Objects(result["metrics"])
        let value = Written(metric["value"])
        where value is not null && dataset is not null
        select new EvaluationResult(
            dataset.Text("name") ?? dataset.Text("type") ?? "", Repository(dataset.Text("type")), (result["task"] as JsonObject).Text("name") ?? (result["task"] as JsonObject).Text("type"),
            dataset.Text("split"), metric.Text("name") ?? metric.Text("type"), value, metric.Text("date"), source.Text("name"), Link(source.Text("url")), null,
            Written(metric["verified"]) is "true", "README.md");

    private static IEnumerable<EvaluationResult> OfFile(string path, string content) =>
        from result in Objects(Parsed(content))
        let dataset = result["dataset"] as JsonObject
        let source = result["source"] as JsonObject
        let value = Written(result["value"])
        where value is not null && dataset.Text("id") is not null
        select new EvaluationResult(
            dataset.Text("id") ?? "", Repository(dataset.Text("id")), dataset.Text("task_id"), dataset.Text("split"), result.Text("metric"), value, Written(result["date"]),
            source.Text("name") ?? source.Text("user"), Link(source.Text("url")), result.Text("notes"), result.Text("verifyToken") is not null, path);

    private static JsonNode? Parsed(string content)
    {
        try
        {
            return YamlAsJson.Read(content);
        }
        catch (YamlException)
        {
            return null;
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? list) => list is JsonArray array ? array.OfType<JsonObject>() : [];

    private static string? Written(JsonNode? node) => node is not JsonValue value ? null : value.GetValueKind() switch
    {
        JsonValueKind.String => CardValues.Clean(value.ToString()),
        JsonValueKind.Number => value.TryGetValue<double>(out var number) ? Math.Round(number, 4).ToString(CultureInfo.InvariantCulture) : value.ToString(),
        JsonValueKind.True => "true",
        _ => null,
    };

    private static string? Repository(string? name) => name?.Split('/') is [{ Length: > 0 }, { Length: > 0 }] ? name : null;

    private static string? Link(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is ("https" or "http") ? url : null;
}
