using System.Globalization;
using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>One part of a file, as a <c>Range</c> header asks for it.</summary>
/// <param name="Start">First byte.</param>
/// <param name="Length">Bytes.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ByteRange(long Start, long Length)
{
    /// <summary>Reads <c>bytes=a-b</c>, <c>bytes=a-</c> or <c>bytes=-n</c>.</summary>
    /// <param name="header">The header; several ranges, and what is not a range, are passed over, as RFC 9110 section 14.2 allows.</param>
    /// <param name="total">Bytes of the whole file.</param>
    /// <param name="isSatisfiable">Whether the file has such a part. An empty file has none but is answered whole: clients ask every file for its first byte.</param>
    /// <returns>Null: answer with the whole file, or refuse when it is not satisfiable.</returns>
    public static ByteRange? Parse(string? header, long total, out bool isSatisfiable)
    {
        isSatisfiable = true;
        if (total == 0 || header is null || !header.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var text = header.AsSpan("bytes=".Length).Trim();
        var dash = text.IndexOf('-');
        if (dash < 0 || !TryNumber(text[..dash], out var first) || !TryNumber(text[(dash + 1)..], out var last) || (first ?? last) is null || last < first)
        {
            return null;
        }

        var start = first ?? Math.Max(0, total - last!.Value); // one of the two is there
        var end = first is null ? total - 1 : Math.Min(last ?? total - 1, total - 1);
        isSatisfiable = start < total && !(first is null && last == 0);
        return isSatisfiable ? new ByteRange(start, end - start + 1) : null;
    }

    private static bool TryNumber(ReadOnlySpan<char> text, out long? number)
    {
        number = null;
        if (text.IsEmpty)
        {
            return true;
        }

        var isNumber = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed);
        number = parsed;
        return isNumber;
    }
}
