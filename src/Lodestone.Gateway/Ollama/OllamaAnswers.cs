using System.Globalization;
using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>What Ollama's lines have: the model, the time, and at the end why and how long.</summary>
/// <param name="isChat">Of chat, rather than of generate.</param>
/// <param name="startedAt">When the call came: a timestamp of the clock.</param>
internal sealed class OllamaWords(AnswerHead head, bool isChat, TimeProvider clock, long startedAt)
{
    public void WriteHead(Utf8JsonWriter json)
    {
        json.WriteString("model", head.Model);
        json.WriteString("created_at", clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture));
    }

    public void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> quoted, ReadOnlySpan<byte> thoughts, IList<CollectedCall> calls)
    {
        if (isChat)
        {
            json.WriteStartObject("message");
            json.WriteString("role", "assistant");
        }

        json.WritePropertyName(isChat ? "content" : "response");
        json.WriteRawValue(quoted, skipInputValidation: true);
        if (thoughts.Length > "\"\""u8.Length)
        {
            json.WritePropertyName("thinking");
            json.WriteRawValue(thoughts, skipInputValidation: true);
        }

        if (isChat)
        {
            WriteCalls(json, calls);
            json.WriteEndObject();
        }
    }

    public void WriteEnd(Utf8JsonWriter json, string finish, CallUsage usage)
    {
        var took = (long)clock.GetElapsedTime(startedAt).TotalNanoseconds;
        json.WriteBoolean("done", true);
        json.WriteString("done_reason", finish is "length" ? "length" : "stop");
        json.WriteNumber("total_duration", took);
        json.WriteNumber("load_duration", 0);
        json.WriteNumber("prompt_eval_count", usage.InputTokens);
        json.WriteNumber("prompt_eval_duration", 0);
        json.WriteNumber("eval_count", usage.OutputTokens);
        json.WriteNumber("eval_duration", took);
    }

    private static void WriteCalls(Utf8JsonWriter json, IList<CollectedCall> calls)
    {
        if (calls.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            json.WriteStartObject();
            json.WriteStartObject("function");
            json.WriteString("name", call.Name);
            json.WritePropertyName("arguments");
            call.WriteArguments(json);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}

/// <summary>Lines of JSON. A tool call is in one of them whole, so it waits until it is.</summary>
internal sealed class StreamedLines(HttpResponse response, OllamaWords words) : PipedAnswer(response)
{
    private readonly CollectedChoice _calls = new(0);
    private string _finish = "stop";

    protected override string ContentType => "application/x-ndjson";

    protected override ReadOnlySpan<byte> Comment => default;

    protected override void WriteNews(EngineEvent made)
    {
        _calls.AddCalls(made);
        if (!made.Finish.IsEmpty)
        {
            _finish = JsonSerializer.Deserialize<string>(made.Finish)!; // a JSON string
        }

        if (made.Text.Length > "\"\""u8.Length || made.Reasoning.Length > "\"\""u8.Length)
        {
            var (text, thoughts) = (made.Text.IsEmpty ? "\"\""u8.ToArray() : made.Text.ToArray(), made.Reasoning.ToArray());
            WriteLine(json => words.WriteText(json, text, thoughts, []));
        }
    }

    protected override void WriteEnd()
    {
        if (_calls.Calls.Count > 0)
        {
            WriteLine(json => words.WriteText(json, "\"\""u8, default, _calls.Calls));
        }

        Sse.Line(Body, json =>
        {
            words.WriteHead(json);
            words.WriteText(json, "\"\""u8, default, []);
            words.WriteEnd(json, _finish, Made);
        });
    }

    protected override void WriteFailure(Refusal refusal, string requestId) => Sse.Line(Body, json => json.WriteString("error", refusal.Message));

    private void WriteLine(Action<Utf8JsonWriter> write) => Sse.Line(Body, json =>
    {
        words.WriteHead(json);
        write(json);
        json.WriteBoolean("done", false);
    });
}

/// <summary>Ollama's one object.</summary>
internal sealed class WholeLine(HttpResponse response, OllamaWords words) : CollectedAnswer(response)
{
    protected override void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        words.WriteHead(json);
        words.WriteText(json, Only.QuotedText, Only.QuotedReasoning, Only.Calls);
        words.WriteEnd(json, Only.Finish, Made);
        json.WriteEndObject();
    }
}
