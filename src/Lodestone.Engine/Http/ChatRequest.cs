using System.Text.Json;

namespace Lodestone.Engine.Http;

/// <summary>The body of POST /v1/chat/completions: what the engine honours, and what it must refuse by name rather than ignore.</summary>
internal sealed record ChatRequest : AnswerRequest
{
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    public long? MaxCompletionTokens { get; init; }

    public bool? Logprobs { get; init; }

    public int? TopLogprobs { get; init; }

    public JsonElement? Tools { get; init; }

    public JsonElement? ToolChoice { get; init; }

    public JsonElement? Functions { get; init; }

    public JsonElement? Audio { get; init; }
}

/// <param name="Role">Who speaks.</param>
/// <param name="Content">A string, or a list of parts.</param>
/// <param name="Name">Tells apart speakers of one role.</param>
/// <param name="ToolCalls">What an assistant asked to be called.</param>
/// <param name="ToolCallId">Which call a tool's answer belongs to.</param>
internal sealed record ChatMessage(string? Role, JsonElement? Content, string? Name, JsonElement? ToolCalls, string? ToolCallId);
