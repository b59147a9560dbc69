using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>Writes one answer in OpenAI's shapes, whole or as server-sent events. Every piece goes straight into the connection's buffer.</summary>
internal abstract class AnswerWriter(AnswerHead head, string chunkKind, string wholeKind) : IDisposable
{
    // Kept for the whole answer: one writer per chunk would be garbage for every token. One thread at a time uses it.
    private readonly Utf8JsonWriter _json = new(Stream.Null, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static void WriteEnd(IBufferWriter<byte> output) => output.Write("data: [DONE]\n\n"u8);

    /// <summary>An error after the first byte: the status is sent, so the stream says it.</summary>
    public void WriteError(IBufferWriter<byte> output, string message)
    {
        var json = Begin(output, isEvent: true);
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", message);
        json.WriteString("type", "server_error");
        json.WriteNull("param");
        json.WriteString("code", "engine_failed");
        json.WriteEndObject();
        json.WriteEndObject();
        End(output, isEvent: true);
    }

    /// <summary>What comes before the first token.</summary>
    /// <param name="output">The connection.</param>
    /// <param name="choice">The choice that begins.</param>
    /// <param name="usage">Nothing yet; null to say so only at the end.</param>
    public abstract void WriteOpening(IBufferWriter<byte> output, int choice, Usage? usage);

    /// <summary>What a step adds, as chunks.</summary>
    /// <param name="output">The connection.</param>
    /// <param name="step">What has been made.</param>
    /// <param name="usage">So far; null to say so only at the end.</param>
    public abstract void WriteStep(IBufferWriter<byte> output, Step step, Usage? usage);

    /// <summary>The chunk without choices that <c>include_usage</c> asks for.</summary>
    public void WriteUsage(IBufferWriter<byte> output, Usage usage)
    {
        var json = Begin(output, isEvent: true);
        WriteHead(json, chunkKind);
        json.WriteEndArray();
        WriteUsage(json, usage);
        json.WriteEndObject();
        End(output, isEvent: true);
    }

    public void WriteWhole(IBufferWriter<byte> output, IReadOnlyList<WholeChoice> choices, Usage usage)
    {
        var json = Begin(output, isEvent: false);
        WriteHead(json, wholeKind);
        for (var i = 0; i < choices.Count; i++)
        {
            WriteChoice(json, i, choices[i]);
        }

        json.WriteEndArray();
        WriteUsage(json, usage);
        json.WriteEndObject();
        End(output, isEvent: false);
    }

    public void Dispose() => _json.Dispose();

    protected abstract void WriteChoice(Utf8JsonWriter json, int index, WholeChoice choice);

    /// <summary>Begins a chunk with one choice, up to and including the choice's index.</summary>
    protected Utf8JsonWriter BeginChunk(IBufferWriter<byte> output, int choice)
    {
        var json = Begin(output, isEvent: true);
        WriteHead(json, chunkKind);
        json.WriteStartObject();
        json.WriteNumber("index", choice);
        return json;
    }

    protected void EndChunk(IBufferWriter<byte> output, FinishReason? finish, Usage? usage)
    {
        WriteFinish(_json, finish);
        _json.WriteEndObject();
        _json.WriteEndArray();
        if (usage is { } known)
        {
            WriteUsage(_json, known);
        }
        else
        {
            _json.WriteNull("usage");
        }

        _json.WriteEndObject();
        End(output, isEvent: true);
    }

    protected virtual void WriteFinish(Utf8JsonWriter json, FinishReason? finish) =>
        json.WriteString("finish_reason", finish switch { FinishReason.Stop => "stop", FinishReason.Length => "length", FinishReason.ToolCalls => "tool_calls", _ => null });

    private Utf8JsonWriter Begin(IBufferWriter<byte> output, bool isEvent)
    {
        if (isEvent)
        {
            output.Write("data: "u8);
        }

        _json.Reset(output);
        return _json;
    }

    private void End(IBufferWriter<byte> output, bool isEvent)
    {
        _json.Flush();
        if (isEvent)
        {
            output.Write("\n\n"u8);
        }
    }

    private void WriteHead(Utf8JsonWriter json, string kind)
    {
        json.WriteStartObject();
        json.WriteString("id", head.Id);
        json.WriteString("object", kind);
        json.WriteNumber("created", head.Created);
        json.WriteString("model", head.Model);
        json.WriteStartArray("choices");
    }

    private static void WriteUsage(Utf8JsonWriter json, Usage usage)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", usage.Prompt);
        json.WriteNumber("completion_tokens", usage.Completion);
        json.WriteNumber("total_tokens", usage.Prompt + usage.Completion);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", usage.Cached);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

/// <param name="Id">The same in every chunk.</param>
/// <param name="Created">Seconds since 1970, the same in every chunk.</param>
/// <param name="Model">The model's name.</param>
internal sealed record AnswerHead(string Id, long Created, string Model);

/// <summary>Tokens, of all choices together.</summary>
/// <param name="Prompt">Each prompt once, however many choices it has.</param>
/// <param name="Cached">How many of them the model had read before.</param>
/// <param name="Completion">Sampled.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Usage(int Prompt, int Cached, int Completion);

/// <summary>A choice at its end.</summary>
/// <param name="Text">All of it.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="Tokens">With their probabilities; null if they were not asked for.</param>
internal sealed record WholeChoice(string Text, FinishReason Finish, IReadOnlyList<TokenProbability>? Tokens);
