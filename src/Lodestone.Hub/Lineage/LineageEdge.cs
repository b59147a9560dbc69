namespace Lodestone.Hub;

/// <summary>That a repository was made from another, trained on it or evaluated with it.</summary>
internal sealed class LineageEdge
{
    public const string Declared = "declared";
    public const string Inferred = "inferred";

    public required Guid ChildId { get; init; }

    /// <summary><see cref="Declared"/> or <see cref="Inferred"/>.</summary>
    public required string Evidence { get; init; }

    /// <summary>One of <see cref="Relations"/>.</summary>
    public required string Relation { get; init; }

    public required string ParentType { get; init; }

    /// <summary><c>owner/name</c> in lower case.</summary>
    public required string ParentPath { get; init; }

    /// <summary>As the card writes it, or as it was called.</summary>
    public required string ParentName { get; set; }

    /// <summary>Null when it is not on this server.</summary>
    public Guid? ParentId { get; set; }

    /// <summary>What it said last, while it was public.</summary>
    public string? ParentLicense { get; set; }

    public DateTimeOffset? GoneAt { get; set; }

    /// <summary>Of the child's bytes, how many thousandths are the parent's; where inferred by equal tensors.</summary>
    public long? PerMille { get; init; }

    /// <summary>In thousandths, where inferred by a sketch of the weights; see <see cref="ModelSketch.Similarity"/>.</summary>
    public long? Similarity { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>The ways in which one repository comes from another.</summary>
internal static class Relations
{
    public const string TrainedOn = "trained-on";
    public const string EvaluatedOn = "evaluated-on";
    public const string Derived = "derived";

    /// <summary>Of a model to the model it was made from, as cards say it.</summary>
    public static IReadOnlyList<string> OfModels { get; } = ["finetune", "adapter", "merge", "quantized", "distilled"];

    /// <summary>Seen from the child.</summary>
    public static string Text(string relation) => relation switch
    {
        "finetune" => "fine-tuned from",
        "adapter" => "adapter of",
        "merge" => "merged from",
        "quantized" => "quantized from",
        "distilled" => "distilled from",
        TrainedOn => "trained on",
        EvaluatedOn => "evaluated on",
        _ => "looks derived from",
    };
}

/// <summary>The tensors of a repository that were read, and from which files.</summary>
internal sealed class TensorReading
{
    public required Guid RepoId { get; init; }

    public required string Source { get; set; }

    public required long Bytes { get; set; }

    /// <summary>See <see cref="ModelSketch.Layout"/>; null: read before there were sketches.</summary>
    public string? Layout { get; set; }

    public byte[]? Sketch { get; set; }
}

/// <summary>A tensor that a repository has, by the SHA-256 of its bytes.</summary>
internal sealed record TensorDigest(string Digest, Guid RepoId, long Bytes);
