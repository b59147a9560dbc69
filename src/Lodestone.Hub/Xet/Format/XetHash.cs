using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>
/// Names a chunk, a xorb or a chunked file: 32 bytes. As text, which is how it stands in addresses, rows and hashed text, it is
/// four little-endian 64-bit numbers of 16 hex digits each, so every eight bytes stand in reverse.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct XetHash(ulong A, ulong B, ulong C, ulong D)
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    public const int Size = 32;
    public const int TextLength = 64;

    /// <summary>Modulo this, the last number of a hash says where a list of hashes is cut, and which chunks are worth asking for.</summary>
    public ulong Cut => D;

    /// <param name="bytes">32.</param>
    public static XetHash Read(ReadOnlySpan<byte> bytes) => new(
        BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
        BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));

    /// <param name="bytes">Room for 32.</param>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, A);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], B);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], C);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], D);
    }

    /// <summary>64 lower-case hex digits, nothing else: a hash has one spelling.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out XetHash hash)
    {
        var isHash = text is { Length: TextLength } && !text.AsSpan().ContainsAnyExcept(HexDigits);
        hash = isHash ? new XetHash(Part(text!, 0), Part(text!, 1), Part(text!, 2), Part(text!, 3)) : default; // checked in the line above
        return isHash;
    }

    public static XetHash Parse(string text) => TryParse(text, out var hash) ? hash : throw new FormatException("Not a hash of 64 lower-case hex digits.");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{A:x16}{B:x16}{C:x16}{D:x16}");

    private static ulong Part(string text, int number) => ulong.Parse(text.AsSpan(number * 16, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
