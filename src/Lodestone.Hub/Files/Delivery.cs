using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Lodestone.Hub;

/// <summary>A file on its way out.</summary>
/// <param name="Size">Bytes of the whole file.</param>
/// <param name="ETag">Without quotes: what names the content.</param>
/// <param name="OpenAsync">Opens the content at a given byte.</param>
internal sealed record Delivery(long Size, string ETag, Func<long, CancellationToken, Task<Stream>> OpenAsync) : IResult
{
    private const int BufferSize = 256 * 1024;

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

        await using var content = await OpenAsync(start, httpContext.RequestAborted);
        await CopyAsync(content, response, length, httpContext.RequestAborted);
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

    private static async Task CopyAsync(Stream content, HttpResponse response, long length, CancellationToken cancel)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(BufferSize, length));
        try
        {
            for (int read; length > 0; length -= read)
            {
                read = await content.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length)), cancel);
                if (read == 0)
                {
                    throw new EndOfStreamException("A stored file is shorter than it should be.");
                }

                await response.Body.WriteAsync(buffer.AsMemory(0, read), cancel);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
