using System.Buffers;
using System.Text.Json;
using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>Answers of POST /v1/completions.</summary>
/// <param name="head">What every chunk begins with.</param>
/// <param name="choices">How many.</param>
/// <param name="echoes">For each choice the prompt to begin it with; null to begin with the answer.</param>
internal sealed class TextWriter(AnswerHead head, int choices, IReadOnlyList<string>? echoes) : AnswerWriter(head, "text_completion", "text_completion")
{
    private readonly int[] _written = new int[choices]; // characters so far

    public override void WriteOpening(IBufferWriter<byte> output, int choice, Usage? usage)
    {
        if (echoes is not null)
        {
            Write(output, choice, echoes[choice], tokens: null, finish: null, usage);
        }
    }

    public override void WriteStep(IBufferWriter<byte> output, Step step, Usage? usage)
    {
        if (step.Text.Length > 0 || step.Finish is not null)
        {
            Write(output, step.Choice, step.Text, step.Tokens, step.Finish, usage);
        }
    }

    protected override void WriteChoice(Utf8JsonWriter json, int index, WholeChoice choice)
    {
        json.WriteStartObject();
        json.WriteNumber("index", index);
        json.WriteString("text", echoes is null ? choice.Text : echoes[index] + choice.Text);
        Logprobs.WriteText(json, choice.Tokens, offset: echoes?[index].Length ?? 0);
        WriteFinish(json, choice.Finish);
        json.WriteEndObject();
    }

    private void Write(IBufferWriter<byte> output, int choice, string text, IReadOnlyList<TokenProbability>? tokens, FinishReason? finish, Usage? usage)
    {
        var json = BeginChunk(output, choice);
        json.WriteString("text", text);
        Logprobs.WriteText(json, tokens, _written[choice]);
        EndChunk(output, finish, usage);
        _written[choice] += text.Length;
    }
}
