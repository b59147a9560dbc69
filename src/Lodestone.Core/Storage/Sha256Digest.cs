using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Lodestone.Core;

/// <summary>The SHA-256 of some bytes; what a blob is stored under.</summary>
public readonly record struct Sha256Digest
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private readonly string? _hex;

    private Sha256Digest(string hex) => _hex = hex;

    /// <summary>64 lower-case hex digits.</summary>
    public string Hex => _hex ?? throw new InvalidOperationException("No digest");

    public static Sha256Digest FromHash(ReadOnlySpan<byte> hash) =>
        hash.Length == 32 ? new(Convert.ToHexStringLower(hash)) : throw new ArgumentException("A SHA-256 has 32 bytes.", nameof(hash));

    public static bool TryParse([NotNullWhen(true)] string? hex, out Sha256Digest digest)
    {
        var isDigest = hex is { Length: 64 } && !hex.AsSpan().ContainsAnyExcept(HexDigits);
        digest = isDigest ? new Sha256Digest(hex!) : default; // checked in the line above
        return isDigest;
    }

    public static Sha256Digest Parse(string hex) => TryParse(hex, out var digest) ? digest : throw new FormatException("Not a SHA-256 in lower-case hex.");

    public override string ToString() => Hex;
}
