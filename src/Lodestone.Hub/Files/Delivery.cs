using System.Globalization;
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
    /// <summary>The only part that may be had, whatever else the request says; null: the request says which.</summary>
    public ByteRange? Part { get; init; }

    /// <summary>Told how many bytes are about to be sent; not for a HEAD, nor where there are none.</summary>
    public Action<long>? Sending { get; init; }

    /// <summary>Hears how the request ended: the first byte that was sent, and how many were.</summary>
    public Action<long, long>? Sent { get; init; }

    /// <summary>Whether the same request, for another range, would be answered from the same file; null: each has to be looked at.</summary>
    public Func<bool>? Stands { get; init; }

    /// <summary>Answers GET and HEAD with the file, a part of it, or "you have it already". Never compressed: resuming clients count bytes.</summary>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var progress = new SendingProgress();
        try
        {
            await ExecuteAsync(httpContext, progress);
        }
        finally
        {
            Sent?.Invoke(progress.Start, progress.Count);
        }
    }

    private async Task ExecuteAsync(HttpContext httpContext, SendingProgress progress)
    {
        var (request, response) = (httpContext.Request, httpContext.Response);
        response.Headers.ETag = $"\"{ETag}\"";
        response.Headers.AcceptRanges = "bytes";
        if (Matches(request.Headers.IfNoneMatch.ToString()))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        var isSatisfiable = true;
        var part = Part ?? ByteRange.Parse(RangeOf(request), Size, out isSatisfiable);
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

        Sending?.Invoke(length);
        var content = await OpenAsync(start, httpContext.RequestAborted);
        var isKept = false;
        try
        {
            progress.Start = start;
            await ContentSending.SendAsync(httpContext, content, start, length, progress);
            isKept = part is not null && TryKeep(httpContext, content);
        }
        finally
        {
            if (!isKept)
            {
                await content.DisposeAsync();
            }
        }
    }

    /// <summary>Leaves the file with the connection, for the next ranges.</summary>
    private bool TryKeep(HttpContext context, Stream content) =>
        Part is null && Stands is { } stands && content is FileStream file && context.RangeRepeats() is { } repeats
        && repeats.TryKeep(new RangeOffer(file, Size, stands, (start, length) =>
        {
            Sending?.Invoke(length);
            Sent?.Invoke(start, length);
        }));

    /// <summary>A range is honoured only if the file is still the one that the client has a part of.</summary>
    private string? RangeOf(HttpRequest request)
    {
        var condition = request.Headers.IfRange.ToString();
        return condition.Length == 0 || condition.Trim('"') == ETag ? request.Headers.Range.ToString() : null;
    }

    private bool Matches(string ifNoneMatch) =>
        ifNoneMatch.Length > 0 && (ifNoneMatch.Trim() is "*"
            || (EntityTagHeaderValue.TryParseList([ifNoneMatch], out var tags) && tags.Any(t => t.Tag.AsSpan().Trim('"').SequenceEqual(ETag))));
}
