using System.Text.Json;

namespace Lodestone.Engine.Http;

/// <summary>What chat and text completions have in common: how tokens are chosen, when an answer ends, how it is sent.</summary>
internal abstract record AnswerRequest
{
    public long? MaxTokens { get; init; }

    public float? Temperature { get; init; }

    public float? TopP { get; init; }

    public int? TopK { get; init; }

    public float? MinP { get; init; }

    public float? TypicalP { get; init; }

    public float? PresencePenalty { get; init; }

    public float? FrequencyPenalty { get; init; }

    public float? RepetitionPenalty { get; init; }

    /// <summary>llama.cpp's name for <see cref="RepetitionPenalty"/>.</summary>
    public float? RepeatPenalty { get; init; }

    public long? Seed { get; init; }

    public JsonElement? Stop { get; init; }

    public bool? Stream { get; init; }

    public StreamOptions? StreamOptions { get; init; }

    public int? N { get; init; }

    public JsonElement? LogitBias { get; init; }

    public JsonElement? ResponseFormat { get; init; }

    public JsonElement? Grammar { get; init; }

    /// <summary>Usage in every chunk, as the gateway's meter wants it.</summary>
    public bool? LodestoneUsage { get; init; }

    /// <summary>The gateway has reserved for so many prompt tokens and no more.</summary>
    public long? LodestoneMaxPrompt { get; init; }

    /// <summary>Only requests with equal salts share what the model has read: who must not learn by timing that somebody else sent the same
    /// beginning, sends a salt.</summary>
    public string? LodestoneCacheSalt { get; init; }

    /// <summary>Whether every chunk says how many tokens there are so far.</summary>
    public bool WantsUsageAlways => LodestoneUsage is true || StreamOptions?.ContinuousUsageStats is true;
}

/// <param name="IncludeUsage">One more chunk at the end, with usage and no choices.</param>
/// <param name="ContinuousUsageStats">Usage in every chunk.</param>
internal sealed record StreamOptions(bool? IncludeUsage, bool? ContinuousUsageStats);
