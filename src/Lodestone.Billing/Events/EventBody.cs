using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Unicode;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Billing;

/// <summary>Reads the JSON of a request, unpacked where it was packed, and no more of it than is allowed.</summary>
internal static class EventBody
{
    private const int First = 64 * 1024;

    private static readonly RefusalCode UnknownEncoding = new("unsupported_encoding", 415);

    /// <param name="mostBytes">Unpacked.</param>
    /// <exception cref="Refusal"><c>request_too_large</c>, <c>malformed</c>, <c>unsupported_encoding</c>.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpRequest request, int mostBytes, CancellationToken cancel)
    {
        await using var body = Unpacked(request);
        var bytes = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(request.ContentLength + 1 ?? First, First, mostBytes + 1));
        try
        {
            var length = 0;
            for (int read; (read = await body.ReadAsync(bytes.AsMemory(length), cancel)) > 0;)
            {
                length += read;
                if (length > mostBytes)
                {
                    throw new Refusal(RefusalCode.TooLarge, $"The events of one request have at most {mostBytes} bytes together. Send them in several.");
                }

                if (length == bytes.Length)
                {
                    Grow(ref bytes);
                }
            }

            return !Utf8.IsValid(bytes.AsSpan(0, length)) ? throw new InvalidDataException("it is not UTF-8.") : JsonDocument.Parse(bytes.AsSpan(0, length).ToArray()); // it outlives the rented bytes
        }
        catch (Exception failure) when (failure is JsonException or InvalidDataException or ZstdSharp.ZstdException)
        {
            throw EventFault.Malformed($"The body is not JSON in UTF-8, or not packed as its Content-Encoding says: {failure.Message}").ToRefusal();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static Stream Unpacked(HttpRequest request) => request.Headers.ContentEncoding.ToString() switch
    {
        "" or "identity" => request.Body,
        "gzip" => new GZipStream(request.Body, CompressionMode.Decompress),
        "zstd" => new ZstdSharp.DecompressionStream(request.Body),
        var other => throw new Refusal(UnknownEncoding, $"Bodies may be packed by gzip or zstd, not by {other}."),
    };

    private static void Grow(ref byte[] bytes)
    {
        var larger = ArrayPool<byte>.Shared.Rent(bytes.Length * 2);
        bytes.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(bytes);
        bytes = larger;
    }
}
