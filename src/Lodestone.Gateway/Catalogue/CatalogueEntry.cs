using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>A model that is sold here although its weights cannot be read here. A model whose weights are in the hub needs no entry.</summary>
internal sealed class CatalogueEntry
{
    /// <summary>What prices are for.</summary>
    public required Guid Id { get; init; }

    /// <summary>The namespace that sells it.</summary>
    public required Guid OwnerId { get; init; }

    /// <summary><c>owner/name</c>, as it is called.</summary>
    public required string Name { get; init; }

    public required string NameLower { get; init; }

    public required EntryKind Kind { get; init; }

    /// <summary>Where the weights of a closed model are.</summary>
    public Guid? RepoId { get; set; }

    /// <summary>Anybody may call it; otherwise those who may read what its owner has.</summary>
    public bool IsPublic { get; set; }

    public string Description { get; set; } = "";

    /// <summary>Tokens of prompt and answer together; of a closed model the engine knows it, and this is 0.</summary>
    public long ContextLength { get; set; }

    /// <summary>Tokens of an answer for which no limit was asked, and the most that may be asked; 0 for a closed model.</summary>
    public long MaxOutput { get; set; }

    public ModelFeatures Features { get; set; }

    /// <summary>What becomes of prompts and answers, in the seller's words.</summary>
    public string DataPolicy { get; set; } = "";

    /// <summary>Announced to callers; from then on calls are refused.</summary>
    public DateTimeOffset? RetiresAt { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset ChangedAt { get; set; }

    public bool IsVisibleTo(Caller caller) => IsPublic || caller.CanRead(OwnerId, TokenScope.Inference) || caller.IsAdministrator;

    public bool CanBeAdministeredBy(Caller caller) => caller.CanAdminister(OwnerId) || (caller.IsAdministrator && caller.May(TokenScope.Write));
}

internal enum EntryKind
{
    /// <summary>Weights in a private repository, served by our own engine, sold by API only.</summary>
    Closed,

    /// <summary>Answered at an address elsewhere that speaks OpenAI's API.</summary>
    Remote,
}

/// <summary>An address that answers for a remote model.</summary>
internal sealed class RemoteBackend
{
    public required Guid Id { get; init; }

    public required Guid EntryId { get; init; }

    /// <summary>Up to and including <c>/v1</c>, without a slash at the end.</summary>
    public string Url { get; set; } = "";

    /// <summary>The model's name over there.</summary>
    public string Model { get; set; } = "";

    /// <summary>The key, sealed; absent when none is asked for.</summary>
    public string? SealedKey { get; set; }

    /// <summary>Its share of calls, against the others'. 0: only when no other can answer.</summary>
    public long Weight { get; set; }

    /// <summary>Calls that it answers at once; absent for as many as come.</summary>
    public long? Seats { get; set; }

    public bool IsEnabled { get; set; }
}

/// <summary>What a model can be asked beyond text for text.</summary>
[Flags]
internal enum ModelFeatures : long
{
    None = 0,
    Chat = 1,
    Completions = 1 << 1,
    Embeddings = 1 << 2,
    Tools = 1 << 3,

    /// <summary>Answers that are JSON, or follow a JSON Schema.</summary>
    Schema = 1 << 4,

    Images = 1 << 5,
    Audio = 1 << 6,
    Files = 1 << 7,
    Logprobs = 1 << 8,

    /// <summary>Several choices for one prompt.</summary>
    Choices = 1 << 9,

    LogitBias = 1 << 10,
    Grammar = 1 << 11,
    Reasoning = 1 << 12,

    /// <summary>Says how well texts answer a question.</summary>
    Rerank = 1 << 13,
}

internal static class FeatureNames
{
    private static readonly ModelFeatures[] All = [.. Enum.GetValues<ModelFeatures>().Where(f => f is not ModelFeatures.None)];

    public static IReadOnlyList<string> ToWire(this ModelFeatures features) => [.. All.Where(f => features.HasFlag(f)).Select(Name)];

    /// <exception cref="Refusal"><c>unprocessable</c>, with the names there are.</exception>
    public static ModelFeatures FromWire(IReadOnlyList<string> names) => names.Aggregate(ModelFeatures.None, (sum, name) => sum | Find(name));

    private static ModelFeatures Find(string name) => Array.Find(All, f => Name(f) == name) is var found and not ModelFeatures.None
        ? found
        : throw new Refusal(RefusalCode.Unprocessable, $"There is no feature '{name}'. There are {string.Join(", ", All.Select(Name))}.") { Param = "features" };

    private static string Name(ModelFeatures feature) => feature is ModelFeatures.LogitBias ? "logit_bias" : feature.ToString().ToLowerInvariant();
}
