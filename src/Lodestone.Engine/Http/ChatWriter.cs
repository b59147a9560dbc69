using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>Writes one answer in OpenAI's shapes, whole or as server-sent events. Every piece goes straight into the connection's buffer.</summary>
/// <param name="Id">The same in every chunk.</param>
/// <param name="Created">Seconds since 1970, the same in every chunk.</param>
/// <param name="Model">The model's name.</param>
/// <param name="PromptTokens">Tokens of the prompt.</param>
internal sealed record ChatWriter(string Id, long Created, string Model, int PromptTokens)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void WriteEnd(IBufferWriter<byte> output) => output.Write("data: [DONE]\n\n"u8);

    /// <summary>An error after the first byte: the status is sent, so the stream says it.</summary>
    public static void WriteError(IBufferWriter<byte> output, string message) => WriteEvent(output, json =>
    {
        json.WriteStartObject("error");
        json.WriteString("message", message);
        json.WriteString("type", "server_error");
        json.WriteNull("param");
        json.WriteString("code", "engine_failed");
        json.WriteEndObject();
    });

    public void WriteRole(IBufferWriter<byte> output, bool hasUsage) => WriteChunk(output, hasUsage, step: default, json =>
    {
        json.WriteString("role", "assistant");
        json.WriteString("content", "");
    });

    /// <summary>The step's text as a chunk, and another that ends the choice if the step does.</summary>
    public void WriteStep(IBufferWriter<byte> output, Step step, bool hasUsage)
    {
        if (step.Text.Length > 0)
        {
            WriteChunk(output, hasUsage, step with { Finish = null }, json => json.WriteString("content", step.Text));
        }

        if (step.Finish is not null)
        {
            WriteChunk(output, hasUsage, step, static _ => { });
        }
    }

    /// <summary>The chunk without choices that <c>include_usage</c> asks for.</summary>
    public void WriteUsage(IBufferWriter<byte> output, int completionTokens) => WriteEvent(output, json =>
    {
        WriteHead(json, "chat.completion.chunk");
        json.WriteStartArray("choices");
        json.WriteEndArray();
        WriteUsage(json, completionTokens);
    });

    public void WriteWhole(IBufferWriter<byte> output, string text, Step last)
    {
        using var json = new Utf8JsonWriter(output, Options);
        json.WriteStartObject();
        WriteHead(json, "chat.completion");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", text);
        json.WriteNull("refusal");
        json.WriteEndObject();
        WriteChoiceEnd(json, last.Finish);
        json.WriteEndArray();
        WriteUsage(json, last.CompletionTokens);
        json.WriteEndObject();
    }

    private static void WriteEvent(IBufferWriter<byte> output, Action<Utf8JsonWriter> members)
    {
        output.Write("data: "u8);
        using (var json = new Utf8JsonWriter(output, Options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        output.Write("\n\n"u8);
    }

    private static void WriteChoiceEnd(Utf8JsonWriter json, FinishReason? finish)
    {
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", finish switch { FinishReason.Stop => "stop", FinishReason.Length => "length", _ => null });
        json.WriteEndObject();
    }

    private void WriteChunk(IBufferWriter<byte> output, bool hasUsage, Step step, Action<Utf8JsonWriter> delta) => WriteEvent(output, json =>
    {
        WriteHead(json, "chat.completion.chunk");
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("delta");
        delta(json);
        json.WriteEndObject();
        WriteChoiceEnd(json, step.Finish);
        json.WriteEndArray();
        if (hasUsage)
        {
            WriteUsage(json, step.CompletionTokens);
        }
        else
        {
            json.WriteNull("usage");
        }
    });

    private void WriteHead(Utf8JsonWriter json, string kind)
    {
        json.WriteString("id", Id);
        json.WriteString("object", kind);
        json.WriteNumber("created", Created);
        json.WriteString("model", Model);
    }

    private void WriteUsage(Utf8JsonWriter json, int completionTokens)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", PromptTokens);
        json.WriteNumber("completion_tokens", completionTokens);
        json.WriteNumber("total_tokens", PromptTokens + completionTokens);
        json.WriteEndObject();
    }
}
