using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lodestone.Engine.Http;

/// <summary>The body of POST /v1/chat/completions: what the engine honours, and what it must refuse by name rather than ignore.</summary>
internal sealed record ChatRequest
{
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    public long? MaxTokens { get; init; }

    public long? MaxCompletionTokens { get; init; }

    public float? Temperature { get; init; }

    public float? TopP { get; init; }

    public int? TopK { get; init; }

    public float? MinP { get; init; }

    public float? PresencePenalty { get; init; }

    public float? FrequencyPenalty { get; init; }

    public float? RepetitionPenalty { get; init; }

    public long? Seed { get; init; }

    public JsonElement? Stop { get; init; }

    public bool? Stream { get; init; }

    public StreamOptions? StreamOptions { get; init; }

    /// <summary>Usage in every chunk, as the gateway's meter wants it.</summary>
    public bool? LodestoneUsage { get; init; }

    /// <summary>The gateway has reserved for so many prompt tokens and no more.</summary>
    public long? LodestoneMaxPrompt { get; init; }

    public int? N { get; init; }

    public bool? Logprobs { get; init; }

    public JsonElement? TopLogprobs { get; init; }

    public JsonElement? LogitBias { get; init; }

    public JsonElement? Tools { get; init; }

    public JsonElement? Functions { get; init; }

    public JsonElement? ResponseFormat { get; init; }

    public JsonElement? Grammar { get; init; }

    public JsonElement? Audio { get; init; }
}

/// <param name="Role">Who speaks.</param>
/// <param name="Content">A string, or a list of parts.</param>
/// <param name="Name">Tells apart speakers of one role.</param>
/// <param name="ToolCalls">Refused.</param>
internal sealed record ChatMessage(string? Role, JsonElement? Content, string? Name, JsonElement? ToolCalls);

/// <param name="IncludeUsage">One more chunk at the end, with usage and no choices.</param>
/// <param name="ContinuousUsageStats">Usage in every chunk.</param>
internal sealed record StreamOptions(bool? IncludeUsage, bool? ContinuousUsageStats);

/// <param name="Messages">Rendered with the chat template and an opening for the answer.</param>
/// <param name="Content">Or plain text.</param>
internal sealed record TokenizeRequest(IReadOnlyList<ChatMessage>? Messages, string? Content);

/// <param name="Count">Tokens.</param>
/// <param name="Tokens">In order.</param>
internal sealed record TokenizeAnswer(int Count, IReadOnlyList<int> Tokens);

/// <param name="Status"><c>loading</c> or <c>ok</c>.</param>
/// <param name="Model">The model's name.</param>
/// <param name="Context">Tokens of prompt and answer together.</param>
/// <param name="Slots">Answers written at once.</param>
/// <param name="Active">Answers being written.</param>
/// <param name="Waiting">Requests that wait for a slot.</param>
/// <param name="Threads">Threads that compute.</param>
/// <param name="Parameters">Numbers the model has learnt.</param>
/// <param name="Chat">Whether the model has a chat template.</param>
internal sealed record Health(string Status, string Model, int? Context, int? Slots, int? Active, int? Waiting, int? Threads, ulong? Parameters, bool? Chat);

internal sealed record ModelList(string Object, IReadOnlyList<ModelCard> Data);

internal sealed record ModelCard(string Id, string Object, long Created, string OwnedBy, int MaxContextLength);

internal sealed record ErrorAnswer(ErrorBody Error);

internal sealed record ErrorBody(string Message, string Type, string? Param, string? Code);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(ChatRequest))]
[JsonSerializable(typeof(TokenizeRequest))]
[JsonSerializable(typeof(TokenizeAnswer))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(ErrorAnswer))]
internal sealed partial class EngineJson : JsonSerializerContext;
