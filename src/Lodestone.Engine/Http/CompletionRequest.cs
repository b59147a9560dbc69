using System.Text.Json;

namespace Lodestone.Engine.Http;

/// <summary>The body of POST /v1/completions.</summary>
internal sealed record CompletionRequest : AnswerRequest
{
    /// <summary>What a completion without a limit may have: OpenAI's rule, which old clients rely on.</summary>
    public const int DefaultMaxTokens = 16;

    /// <summary>A string, strings, tokens, or lists of tokens.</summary>
    public JsonElement? Prompt { get; init; }

    public string? Suffix { get; init; }

    public bool? Echo { get; init; }

    public int? Logprobs { get; init; }

    public int? BestOf { get; init; }
}

/// <summary>The body of POST /v1/embeddings.</summary>
internal sealed record EmbeddingRequest
{
    /// <summary>A string, strings, tokens, or lists of tokens.</summary>
    public JsonElement? Input { get; init; }

    public string? EncodingFormat { get; init; }

    public int? Dimensions { get; init; }

    /// <summary>The gateway has reserved for so many tokens and no more.</summary>
    public long? LodestoneMaxPrompt { get; init; }
}
