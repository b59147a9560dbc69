using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A repository as info calls and lists show it: the members asked for that have a value.</summary>
internal sealed record RepoSummary
{
    [JsonPropertyName("_id")]
    public required string InternalId { get; init; }

    public required string Id { get; init; }

    public string? ModelId { get; init; }

    public string? Author { get; init; }

    public string? Sha { get; init; }

    public string? LastModified { get; init; }

    public string? CreatedAt { get; init; }

    public bool? Private { get; init; }

    public bool? Gated { get; init; }

    public bool? Disabled { get; init; }

    public long? Downloads { get; init; }

    public long? DownloadsAllTime { get; init; }

    public long? Likes { get; init; }

    public IReadOnlyList<string>? Tags { get; init; }

    [JsonPropertyName("pipeline_tag")]
    public string? PipelineTag { get; init; }

    [JsonPropertyName("library_name")]
    public string? LibraryName { get; init; }

    [JsonPropertyName("mask_token")]
    public string? MaskToken { get; init; }

    public JsonObject? CardData { get; init; }

    public string? CardError { get; init; }

    public JsonObject? Config { get; init; }

    [JsonPropertyName("model-index")]
    public JsonNode? ModelIndex { get; init; }

    public JsonNode? WidgetData { get; init; }

    public TransformersFacts? TransformersInfo { get; init; }

    public SafetensorsFacts? Safetensors { get; init; }

    public GgufSummary? Gguf { get; init; }

    public string? Sdk { get; init; }

    public IReadOnlyList<Sibling>? Siblings { get; init; }

    public IReadOnlyList<string>? Spaces { get; init; }

    public bool? XetEnabled { get; init; }

    /// <summary>Bytes of large files, those of older commits included.</summary>
    public long? UsedStorage { get; init; }

    /// <param name="siblings">Null where they were not asked for; so with <paramref name="usedStorage"/>.</param>
    public static RepoSummary Of(Repo repo, RepoFacts facts, string sha, SummaryFields fields, IReadOnlyList<Sibling>? siblings, long? usedStorage)
    {
        var card = facts.CardData;
        return new RepoSummary
        {
            InternalId = PublicId.ToHub(repo.Id),
            Id = repo.FullName,
            ModelId = fields.Has("modelId") ? repo.FullName : null,
            Author = fields.Has("author") ? repo.OwnerName : null,
            Sha = fields.Has("sha") ? sha : null,
            LastModified = fields.Has("lastModified") ? Instants.ToWire(repo.UpdatedAt) : null,
            CreatedAt = fields.Has("createdAt") ? Instants.ToWire(repo.CreatedAt) : null,
            Private = fields.Has("private") ? repo.IsPrivate : null,
            Gated = fields.Has("gated") ? false : null,
            Disabled = fields.Has("disabled") ? false : null,
            Downloads = fields.Has("downloads") ? repo.Downloads : null,
            DownloadsAllTime = fields.Has("downloadsAllTime") ? repo.Downloads : null,
            Likes = fields.Has("likes") ? repo.Likes : null,
            Tags = fields.Has("tags") ? facts.Tags : null,
            PipelineTag = fields.Has("pipeline_tag") ? facts.PipelineTag : null,
            LibraryName = fields.Has("library_name") ? facts.LibraryName : null,
            MaskToken = fields.Has("mask_token") ? facts.MaskToken : null,
            CardData = fields.Has("cardData") ? card : null,
            CardError = fields.Has("cardData") ? facts.CardError : null,
            Config = fields.Has("config") ? facts.Config : null,
            ModelIndex = fields.Has("model-index") ? card?["model-index"] : null,
            WidgetData = fields.Has("widgetData") ? card?["widget"] : null,
            TransformersInfo = fields.Has("transformersInfo") ? TransformersFacts.Of(facts) : null,
            Safetensors = fields.Has("safetensors") ? facts.Safetensors : null,
            Gguf = fields.Has("gguf") ? GgufSummary.Of(facts.Gguf) : null,
            Sdk = fields.Has("sdk") ? card.Text("sdk") : null,
            Siblings = siblings,
            Spaces = fields.Has("spaces") ? [] : null,
            XetEnabled = fields.Has("xetEnabled") ? false : null,
            UsedStorage = usedStorage,
        };
    }
}

/// <param name="Rfilename">Path from the root.</param>
/// <param name="Size">Bytes of the content; this and the following only where asked for.</param>
/// <param name="BlobId">Git's id.</param>
internal sealed record Sibling(string Rfilename, long? Size = null, string? BlobId = null, SiblingLfs? Lfs = null)
{
    public static Sibling Of(RepoEntry file) => new(
        file.Path, file.Size, file.Id.ToString(), file.Large is { } large ? new SiblingLfs(large.Digest.Hex, large.Size, file.PointerSize) : null);
}

/// <param name="PointerSize">Bytes of the pointer in git.</param>
internal sealed record SiblingLfs(string Sha256, long Size, long PointerSize);

internal sealed record GgufSummary(
    long Total,
    string? Architecture,
    [property: JsonPropertyName("context_length")] long? ContextLength,
    [property: JsonPropertyName("chat_template")] string? ChatTemplate,
    [property: JsonPropertyName("bos_token")] string? BosToken,
    [property: JsonPropertyName("eos_token")] string? EosToken)
{
    public static GgufSummary? Of(GgufFacts? facts) => facts is null
        ? null
        : new GgufSummary(facts.Total, facts.Architecture, facts.ContextLength, facts.ChatTemplate, facts.BosToken, facts.EosToken);
}

/// <summary>Which classes of the transformers library load the model.</summary>
internal sealed record TransformersFacts(
    [property: JsonPropertyName("auto_model")] string AutoModel,
    [property: JsonPropertyName("pipeline_tag")] string? PipelineTag,
    string? Processor)
{
    private static readonly string[] Heads =
    [
        "ForCausalLM", "ForMaskedLM", "ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForImageClassification", "ForSpeechSeq2Seq", "ForCTC",
    ];

    public static TransformersFacts? Of(RepoFacts facts)
    {
        if (facts.LibraryName is not "transformers" || facts.Config.Texts("architectures").FirstOrDefault() is not { } architecture)
        {
            return null;
        }

        var head = Array.Find(Heads, h => architecture.EndsWith(h, StringComparison.Ordinal)) ?? "";
        return new TransformersFacts("AutoModel" + head, facts.PipelineTag, facts.Config?["tokenizer_config"] is null ? null : "AutoTokenizer");
    }
}
