using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>What git holds in place of a large file (git-lfs <c>docs/spec.md</c>).</summary>
/// <param name="Size">Bytes of the large file.</param>
internal sealed record LfsPointer(Sha256Digest Digest, long Size)
{
    /// <summary>Bytes of the longest blob that can be a pointer.</summary>
    public const int MaxLength = 1024;

    private static ReadOnlySpan<byte> Version => "version https://git-lfs.github.com/spec/v1\n"u8;

    /// <summary>Strict: the lines version, oid and size in this order, with <c>ext-</c> lines between at most, each ended by a newline.</summary>
    public static bool TryParse(ReadOnlySpan<byte> blob, [NotNullWhen(true)] out LfsPointer? pointer)
    {
        pointer = null;
        if (blob.Length > MaxLength || !blob.StartsWith(Version))
        {
            return false;
        }

        var rest = blob[Version.Length..];
        var line = Line(ref rest);
        while (line.StartsWith("ext-"u8))
        {
            line = Line(ref rest);
        }

        if (!line.StartsWith("oid sha256:"u8) || !Sha256Digest.TryParse(Encoding.ASCII.GetString(line["oid sha256:".Length..]), out var digest))
        {
            return false;
        }

        pointer = ParseSize(Line(ref rest)) is { } size && rest.IsEmpty ? new LfsPointer(digest, size) : null;
        return pointer is not null;
    }

    /// <summary>The pointer as a blob.</summary>
    public byte[] Format() => [.. Version, .. Encoding.ASCII.GetBytes($"oid sha256:{Digest.Hex}\nsize {Size}\n")];

    /// <summary>The next line without its newline; empty if none ends.</summary>
    private static ReadOnlySpan<byte> Line(ref ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOf((byte)'\n');
        var line = end < 0 ? default : rest[..end];
        rest = end < 0 ? rest : rest[(end + 1)..];
        return line;
    }

    private static long? ParseSize(ReadOnlySpan<byte> line)
    {
        if (!line.StartsWith("size "u8))
        {
            return null;
        }

        var digits = line["size ".Length..];
        var isNumber = Utf8Parser.TryParse(digits, out long size, out var used) && used == digits.Length && char.IsAsciiDigit((char)digits[0]);
        return isNumber ? size : null;
    }
}
