using System.Buffers;
using System.Globalization;
using System.Text;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>
/// Server-sent chunks: the role, texts, the finish reason, the usage where asked for, <c>[DONE]</c>. Chunks are put together
/// from bytes that are the same each time and the engine's own JSON.
/// </summary>
internal sealed class StreamedAnswer(HttpResponse response, AnswerHead head, UsagePlace usage) : PipedAnswer(response)
{
    private readonly byte[] _open = [.. "data: "u8, .. head.Open("chatcmpl-", "chat.completion.chunk")];
    private readonly byte[] _close = [.. usage is UsagePlace.OwnChunk ? ",\"usage\":null}\n\n"u8 : "}\n\n"u8];
    private UInt128 _begun; // a bit for each choice
    private (int Choice, byte[] Finish)? _last; // held back until the usage is known, where they go together

    protected override void WriteNews(EngineEvent made)
    {
        var bit = UInt128.One << made.Choice;
        if ((_begun & bit) == 0)
        {
            _begun |= bit;
            WriteChunk(made.Choice, "{\"role\":\"assistant\",\"content\":\"\"}"u8, "null"u8, default);
        }

        if (made.Reasoning.Length > "\"\""u8.Length)
        {
            WriteDelta(made.Choice, "{\"reasoning_content\":"u8, made.Reasoning, default);
        }

        if (made.Text.Length > "\"\""u8.Length)
        {
            WriteDelta(made.Choice, "{\"content\":"u8, made.Text, made.Logprobs);
        }

        if (!made.Calls.IsEmpty)
        {
            WriteDelta(made.Choice, "{\"tool_calls\":"u8, made.Calls, default);
        }

        if (!made.Finish.IsEmpty)
        {
            WriteFinish(made);
        }
    }

    protected override void WriteEnd()
    {
        if (_last is { } last)
        {
            Open(last.Choice);
            Body.Write("{\"content\":\"\"},\"finish_reason\":"u8);
            Body.Write(last.Finish);
            Body.Write("}],\"usage\":"u8);
            Body.Write(OpenAiUsage.Of(Made));
            Body.Write("}\n\n"u8);
        }

        if (usage is UsagePlace.OwnChunk)
        {
            Body.Write(_open);
            Body.Write(",\"choices\":[],\"usage\":"u8);
            Body.Write(OpenAiUsage.Of(Made));
            Body.Write("}\n\n"u8);
        }

        Body.Write("data: [DONE]\n\n"u8);
    }

    protected override void WriteFailure(Refusal refusal, string requestId) => OpenAiError.WriteEvent(Body, refusal, requestId);

    private void WriteFinish(EngineEvent made)
    {
        if (usage is not UsagePlace.LastChunk)
        {
            WriteChunk(made.Choice, "{}"u8, made.Finish, default);
            return;
        }

        if (_last is { } before)
        {
            WriteChunk(before.Choice, "{}"u8, before.Finish, default);
        }

        _last = (made.Choice, made.Finish.ToArray());
    }

    private void WriteDelta(int choice, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ReadOnlySpan<byte> logprobs)
    {
        Open(choice);
        Body.Write(name);
        Body.Write(value);
        Body.Write("}"u8);
        Close("null"u8, logprobs);
    }

    private void WriteChunk(int choice, ReadOnlySpan<byte> delta, ReadOnlySpan<byte> finish, ReadOnlySpan<byte> logprobs)
    {
        Open(choice);
        Body.Write(delta);
        Close(finish, logprobs);
    }

    private void Open(int choice)
    {
        Body.Write(_open);
        if (choice == 0)
        {
            Body.Write(",\"choices\":[{\"index\":0,\"delta\":"u8);
            return;
        }

        Body.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"choices\":[{{\"index\":{choice},\"delta\":")));
    }

    private void Close(ReadOnlySpan<byte> finish, ReadOnlySpan<byte> logprobs)
    {
        Body.Write(",\"logprobs\":"u8);
        Body.Write(logprobs.IsEmpty ? "null"u8 : logprobs);
        Body.Write(",\"finish_reason\":"u8);
        Body.Write(finish);
        Body.Write("}]"u8);
        Body.Write(_close);
    }
}

/// <summary>Where a stream says how many tokens it had.</summary>
internal enum UsagePlace
{
    Nowhere,

    /// <summary>In one more chunk, without choices: OpenAI's way.</summary>
    OwnChunk,

    /// <summary>In the chunk that has the finish reason: Mistral's way.</summary>
    LastChunk,
}

internal static class OpenAiUsage
{
    public static byte[] Of(CallUsage usage) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $$"""{"prompt_tokens":{{usage.InputTokens}},"completion_tokens":{{usage.OutputTokens}},"total_tokens":{{usage.InputTokens + usage.OutputTokens}}}"""));
}
