using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>Anthropic's named events: a message that starts, blocks of thoughts, text and tool calls one after the other, and its end.</summary>
internal sealed class StreamedMessage(HttpResponse response, AnswerHead head) : PipedAnswer(response)
{
    private const int None = -1;

    private int _block = None;
    private string _kind = "";
    private int _call = None;
    private bool _hasBegun;
    private string _finish = "stop";

    protected override void WriteNews(EngineEvent made)
    {
        BeginMessage();
        if (made.Reasoning.Length > "\"\""u8.Length)
        {
            OpenBlock("thinking", json => json.WriteString("thinking", ""));
            Delta("thinking_delta", "thinking", made.Reasoning);
        }

        if (made.Text.Length > "\"\""u8.Length)
        {
            OpenBlock("text", json => json.WriteString("text", ""));
            Delta("text_delta", "text", made.Text);
        }

        if (!made.Calls.IsEmpty)
        {
            ToolCallPieces.Read(made.Calls, WriteCall);
        }

        if (!made.Finish.IsEmpty)
        {
            _finish = JsonSerializer.Deserialize<string>(made.Finish)!; // a JSON string
        }
    }

    protected override void WriteEnd()
    {
        BeginMessage();
        CloseBlock();
        Sse.Named(Body, "message_delta"u8, json =>
        {
            json.WriteString("type", "message_delta");
            json.WriteStartObject("delta");
            json.WriteString("stop_reason", MessageWords.StopReason(_finish));
            json.WriteNull("stop_sequence");
            json.WriteEndObject();
            MessageWords.WriteUsage(json, Made);
        });
        Sse.Named(Body, "message_stop"u8, json => json.WriteString("type", "message_stop"));
    }

    protected override void WriteFailure(Refusal refusal, string requestId) => Sse.Named(Body, "error"u8, json =>
    {
        foreach (var (name, value) in AnthropicErrors.Body(refusal, requestId))
        {
            json.WritePropertyName(name);
            JsonSerializer.Serialize(json, value);
        }
    });

    private void BeginMessage()
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        Sse.Named(Body, "message_start"u8, json =>
        {
            json.WriteString("type", "message_start");
            json.WriteStartObject("message");
            MessageWords.WriteHead(json, head);
            json.WriteStartArray("content");
            json.WriteEndArray();
            json.WriteNull("stop_reason");
            json.WriteNull("stop_sequence");
            MessageWords.WriteUsage(json, new CallUsage(Made.InputTokens, 0));
            json.WriteEndObject();
        });
    }

    private void WriteCall(ToolCallPiece piece)
    {
        if (piece.Index != _call)
        {
            CloseBlock();
            _call = piece.Index;
            OpenBlock("tool_use", json =>
            {
                json.WriteString("id", piece.Id ?? "");
                json.WriteString("name", piece.Name ?? "");
                json.WriteStartObject("input");
                json.WriteEndObject();
            });
        }

        if (piece.Arguments.Length > 0)
        {
            Delta("input_json_delta", "partial_json", JsonSerializer.SerializeToUtf8Bytes(piece.Arguments));
        }
    }

    private void OpenBlock(string kind, Action<Utf8JsonWriter> write)
    {
        if (_kind == kind && kind is not "tool_use")
        {
            return;
        }

        CloseBlock();
        _kind = kind;
        _block++;
        Sse.Named(Body, "content_block_start"u8, json =>
        {
            json.WriteString("type", "content_block_start");
            json.WriteNumber("index", _block);
            json.WriteStartObject("content_block");
            json.WriteString("type", kind);
            write(json);
            json.WriteEndObject();
        });
    }

    private void Delta(string type, string name, ReadOnlySpan<byte> quoted)
    {
        var value = quoted.ToArray();
        Sse.Named(Body, "content_block_delta"u8, json =>
        {
            json.WriteString("type", "content_block_delta");
            json.WriteNumber("index", _block);
            json.WriteStartObject("delta");
            json.WriteString("type", type);
            json.WritePropertyName(name);
            json.WriteRawValue(value, skipInputValidation: true);
            json.WriteEndObject();
        });
    }

    private void CloseBlock()
    {
        if (_kind.Length == 0)
        {
            return;
        }

        _kind = "";
        Sse.Named(Body, "content_block_stop"u8, json =>
        {
            json.WriteString("type", "content_block_stop");
            json.WriteNumber("index", _block);
        });
    }
}

/// <summary>Anthropic's <c>message</c>.</summary>
internal sealed class WholeMessage(HttpResponse response, AnswerHead head) : CollectedAnswer(response)
{
    protected override void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        MessageWords.WriteHead(json, head);
        json.WriteStartArray("content");
        if (Only.HasReasoning)
        {
            WriteBlock(json, "thinking", "thinking", Only.QuotedReasoning);
        }

        if (Only.HasText)
        {
            WriteBlock(json, "text", "text", Only.QuotedText);
        }

        foreach (var call in Only.Calls)
        {
            json.WriteStartObject();
            json.WriteString("type", "tool_use");
            json.WriteString("id", call.Id);
            json.WriteString("name", call.Name);
            json.WritePropertyName("input");
            call.WriteArguments(json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("stop_reason", MessageWords.StopReason(Only.Finish));
        json.WriteNull("stop_sequence");
        MessageWords.WriteUsage(json, Made);
        json.WriteEndObject();
    }

    private static void WriteBlock(Utf8JsonWriter json, string type, string name, byte[] quoted)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WritePropertyName(name);
        json.WriteRawValue(quoted, skipInputValidation: true);
        json.WriteEndObject();
    }
}

internal static class MessageWords
{
    public static string StopReason(string finish) => finish switch
    {
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        "content_filter" => "refusal",
        _ => "end_turn",
    };

    public static void WriteHead(Utf8JsonWriter json, AnswerHead head)
    {
        json.WriteString("id", head.Id("msg_"));
        json.WriteString("type", "message");
        json.WriteString("role", "assistant");
        json.WriteString("model", head.Model);
    }

    public static void WriteUsage(Utf8JsonWriter json, CallUsage usage)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("input_tokens", usage.InputTokens);
        json.WriteNumber("output_tokens", usage.OutputTokens);
        json.WriteNumber("cache_read_input_tokens", 0);
        json.WriteNumber("cache_creation_input_tokens", 0);
        json.WriteEndObject();
    }
}
