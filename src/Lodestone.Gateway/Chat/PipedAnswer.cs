using System.Buffers;
using System.IO.Pipelines;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>An answer that goes piece by piece, straight into the response's buffer.</summary>
internal abstract class PipedAnswer(HttpResponse response) : Answer
{
    private bool _hasNews;

    protected PipeWriter Body { get; } = response.BodyWriter;

    protected virtual string ContentType => "text/event-stream; charset=utf-8";

    /// <summary>For proxies, while there is nothing to say; every reader of the form passes over it.</summary>
    protected virtual ReadOnlySpan<byte> Comment => ": waiting for the model\n\n"u8;

    public sealed override async Task FlushAsync(CancellationToken cancel)
    {
        if (_hasNews)
        {
            var made = Made;
            await SendAsync(cancel);
            Delivered = made;
        }
    }

    public sealed override async Task KeepAliveAsync(CancellationToken cancel)
    {
        if (Comment.IsEmpty)
        {
            return;
        }

        Begin();
        Body.Write(Comment);
        await SendAsync(cancel);
    }

    public sealed override async Task EndAsync(CancellationToken cancel)
    {
        Begin();
        WriteEnd();
        await SendAsync(cancel);
    }

    public sealed override async Task FailAsync(Refusal refusal, CancellationToken cancel)
    {
        WriteFailure(refusal, response.HttpContext.TraceIdentifier);
        await SendAsync(cancel);
    }

    protected sealed override void Write(EngineEvent made)
    {
        if (!made.IsNews)
        {
            return; // the engine's own first chunk: until there is a token, an error still gets a status
        }

        _hasNews = true;
        Begin();
        WriteNews(made);
    }

    protected abstract void WriteNews(EngineEvent made);

    protected abstract void WriteEnd();

    protected abstract void WriteFailure(Refusal refusal, string requestId);

    private void Begin()
    {
        if (response.HasStarted)
        {
            return; // with a comment
        }

        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
    }

    private async Task SendAsync(CancellationToken cancel)
    {
        _hasNews = false;
        await Body.FlushAsync(cancel);
        cancel.ThrowIfCancellationRequested(); // the server takes bytes for a client that has gone, and drops them
    }
}
