using System.Buffers;
using System.Text.Json;
using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>Answers of POST /v1/chat/completions.</summary>
internal sealed class ChatWriter(AnswerHead head) : AnswerWriter(head, "chat.completion.chunk", "chat.completion")
{
    public override void WriteOpening(IBufferWriter<byte> output, int choice, Usage? usage)
    {
        var json = BeginDelta(output, choice);
        json.WriteString("role", "assistant");
        json.WriteString("content", "");
        EndDelta(output, json, finish: null, usage, tokens: null);
    }

    /// <summary>The step's text as a chunk, and another that ends the choice if the step does.</summary>
    public override void WriteStep(IBufferWriter<byte> output, Step step, Usage? usage)
    {
        if (step.Text.Length > 0)
        {
            var json = BeginDelta(output, step.Choice);
            json.WriteString("content", step.Text);
            EndDelta(output, json, finish: null, usage, step.Tokens);
        }

        if (step.Finish is { } finish)
        {
            EndDelta(output, BeginDelta(output, step.Choice), finish, usage, tokens: null);
        }
    }

    protected override void WriteChoice(Utf8JsonWriter json, int index, WholeChoice choice)
    {
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", choice.Text);
        json.WriteNull("refusal");
        json.WriteEndObject();
        Logprobs.WriteChat(json, choice.Tokens);
        WriteFinish(json, choice.Finish);
        json.WriteEndObject();
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
