using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Core;

/// <summary>A file of which a request was sent a range.</summary>
/// <param name="File">Disposed by who keeps the offer.</param>
/// <param name="Size">Bytes of the whole file.</param>
/// <param name="Stands">Whether the same request would be answered from the same file; besides changes that <see cref="AccessChanges"/> counts.</param>
/// <param name="Sent">Told of each further range that was sent: first byte, and how many.</param>
public sealed record RangeOffer(FileStream File, long Size, Func<bool> Stands, Action<long, long> Sent);

/// <summary>A connection that can answer the next ranges of a file itself.</summary>
public interface IRangeRepeats
{
    /// <summary>To be called when the answer to a request for a range has been flushed.</summary>
    /// <returns>False when it cannot: then the file stays the caller's.</returns>
    bool TryKeep(RangeOffer offer);
}

/// <param name="Start">First byte.</param>
/// <param name="Length">Bytes.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FileRange(long Start, long Length);

/// <summary>A request for a range and its answer, but for what differs from range to range.</summary>
internal sealed class RangeRepeat
{
    /// <summary>Bytes of the longest head that <see cref="WriteHead"/> writes.</summary>
    public const int LongestAnswer = LongestLines + 256;

    private const int LongestLines = 2048;

    private readonly byte[] _before; // the request up to the range's first number
    private readonly byte[] _after; // and from behind its last one
    private readonly byte[] _lines; // the answer's head without what differs and without its end
    private readonly bool _namesRequest; // the answer gets a request id of ours, not the client's
    private readonly SafeFileHandle _file;
    private readonly FilePiece[] _piece = new FilePiece[1];

    private RangeRepeat(byte[] before, byte[] after, byte[] lines, bool namesRequest, RangeOffer offer)
    {
        (_before, _after, _lines, _namesRequest, _file) = (before, after, lines, namesRequest, offer.File.SafeFileHandle);
        Offer = offer;
    }

    public RangeOffer Offer { get; }

    /// <returns>Null when the request or its answer is not of the plain kind.</returns>
    public static RangeRepeat? Of(ReadOnlySpan<byte> request, ReadOnlySpan<byte> answer, RangeOffer offer)
    {
        var text = Encoding.Latin1.GetString(request);
        const string Range = "\r\nRange: bytes=";
        var start = text.IndexOf(Range, StringComparison.OrdinalIgnoreCase) + Range.Length;
        if (start < Range.Length || !answer.StartsWith("HTTP/1.1 206 "u8) || !answer.EndsWith("\r\n\r\n"u8))
        {
            return null;
        }

        var end = text.IndexOf("\r\n", start, StringComparison.Ordinal);
        var head = Encoding.Latin1.GetString(answer[..^4]).Split("\r\n");
        var requestId = head.FirstOrDefault(line => IsOf(line, "X-Request-Id"));
        var namesRequest = requestId is not null && !text.Contains(requestId[(requestId.IndexOf(':', StringComparison.Ordinal) + 2)..], StringComparison.Ordinal);
        var kept = head.Where(line => !IsOf(line, "Content-Length") && !IsOf(line, "Content-Range") && !(namesRequest && line == requestId));
        var lines = Encoding.Latin1.GetBytes(string.Join("\r\n", kept) + "\r\nContent-Length: ");
        return lines.Length > LongestLines || head.Any(line => IsOf(line, "Set-Cookie") || IsOf(line, "Transfer-Encoding"))
            ? null
            : new RangeRepeat(request[..start].ToArray(), request[end..].ToArray(), lines, namesRequest, offer);
    }

    /// <param name="range">That of the request, within the file.</param>
    /// <param name="length">Bytes of the request.</param>
    public bool TryMatch(ReadOnlySpan<byte> bytes, out FileRange range, out int length)
    {
        (range, length) = (default, 0);
        if (!bytes.StartsWith(_before) || !Utf8Parser.TryParse(bytes[_before.Length..], out ulong first, out var firstDigits))
        {
            return false;
        }

        var rest = bytes[(_before.Length + firstDigits)..];
        if (!rest.StartsWith("-"u8) || !Utf8Parser.TryParse(rest[1..], out ulong last, out var lastDigits) || !rest[(1 + lastDigits)..].StartsWith(_after))
        {
            return false;
        }

        length = _before.Length + firstDigits + 1 + lastDigits + _after.Length;
        var isWithin = first <= last && last < (ulong)Offer.Size;
        range = isWithin ? new FileRange((long)first, (long)(last - first) + 1) : default;
        return isWithin;
    }

    public FilePiece[] PieceOf(FileRange range)
    {
        _piece[0] = new FilePiece(_file, range.Start, range.Length);
        return _piece;
    }

    /// <returns>Bytes written.</returns>
    public int WriteHead(Span<byte> to, FileRange range, TimeProvider clock)
    {
        var at = Copy(_lines, to, 0);
        at = Number(range.Length, to, at);
        at = Copy("\r\nContent-Range: bytes "u8, to, at);
        at = Number(range.Start, to, at);
        at = Copy("-"u8, to, at);
        at = Number(range.Start + range.Length - 1, to, at);
        at = Copy("/"u8, to, at);
        at = Number(Offer.Size, to, at);
        if (_namesRequest)
        {
            at = Copy("\r\nX-Request-Id: "u8, to, at);
            at += Encoding.ASCII.GetBytes(RequestIds.New(clock), to[at..]);
        }

        return Copy("\r\n\r\n"u8, to, at);
    }

    private static int Copy(ReadOnlySpan<byte> bytes, Span<byte> to, int at)
    {
        bytes.CopyTo(to[at..]);
        return at + bytes.Length;
    }

    private static int Number(long number, Span<byte> to, int at)
    {
        Utf8Formatter.TryFormat(number, to[at..], out var written);
        return at + written;
    }

    private static bool IsOf(string line, string header) => line.StartsWith(header, StringComparison.OrdinalIgnoreCase) && line.AsSpan(header.Length).StartsWith(":");
}
