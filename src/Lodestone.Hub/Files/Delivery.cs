using System.Globalization;
using System.IO.Pipelines;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Lodestone.Hub;

/// <summary>A file on its way out.</summary>
/// <param name="Size">Bytes of the whole file.</param>
/// <param name="ETag">Without quotes: what names the content.</param>
/// <param name="OpenAsync">Opens the content at a given byte.</param>
internal sealed record Delivery(long Size, string ETag, Func<long, CancellationToken, Task<Stream>> OpenAsync) : IResult
{
    /// <summary>Bytes read at once: the connections' buffers have as many.</summary>
    private const int AtOnce = 256 * 1024;

    /// <summary>Bytes that the kernel is told to send at once.</summary>
    private const int SentAtOnce = 1024 * 1024;

    /// <summary>Answers GET and HEAD with the file, a part of it, or "you have it already". Never compressed: resuming clients count bytes.</summary>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (request, response) = (httpContext.Request, httpContext.Response);
        response.Headers.ETag = $"\"{ETag}\"";
        response.Headers.AcceptRanges = "bytes";
        if (Matches(request.Headers.IfNoneMatch.ToString()))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var part = ByteRange.Parse(RangeOf(request), Size, out var isSatisfiable);
        if (!isSatisfiable)
        {
            response.StatusCode = StatusCodes.Status416RangeNotSatisfiable;
            response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{Size}");
            response.ContentLength = 0;
            return;
        }

        var (start, length) = part ?? new ByteRange(0, Size);
        if (part is not null)
        {
            response.StatusCode = StatusCodes.Status206PartialContent;
            response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {start}-{start + length - 1}/{Size}");
        }

        response.ContentLength = length;
        if (HttpMethods.IsHead(request.Method) || length == 0)
        {
            return;
        }

        var stop = httpContext.RequestAborted;
        await using var content = await OpenAsync(start, stop);
        await response.StartAsync(stop); // from here on the writer hands out the connection's own buffers
        if (content is FileStream file && httpContext.FileSending() is { } sending)
        {
            sending.Begin(file.SafeFileHandle, start);
            try
            {
                await PretendAsync(response.BodyWriter, length, stop);
            }
            finally
            {
                sending.End();
            }
        }
        else
        {
            await CopyAsync(content, response.BodyWriter, length, stop);
        }
    }

    /// <summary>A range is honoured only if the file is still the one that the client has a part of.</summary>
    private string? RangeOf(HttpRequest request)
    {
        var condition = request.Headers.IfRange.ToString();
        return condition.Length == 0 || condition.Trim('"') == ETag ? request.Headers.Range.ToString() : null;
    }

    private bool Matches(string ifNoneMatch) =>
        ifNoneMatch.Length > 0 && (ifNoneMatch.Trim() is "*"
            || (EntityTagHeaderValue.TryParseList([ifNoneMatch], out var tags) && tags.Any(t => t.Tag.AsSpan().Trim('"').SequenceEqual(ETag))));

    /// <summary>Writes as many bytes as the file has, whatever they are: the connection sends the file's.</summary>
    private static async Task PretendAsync(PipeWriter response, long length, CancellationToken cancel)
    {
        for (int count; length > 0; length -= count)
        {
            count = (int)Math.Min(SentAtOnce, length);
            response.GetMemory(count);
            response.Advance(count);
            if ((await response.FlushAsync(cancel)).IsCompleted)
            {
                return; // nobody reads any more
            }
        }
    }

    private static async Task CopyAsync(Stream content, PipeWriter response, long length, CancellationToken cancel)
    {
        while (length > 0)
        {
            var memory = response.GetMemory((int)Math.Min(AtOnce, length));
            var read = await content.ReadAsync(memory[..(int)Math.Min(memory.Length, length)], cancel);
            if (read == 0)
            {
                throw new EndOfStreamException("A stored file is shorter than it should be.");
            }

            response.Advance(read);
            length -= read;
            if ((await response.FlushAsync(cancel)).IsCompleted)
            {
                return; // nobody reads any more
            }
        }
    }
}
