using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>What one of the engine's events says.</summary>
internal readonly ref struct EngineEvent
{
    /// <summary>New text as a JSON string, quotes included; empty when the event brings none.</summary>
    public ReadOnlySpan<byte> Text { get; private init; }

    /// <summary>Why the answer ended, as JSON, quotes included; empty before that.</summary>
    public ReadOnlySpan<byte> Finish { get; private init; }

    public long PromptTokens { get; private init; }

    /// <summary>Tokens generated so far, this event's included.</summary>
    public long CompletionTokens { get; private init; }

    /// <exception cref="IOException">The event is the engine's report of a failure.</exception>
    public static EngineEvent Parse(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> text = default;
        ReadOnlySpan<byte> finish = default;
        long prompt = 0;
        long completion = 0;
        var json = new Utf8JsonReader(data);
        while (json.Read())
        {
            if (json.TokenType is not JsonTokenType.PropertyName)
            {
                continue;
            }

            if (json.ValueTextEquals("content"u8))
            {
                text = String(ref json, data);
            }
            else if (json.ValueTextEquals("finish_reason"u8))
            {
                finish = String(ref json, data);
            }
            else if (json.ValueTextEquals("prompt_tokens"u8))
            {
                prompt = Number(ref json);
            }
            else if (json.ValueTextEquals("completion_tokens"u8))
            {
                completion = Number(ref json);
            }
            else if (json.CurrentDepth == 1 && json.ValueTextEquals("error"u8))
            {
                throw new IOException("The engine reported a failure within its answer.");
            }
        }

        return new EngineEvent { Text = text, Finish = finish, PromptTokens = prompt, CompletionTokens = completion };
    }

    private static ReadOnlySpan<byte> String(scoped ref Utf8JsonReader json, ReadOnlySpan<byte> data)
    {
        json.Read();
        return json.TokenType is JsonTokenType.String ? data[(int)json.TokenStartIndex..(int)json.BytesConsumed] : default;
    }

    private static long Number(ref Utf8JsonReader json)
    {
        json.Read();
        return json.GetInt64();
    }
}
