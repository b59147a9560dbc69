using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Hub;

/// <summary>What the files of one commit say about the repository: what lists show and search by.</summary>
internal sealed record RepoFacts
{
    public static RepoFacts None { get; } = new();

    /// <summary>In the order in which they are shown.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    public string? PipelineTag { get; init; }

    public string? LibraryName { get; init; }

    /// <summary>The README's metadata block.</summary>
    public JsonObject? CardData { get; init; }

    public string? CardError { get; init; }

    /// <summary>Excerpt of <c>config.json</c> and <c>tokenizer_config.json</c>.</summary>
    public JsonObject? Config { get; init; }

    public string? MaskToken { get; init; }

    public SafetensorsFacts? Safetensors { get; init; }

    public GgufFacts? Gguf { get; init; }

    /// <summary>GGUF files that can be served, in git's order.</summary>
    public IReadOnlyList<GgufFile> GgufFiles { get; init; } = [];

    /// <summary>The adapter, where the repository has one instead of a model.</summary>
    public AdapterFacts? Adapter { get; init; }

    /// <summary>Scores that the card or the files in <c>.eval_results</c> name.</summary>
    public IReadOnlyList<EvaluationResult> Evaluations { get; init; } = [];

    /// <summary>What lists can be searched by besides tags, which nobody is shown; see <see cref="CardNames"/>.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>What the card asks at a gate, in its order, which a database may not keep in <see cref="CardData"/>; null in facts of before there were gates.</summary>
    public IReadOnlyList<GateField>? GateFields { get; init; }

    /// <summary>Of a data set: how its README begins, as one line.</summary>
    public string? Description { get; init; }

    /// <summary>Of a data set: the BibTeX entries of its README.</summary>
    public string? Citation { get; init; }

    /// <summary>Every text by which filters find the repository.</summary>
    public IEnumerable<string> Index => Tags.Concat(Names).Distinct(StringComparer.Ordinal);

    public string ToJson() => JsonSerializer.Serialize(this, HubJson.Default.RepoFacts);

    /// <param name="row">Null: nothing is known yet.</param>
    public static RepoFacts Of(StoredFacts? row) => row is null ? None : FromJson(row.Facts);

    public static RepoFacts FromJson(string json) => JsonSerializer.Deserialize(json, HubJson.Default.RepoFacts) ?? None;
}

/// <param name="Sha256">64 lower-case hex digits.</param>
/// <param name="Size">Bytes.</param>
internal sealed record GgufFile(string Path, string Sha256, long Size);

/// <summary>The facts of main's newest commit, as stored.</summary>
internal sealed class StoredFacts
{
    public required Guid RepoId { get; init; }

    public required string CommitId { get; set; }

    /// <summary><see cref="RepoFacts"/> as JSON.</summary>
    public required string Facts { get; set; }
}
