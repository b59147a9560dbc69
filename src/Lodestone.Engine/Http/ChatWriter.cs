using System.Buffers;
using System.Text.Json;
using Lodestone.Engine.Inference;
using Lodestone.Engine.Tools;

namespace Lodestone.Engine.Http;

/// <summary>Answers of POST /v1/chat/completions.</summary>
/// <param name="head">What every chunk begins with.</param>
/// <param name="readers">Tell calls of tools from text, one for each choice; null where there are no tools.</param>
/// <param name="newCallId">Makes a name for a call.</param>
internal sealed class ChatWriter(AnswerHead head, IReadOnlyList<ToolCallReader>? readers, Func<string> newCallId)
    : AnswerWriter(head, "chat.completion.chunk", "chat.completion")
{
    public override void WriteOpening(IBufferWriter<byte> output, int choice, Usage? usage)
    {
        var json = BeginDelta(output, choice);
        json.WriteString("role", "assistant");
        json.WriteString("content", "");
        EndDelta(output, json, finish: null, usage, tokens: null);
    }

    /// <summary>The step's text as a chunk, each call as another, and one more that ends the choice if the step does.</summary>
    public override void WriteStep(IBufferWriter<byte> output, Step step, Usage? usage)
    {
        if (readers is null)
        {
            WriteText(output, step, step.Text, usage);
            WriteEnd(output, step, step.Finish, usage);
            return;
        }

        var reader = readers[step.Choice];
        Write(reader.Add(step.Text));
        if (step.Finish is { } finish)
        {
            Write(reader.Finish());
            WriteEnd(output, step, reader.Count > 0 && finish is FinishReason.Stop ? FinishReason.ToolCalls : finish, usage);
        }

        void Write(ReadAnswer read)
        {
            WriteText(output, step, read.Text, usage);
            for (var i = 0; i < read.Calls.Count; i++)
            {
                var json = BeginDelta(output, step.Choice);
                WriteCalls(json, [read.Calls[i]], firstIndex: reader.Count - read.Calls.Count + i, hasIndex: true);
                EndDelta(output, json, finish: null, usage, tokens: null);
            }
        }
    }

    protected override void WriteChoice(Utf8JsonWriter json, int index, WholeChoice choice)
    {
        var (text, calls) = Read(index, choice.Text);
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        if (calls.Count > 0 && text.Length == 0)
        {
            json.WriteNull("content");
        }
        else
        {
            json.WriteString("content", text);
        }

        json.WriteNull("refusal");
        if (calls.Count > 0)
        {
            WriteCalls(json, calls, firstIndex: 0, hasIndex: false);
        }

        json.WriteEndObject();
        Logprobs.WriteChat(json, choice.Tokens);
        WriteFinish(json, calls.Count > 0 && choice.Finish is FinishReason.Stop ? FinishReason.ToolCalls : choice.Finish);
        json.WriteEndObject();
    }

    private (string Text, IReadOnlyList<ToolCall> Calls) Read(int choice, string text)
    {
        if (readers is null)
        {
            return (text, []);
        }

        var (begun, ended) = (readers[choice].Add(text), readers[choice].Finish());
        return (begun.Text + ended.Text, [.. begun.Calls, .. ended.Calls]);
    }

    private void WriteText(IBufferWriter<byte> output, Step step, string text, Usage? usage)
    {
        if (text.Length > 0)
        {
            var json = BeginDelta(output, step.Choice);
            json.WriteString("content", text);
            EndDelta(output, json, finish: null, usage, step.Tokens);
        }
    }

    private void WriteEnd(IBufferWriter<byte> output, Step step, FinishReason? finish, Usage? usage)
    {
        if (finish is not null)
        {
            var json = BeginDelta(output, step.Choice);
            EndDelta(output, json, finish, usage, tokens: null);
        }
    }

    private void WriteCalls(Utf8JsonWriter json, IReadOnlyList<ToolCall> calls, int firstIndex, bool hasIndex)
    {
        json.WriteStartArray("tool_calls");
        for (var i = 0; i < calls.Count; i++)
        {
            json.WriteStartObject();
            if (hasIndex)
            {
                json.WriteNumber("index", firstIndex + i);
            }

            json.WriteString("id", newCallId());
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", calls[i].Name);
            json.WriteString("arguments", calls[i].Arguments);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private Utf8JsonWriter BeginDelta(IBufferWriter<byte> output, int choice)
    {
        var json = BeginChunk(output, choice);
        json.WriteStartObject("delta");
        return json;
    }

    private void EndDelta(IBufferWriter<byte> output, Utf8JsonWriter json, FinishReason? finish, Usage? usage, IReadOnlyList<TokenProbability>? tokens)
    {
        json.WriteEndObject();
        Logprobs.WriteChat(json, tokens);
        EndChunk(output, finish, usage);
    }
}
