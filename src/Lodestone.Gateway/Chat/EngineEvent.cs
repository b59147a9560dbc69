using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>What one of a back-end's events says.</summary>
internal readonly ref struct EngineEvent
{
    /// <summary>New text as a JSON string, quotes included; empty when the event brings none.</summary>
    public ReadOnlySpan<byte> Text { get; private init; }

    /// <summary>New thoughts before the answer, as a JSON string; empty when the event brings none.</summary>
    public ReadOnlySpan<byte> Reasoning { get; private init; }

    /// <summary>Pieces of tool calls, as a JSON array; empty when the event brings none.</summary>
    public ReadOnlySpan<byte> Calls { get; private init; }

    /// <summary>Of the text's tokens, as JSON; empty unless they were asked for.</summary>
    public ReadOnlySpan<byte> Logprobs { get; private init; }

    /// <summary>Why the answer ended, as JSON, quotes included; empty before that.</summary>
    public ReadOnlySpan<byte> Finish { get; private init; }

    /// <summary>Which of several choices.</summary>
    public int Choice { get; private init; }

    public long PromptTokens { get; private init; }

    /// <summary>Tokens generated so far, this event's included.</summary>
    public long CompletionTokens { get; private init; }

    /// <summary>Those of them that were thoughts.</summary>
    public long ReasoningTokens { get; private init; }

    /// <summary>The event says how many tokens there are.</summary>
    public bool HasUsage { get; private init; }

    /// <summary>Bytes of what the event adds to the answer.</summary>
    public int OutputBytes => Inside(Text) + Inside(Reasoning) + Calls.Length;

    /// <summary>Whether it adds to the answer, or ends it.</summary>
    public bool IsNews => OutputBytes > 0 || !Finish.IsEmpty;

    /// <exception cref="IOException">The event is the engine's report of a failure.</exception>
    public static EngineEvent Parse(ReadOnlySpan<byte> data)
    {
        var made = default(EngineEvent);
        var json = new Utf8JsonReader(data);
        while (json.Read())
        {
            if (json.TokenType is JsonTokenType.PropertyName)
            {
                made = json.CurrentDepth == 1 ? made.WithMember(ref json) : made.WithInner(ref json, data);
            }
        }

        return made;
    }

    /// <summary>The same with other counts.</summary>
    public EngineEvent With(long promptTokens, long completionTokens) => this with { PromptTokens = promptTokens, CompletionTokens = completionTokens };

    private EngineEvent WithMember(scoped ref Utf8JsonReader json)
    {
        if (!json.ValueTextEquals("error"u8))
        {
            return this;
        }

        json.Read();
        return json.TokenType is JsonTokenType.Null ? this : throw new IOException("The engine reported a failure within its answer.");
    }

    private EngineEvent WithInner(scoped ref Utf8JsonReader json, ReadOnlySpan<byte> data)
    {
        if (json.ValueTextEquals("content"u8) || json.ValueTextEquals("text"u8))
        {
            return String(ref json, data) is { IsEmpty: false } text ? this with { Text = text } : this;
        }

        if (json.ValueTextEquals("finish_reason"u8))
        {
            return String(ref json, data) is { IsEmpty: false } finish ? this with { Finish = finish } : this;
        }

        if (json.ValueTextEquals("prompt_tokens"u8))
        {
            return this with { PromptTokens = Number(ref json), HasUsage = true };
        }

        if (json.ValueTextEquals("completion_tokens"u8))
        {
            return this with { CompletionTokens = Number(ref json), HasUsage = true };
        }

        return WithRare(ref json, data);
    }

    private EngineEvent WithRare(scoped ref Utf8JsonReader json, ReadOnlySpan<byte> data)
    {
        if (json.ValueTextEquals("index"u8))
        {
            return this with { Choice = (int)Math.Clamp(Number(ref json), 0, 127) };
        }

        if (json.ValueTextEquals("tool_calls"u8))
        {
            return Whole(ref json, data) is { IsEmpty: false } calls ? this with { Calls = calls } : this;
        }

        if (json.ValueTextEquals("logprobs"u8))
        {
            return Whole(ref json, data) is { IsEmpty: false } logprobs ? this with { Logprobs = logprobs } : this;
        }

        if (json.ValueTextEquals("reasoning_content"u8) || json.ValueTextEquals("reasoning"u8))
        {
            return String(ref json, data) is { IsEmpty: false } reasoning ? this with { Reasoning = reasoning } : this;
        }

        return json.ValueTextEquals("reasoning_tokens"u8) ? this with { ReasoningTokens = Number(ref json) } : this;
    }

    private static int Inside(ReadOnlySpan<byte> text) => Math.Max(text.Length - "\"\""u8.Length, 0);

    private static ReadOnlySpan<byte> String(scoped ref Utf8JsonReader json, ReadOnlySpan<byte> data)
    {
        json.Read();
        return json.TokenType is JsonTokenType.String ? data[(int)json.TokenStartIndex..(int)json.BytesConsumed] : default;
    }

    // An object or an array with all that is in it.
    private static ReadOnlySpan<byte> Whole(scoped ref Utf8JsonReader json, ReadOnlySpan<byte> data)
    {
        json.Read();
        if (json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return default;
        }

        var start = (int)json.TokenStartIndex;
        json.Skip();
        return data[start..(int)json.BytesConsumed];
    }

    private static long Number(scoped ref Utf8JsonReader json)
    {
        json.Read();
        return json.TokenType is JsonTokenType.Number && json.TryGetInt64(out var number) ? number : 0;
    }
}
