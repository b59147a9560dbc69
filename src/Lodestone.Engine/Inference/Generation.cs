namespace Lodestone.Engine.Inference;

/// <summary>One choice being written: what was asked for. Its steps go to the answer that it is part of.</summary>
internal sealed class Generation
{
    /// <summary>Where the steps go.</summary>
    public required Answer Answer { get; init; }

    /// <summary>Its number among the answer's choices.</summary>
    public required int Choice { get; init; }

    /// <summary>The prompt's tokens, at least one.</summary>
    public required int[] Prompt { get; init; }

    public required Sampling Sampling { get; init; }

    /// <summary>Tokens to write at most, at least 1; prompt and answer together fit the context.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Texts that end the answer, none empty.</summary>
    public required IReadOnlyList<string> Stops { get; init; }

    /// <summary>What the model is changed by for it; null for the model as it is.</summary>
    public Adapter? Adapter { get; init; }

    /// <summary>Only generations with equal salts share what the model has read; null shares with all that have none.</summary>
    public required string? Salt { get; init; }

    /// <summary>Nobody wants the answer any more.</summary>
    public required CancellationToken Cancel { get; init; }
}
