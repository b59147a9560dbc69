using System.IO.Compression;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

/// <summary>What fetches and pushes have in common on the wire (gitprotocol-http).</summary>
internal static class GitBody
{
    /// <summary>The body as git meant it: it may send it zipped.</summary>
    public static Stream Unzipped(HttpRequest request) =>
        request.Headers.ContentEncoding.ToString() is "gzip" or "x-gzip" ? new GZipStream(request.Body, CompressionMode.Decompress) : request.Body;

    public static void Begin(HttpResponse response, string mediaType)
    {
        response.ContentType = mediaType;
        response.Headers.CacheControl = "no-cache, max-age=0, must-revalidate";
    }

    public static string? Protocol(HttpRequest request) => request.Headers["Git-Protocol"] is [{ } protocol] ? protocol : null;
}
