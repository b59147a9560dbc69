using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A GGUF file that somebody has made of a model's weights: asked for, made in the background, committed in their name.</summary>
internal sealed class ModelConversion
{
    public required Guid Id { get; init; }

    /// <summary>Whose weights.</summary>
    public required Guid RepoId { get; init; }

    /// <summary>Where the file is committed, on main.</summary>
    public required Guid TargetId { get; init; }

    /// <summary>Of the weights.</summary>
    public required string CommitId { get; init; }

    /// <summary>Path of a GGUF file to quantise; null: the weights are safetensors.</summary>
    public string? Source { get; init; }

    /// <summary>As llama.cpp names it; null: as the weights are stored.</summary>
    public string? Type { get; init; }

    /// <summary>Of the file that is made.</summary>
    public required string Path { get; init; }

    public required Guid AskedBy { get; init; }

    public required DateTimeOffset AskedAt { get; init; }

    public ConversionState State { get; init; }

    /// <summary>0 to 1.</summary>
    public double Progress { get; init; }

    /// <summary>Why it failed.</summary>
    public string? Error { get; init; }

    public string? ResultCommit { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public bool IsUnderWay => State is ConversionState.Waiting or ConversionState.Running;
}

internal enum ConversionState
{
    Waiting,
    Running,

    /// <summary>The file is committed.</summary>
    Done,

    Failed,
    Cancelled,
}

internal static class ConversionWords
{
    private static readonly string[] Types =
    [
        "F32", "F16", "BF16", "Q8_0", "Q6_K", "Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0", "Q4_K_M", "Q4_K_S", "Q4_1", "Q4_0", "IQ4_XS", "IQ4_NL", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K", "TQ2_0", "TQ1_0",
    ];

    public static string ToWire(this ConversionState state) => state.ToString().ToLowerInvariant();

    public static ConversionState Parse(string name) => Enum.Parse<ConversionState>(name, ignoreCase: true);

    /// <returns>Null: none is given.</returns>
    /// <exception cref="Refusal"><c>unprocessable</c>: there is no such type.</exception>
    public static string? TypeOf(string? text) => text is null ? null : Array.Find(Types, t => t.Equals(text, StringComparison.OrdinalIgnoreCase))
        ?? throw new Refusal(RefusalCode.Unprocessable, $"\"type\" must be one of [{string.Join(", ", Types)}], or absent: as the weights are stored.") { Param = "type" };
}
