using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Lodestone.Hub;

/// <param name="Tags">In the order in which they are shown.</param>
internal sealed record ModelTags(IReadOnlyList<string> Tags, string? PipelineTag, string? LibraryName);

/// <summary>The tags of a repository: what its card says, in the words that filters use.</summary>
internal static partial class CardTags
{
    private static readonly string[] DatasetKeys =
    [
        "task_categories", "task_ids", "language", "size_categories", "multilinguality", "annotations_creators",
        "language_creators", "source_datasets", "license",
    ];

    private static readonly (string Ending, string Task)[] Tasks =
    [
        ("ForCausalLM", "text-generation"),
        ("LMHeadModel", "text-generation"),
        ("ForMaskedLM", "fill-mask"),
        ("ForSequenceClassification", "text-classification"),
        ("ForTokenClassification", "token-classification"),
        ("ForQuestionAnswering", "question-answering"),
        ("ForImageClassification", "image-classification"),
        ("ForObjectDetection", "object-detection"),
        ("ForCTC", "automatic-speech-recognition"),
        ("ForSpeechSeq2Seq", "automatic-speech-recognition"),
    ];

    public static ModelTags OfModel(FrontMatter? readme, IReadOnlyCollection<string> paths, JsonObject? config)
    {
        var card = readme?.Data;
        var own = card.Texts("tags").ToList();
        var library = card.Text("library_name") ?? ModelFormats.Library(paths, config.Text("model_type") is not null);
        var pipeline = card.Text("pipeline_tag") ?? Task(config) ?? own.Find(tag => Array.Exists(Tasks, t => t.Task == tag));
        var tags = new List<string?>(own) { library };
        tags.AddRange(ModelFormats.Tags(paths));
        tags.Add(config.Text("model_type"));
        tags.Add(pipeline);
        tags.Add(card?.ContainsKey("model-index") is true ? "model-index" : null);
        tags.Add(config?.ContainsKey("auto_map") is true ? "custom_code" : null);
        tags.AddRange(card.Texts("language"));
        tags.AddRange(card.Texts("datasets").Select(d => $"dataset:{d}"));
        tags.AddRange(ArxivIn(readme?.Body, own));
        tags.AddRange(BaseModels(card, paths));
        tags.AddRange(card.Texts("license").Select(l => $"license:{l}"));
        tags.AddRange(card.Texts("doi").Select(d => $"doi:{d}"));
        tags.Add("region:us");
        return new ModelTags(Distinct(tags), pipeline, library);
    }

    /// <param name="formats">What the data files show.</param>
    public static IReadOnlyList<string> OfDataset(FrontMatter? readme, IEnumerable<string> formats)
    {
        var card = readme?.Data;
        var own = card.Texts("tags").ToList();
        var tags = new List<string?>(DatasetKeys.SelectMany(key => card.Texts(key).Select(value => $"{key}:{value}")));
        tags.AddRange(formats);
        tags.AddRange(ArxivIn(readme?.Body, own));
        tags.AddRange(card.Texts("doi").Select(d => $"doi:{d}"));
        tags.AddRange(card.Texts("benchmark").Select(b => $"benchmark:{b}"));
        tags.Add("region:us");
        tags.AddRange(own);
        return Distinct(tags);
    }

    public static IReadOnlyList<string> OfSpace(JsonObject? card) => Distinct([card.Text("sdk"), "region:us", .. card.Texts("tags")]);

    private static IEnumerable<string> BaseModels(JsonObject? card, IReadOnlyCollection<string> paths)
    {
        var bases = card.Texts("base_model").ToList();
        var relation = card.Text("base_model_relation") ?? Relation(bases.Count, paths);
        return bases.Select(b => $"base_model:{b}").Concat(bases.Select(b => $"base_model:{relation}:{b}"));
    }

    private static string Relation(int bases, IReadOnlyCollection<string> paths)
    {
        if (bases > 1)
        {
            return "merge";
        }

        if (paths.Contains("adapter_config.json", StringComparer.Ordinal))
        {
            return "adapter";
        }

        return ModelFormats.Tags(paths).Contains("gguf", StringComparer.Ordinal) ? "quantized" : "finetune";
    }

    private static string? Task(JsonObject? config)
    {
        var architectures = config.Texts("architectures").ToList();
        return Array.Find(Tasks, t => architectures.Exists(a => a.EndsWith(t.Ending, StringComparison.Ordinal))).Task;
    }

    private static IEnumerable<string> ArxivIn(string? text, IEnumerable<string> tags) =>
        ArxivLink().Matches(text ?? "").Select(m => $"arxiv:{m.Groups["id"].Value}").Concat(tags.Where(t => t.StartsWith("arxiv:", StringComparison.Ordinal)));

    private static string[] Distinct(IEnumerable<string?> tags) => [.. tags.OfType<string>().Where(t => t.Length is > 0 and <= 200).Distinct(StringComparer.Ordinal)];

    [GeneratedRegex(@"arxiv\.org/(abs|pdf)/(?<id>\d{4}\.\d{4,5})", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ArxivLink();
}

/// <summary>Reading metadata that people write by hand: a text where a list is expected, a list where a text is.</summary>
internal static class CardValues
{
    public static string? Text(this JsonObject? card, string key) => card.Texts(key).FirstOrDefault();

    public static IEnumerable<string> Texts(this JsonObject? card, string key) => card?[key] switch
    {
        JsonArray list => list.Select(AsText).OfType<string>(),
        { } single => AsText(single) is { } text ? [text] : [],
        null => [],
    };

    /// <summary>A special token, which is text or an object with its text as <c>content</c>.</summary>
    public static string? TokenText(this JsonObject tokenizer, string key) =>
        tokenizer[key] is JsonObject token ? token.Text("content") : tokenizer.Text(key);

    /// <summary>The value without what a database cannot keep: NUL, and halves of characters.</summary>
    public static JsonNode? Clean(JsonNode? value) => value switch
    {
        JsonObject map => new JsonObject(map.Select(p => KeyValuePair.Create(Clean(p.Key), Clean(p.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Clean)]),
        JsonValue single when single.GetValueKind() is JsonValueKind.String => AsText(single) is { } text ? JsonValue.Create(text) : null,
        _ => value?.DeepClone(),
    };

    public static string Clean(string text) => text.Replace("\0", "", StringComparison.Ordinal);

    private static string? AsText(JsonNode? node)
    {
        try
        {
            return node is JsonValue value && value.TryGetValue<string>(out var text) ? Clean(text) : null;
        }
        catch (InvalidOperationException)
        {
            return null; // half of a surrogate pair
        }
    }
}
