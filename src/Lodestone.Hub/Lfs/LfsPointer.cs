using System.Globalization;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>What git holds in place of a large file: three lines that name its content.</summary>
internal sealed record LfsPointer(Sha256Digest Digest, long Size)
{
    /// <summary>Bytes; nothing longer is a pointer.</summary>
    public const int MaxLength = 1024;

    private const string Version = "version https://git-lfs.github.com/spec/v1";

    public static LfsPointer? Parse(ReadOnlySpan<byte> content)
    {
        if (content.Length > MaxLength || !content.StartsWith("version https://git-lfs.github.com/spec/v1\n"u8))
        {
            return null;
        }

        var lines = Encoding.UTF8.GetString(content).Split('\n');
        var digest = Array.Find(lines, l => l.StartsWith("oid sha256:", StringComparison.Ordinal))?["oid sha256:".Length..];
        var size = Array.Find(lines, l => l.StartsWith("size ", StringComparison.Ordinal))?["size ".Length..];
        return Sha256Digest.TryParse(digest, out var parsed) && long.TryParse(size, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes)
            ? new LfsPointer(parsed, bytes)
            : null;
    }

    public byte[] Format() => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Version}\noid sha256:{Digest}\nsize {Size}\n"));
}
