using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>
/// Server-sent chunks: the role, texts, the finish reason, the usage where asked for, <c>[DONE]</c>. Chunks are put together
/// from bytes that are the same each time and the engine's own JSON, straight into the response's buffer.
/// </summary>
internal sealed class StreamedAnswer(HttpResponse response, AnswerHead head, bool wantsUsage) : Answer
{
    private readonly PipeWriter _body = response.BodyWriter;
    private readonly byte[] _open = [.. "data: "u8, .. head.Open("chat.completion.chunk")];
    private readonly byte[] _close = [.. wantsUsage ? ",\"usage\":null}\n\n"u8 : "}\n\n"u8];
    private bool _hasRole;
    private bool _hasNews;

    public override async Task FlushAsync(CancellationToken cancel)
    {
        if (_hasNews)
        {
            var made = Made;
            await SendAsync(cancel);
            Delivered = made;
        }
    }

    public override async Task KeepAliveAsync(CancellationToken cancel)
    {
        Begin();
        _body.Write(": waiting for the model\n\n"u8);
        await SendAsync(cancel);
    }

    public override async Task EndAsync(CancellationToken cancel)
    {
        if (wantsUsage)
        {
            WriteUsage();
        }

        _body.Write("data: [DONE]\n\n"u8);
        await SendAsync(cancel);
    }

    public override async Task FailAsync(Refusal refusal, CancellationToken cancel)
    {
        var error = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["message"] = refusal.Message,
            ["type"] = refusal.Code.Status >= 500 ? "server_error" : "invalid_request_error",
            ["param"] = refusal.Param,
            ["code"] = refusal.Code.Code,
            ["request_id"] = response.HttpContext.TraceIdentifier,
        };
        _body.Write("data: {\"error\":"u8);
        _body.Write(JsonSerializer.SerializeToUtf8Bytes(error));
        _body.Write("}\n\n"u8);
        await SendAsync(cancel);
    }

    protected override void Write(EngineEvent made)
    {
        var hasText = made.Text.Length > "\"\""u8.Length;
        if (!hasText && made.Finish.IsEmpty)
        {
            return; // the engine's own first chunk: until there is a token, an error still gets a status
        }

        _hasNews = true;
        if (!_hasRole)
        {
            _hasRole = true;
            Begin();
            WriteChunk("{\"role\":\"assistant\",\"content\":\"\"}"u8, "null"u8);
        }

        if (hasText)
        {
            WriteText(made.Text);
        }

        if (!made.Finish.IsEmpty)
        {
            WriteChunk("{}"u8, made.Finish);
        }
    }

    private void Begin()
    {
        if (response.HasStarted)
        {
            return; // with a comment
        }

        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
    }

    private async Task SendAsync(CancellationToken cancel)
    {
        _hasNews = false;
        await _body.FlushAsync(cancel);
        cancel.ThrowIfCancellationRequested(); // the server takes bytes for a client that has gone, and drops them
    }

    private void WriteText(ReadOnlySpan<byte> text)
    {
        _body.Write(_open);
        _body.Write(",\"choices\":[{\"index\":0,\"delta\":{\"content\":"u8);
        _body.Write(text);
        _body.Write("},\"logprobs\":null,\"finish_reason\":null}]"u8);
        _body.Write(_close);
    }

    private void WriteChunk(ReadOnlySpan<byte> delta, ReadOnlySpan<byte> finish)
    {
        _body.Write(_open);
        _body.Write(",\"choices\":[{\"index\":0,\"delta\":"u8);
        _body.Write(delta);
        _body.Write(",\"logprobs\":null,\"finish_reason\":"u8);
        _body.Write(finish);
        _body.Write("}]"u8);
        _body.Write(_close);
    }

    private void WriteUsage()
    {
        _body.Write(_open);
        _body.Write(",\"choices\":[],\"usage\":"u8);
        _body.Write(Usage(Made));
        _body.Write("}\n\n"u8);
    }

    private static byte[] Usage(CallUsage usage) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
        $$"""{"prompt_tokens":{{usage.InputTokens}},"completion_tokens":{{usage.OutputTokens}},"total_tokens":{{usage.InputTokens + usage.OutputTokens}}}"""));
}
