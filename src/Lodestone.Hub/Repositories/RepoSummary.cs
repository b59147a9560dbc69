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

    /// <summary><c>false</c>, <c>auto</c> or <c>manual</c>.</summary>
    public JsonNode? Gated { get; init; }

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

    /// <summary>Points; see <see cref="Trend"/>.</summary>
    public long? TrendingScore { get; init; }

    public IReadOnlyList<BaseModels>? BaseModels { get; init; }

    /// <summary>How many models were made from this one, by relation.</summary>
    public IReadOnlyDictionary<string, int>? ChildrenModelCount { get; init; }

    /// <summary><c>warm</c> when this server answers for the model.</summary>
    public string? Inference { get; init; }

    public string? Description { get; init; }

    public string? Citation { get; init; }

    [JsonPropertyName("paperswithcode_id")]
    public string? PapersWithCodeId { get; init; }

    /// <summary>Bytes of all files of the revision.</summary>
    public long? MainSize { get; init; }

    public string? Subdomain { get; init; }

    public string? Region { get; init; }

    public IReadOnlyList<string>? Models { get; init; }

    public IReadOnlyList<string>? Datasets { get; init; }

    public SecurityStatus? SecurityRepoStatus { get; init; }

    /// <summary>Whether large files can be sent by Xet.</summary>
    public bool? XetEnabled { get; init; }

    /// <summary>Bytes of large files, those of older commits included.</summary>
    public long? UsedStorage { get; init; }

    /// <summary>With what the repository's row and its card say; callers add what must be looked up.</summary>
    public static RepoSummary Of(Repo repo, RepoFacts facts, string sha, SummaryFields fields, DateTimeOffset now)
    {
        var summary = repo.Type switch
        {
            RepoType.Model => OfModel(repo, facts, fields),
            RepoType.Dataset => OfDataset(repo, facts, fields),
            _ => OfSpace(repo, facts, fields),
        };
        return summary with
        {
            Author = fields.Has("author") ? repo.OwnerName : null,
            Sha = fields.Has("sha") ? sha : null,
            LastModified = fields.Has("lastModified") ? Instants.ToWire(repo.UpdatedAt) : null,
            CreatedAt = fields.Has("createdAt") ? Instants.ToWire(repo.CreatedAt) : null,
            Private = fields.Has("private") ? repo.IsPrivate : null,
            Gated = fields.Has("gated") ? GateOnWire(repo.Gate) : null,
            Disabled = fields.Has("disabled") ? false : null,
            Downloads = fields.Has("downloads") ? repo.Downloads : null,
            DownloadsAllTime = fields.Has("downloadsAllTime") ? repo.DownloadsAllTime : null,
            Likes = fields.Has("likes") ? repo.Likes : null,
            TrendingScore = fields.Has("trendingScore") ? (long)Math.Round(Trend.Points(repo.Trend, now)) : null,
            Tags = fields.Has("tags") ? facts.Tags : null,
            CardData = fields.Has("cardData") ? facts.CardData : null,
            CardError = fields.Has("cardData") ? facts.CardError : null,
            SecurityRepoStatus = fields.Has(SummaryFields.Security) ? SecurityStatus.NotScanned : null,
        };
    }

    public static JsonNode GateOnWire(GateMode? gate) => gate is { } mode ? JsonValue.Create(mode.ToWire()) : JsonValue.Create(false);

    private static RepoSummary Named(Repo repo) => new() { InternalId = PublicId.ToHub(repo.Id), Id = repo.FullName };

    private static RepoSummary OfModel(Repo repo, RepoFacts facts, SummaryFields fields) => Named(repo) with
    {
        ModelId = fields.Has("modelId") ? repo.FullName : null,
        PipelineTag = fields.Has("pipeline_tag") ? facts.PipelineTag : null,
        LibraryName = fields.Has("library_name") ? facts.LibraryName : null,
        MaskToken = fields.Has("mask_token") ? facts.MaskToken : null,
        Config = fields.Has("config") ? facts.Config : null,
        ModelIndex = fields.Has("model-index") ? facts.CardData?["model-index"] : null,
        WidgetData = fields.Has("widgetData") ? facts.CardData?["widget"] : null,
        TransformersInfo = fields.Has("transformersInfo") ? TransformersFacts.Of(facts) : null,
        Safetensors = fields.Has("safetensors") ? facts.Safetensors : null,
        Gguf = fields.Has("gguf") ? GgufSummary.Of(facts.Gguf) : null,
        Inference = fields.Has("inference") && repo.IsServable ? "warm" : null,
    };

    private static RepoSummary OfDataset(Repo repo, RepoFacts facts, SummaryFields fields) => Named(repo) with
    {
        Description = fields.Has("description") ? facts.Description : null,
        Citation = fields.Has("citation") ? facts.Citation : null,
        PapersWithCodeId = fields.Has("paperswithcode_id") ? facts.CardData.Text("paperswithcode_id") : null,
    };

    private static RepoSummary OfSpace(Repo repo, RepoFacts facts, SummaryFields fields) => Named(repo) with
    {
        Sdk = fields.Has("sdk") ? facts.CardData.Text("sdk") : null,
        Subdomain = fields.Has("subdomain") ? SubdomainOf(repo) : null,
        Region = fields.Has("region") ? "us" : null,
        Models = fields.Has("models") ? [.. facts.CardData.Texts("models")] : null,
        Datasets = fields.Has("datasets") ? [.. facts.CardData.Texts("datasets")] : null,
    };

    /// <summary>As a part of a host's name may be.</summary>
    private static string SubdomainOf(Repo repo) =>
        string.Concat(repo.PathLower.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-');
}

/// <summary>What a scan of the files found. Nothing is scanned here, and clients are told so.</summary>
internal sealed record SecurityStatus(bool ScansDone, IReadOnlyList<string> FilesWithIssues)
{
    public static SecurityStatus NotScanned { get; } = new(ScansDone: false, []);
}

/// <summary>The models that one was made from, in one way.</summary>
/// <param name="Relation"><c>finetune</c>, <c>adapter</c>, <c>merge</c> or <c>quantized</c>.</param>
internal sealed record BaseModels(string Relation, IReadOnlyList<BaseModelName> Models);

/// <param name="InternalId">24 hex digits.</param>
internal sealed record BaseModelName([property: JsonPropertyName("_id")] string InternalId, string Id);

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
