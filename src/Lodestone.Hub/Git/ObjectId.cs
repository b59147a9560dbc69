using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Lodestone.Hub;

/// <summary>The SHA-1 by which git names an object. Ordered as git orders ids.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ObjectId : IComparable<ObjectId>
{
    public const int Size = 20;
    public const int HexLength = 40;

    private readonly ulong _high;
    private readonly ulong _middle;
    private readonly uint _low;

    /// <param name="bytes">Exactly 20 bytes.</param>
    public ObjectId(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException("An object id has 20 bytes.", nameof(bytes));
        }

        _high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _middle = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _low = BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]);
    }

    /// <summary>All zeros: how git's protocols write "no object".</summary>
    public static ObjectId Zero => default;

    public byte FirstByte => (byte)(_high >> 56);

    public static ObjectId Parse(string hex) =>
        TryParse(hex, out var id) ? id : throw new FormatException($"'{hex}' is not an object id: 40 hexadecimal digits are needed.");

    public static bool TryParse(ReadOnlySpan<char> hex, out ObjectId id)
    {
        Span<byte> bytes = stackalloc byte[Size];
        var isId = hex.Length == HexLength && Convert.FromHexString(hex, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        id = isId ? new ObjectId(bytes) : default;
        return isId;
    }

    public static bool TryParse(ReadOnlySpan<byte> asciiHex, out ObjectId id)
    {
        Span<byte> bytes = stackalloc byte[Size];
        var isId = asciiHex.Length == HexLength && Convert.FromHexString(asciiHex, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
        id = isId ? new ObjectId(bytes) : default;
        return isId;
    }

    /// <summary>The id that an object with this content has.</summary>
    public static ObjectId Of(GitObjectType type, ReadOnlySpan<byte> content)
    {
        using var hash = BeginHash(type, content.Length);
        hash.AppendData(content);
        return FinishHash(hash);
    }

    /// <summary>A hash that has seen the object's header and expects <paramref name="size"/> bytes of content.</summary>
    public static IncrementalHash BeginHash(GitObjectType type, long size)
    {
        Span<byte> header = stackalloc byte[32];
        var name = type.Name();
        var length = System.Text.Encoding.ASCII.GetBytes(name, header);
        header[length++] = (byte)' ';
        Utf8Formatter.TryFormat(size, header[length..], out var digits);
        length += digits;
        header[length++] = 0;
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(header[..length]);
        return hash;
    }

    public static ObjectId FinishHash(IncrementalHash hash)
    {
        Span<byte> digest = stackalloc byte[Size];
        hash.GetHashAndReset(digest);
        return new ObjectId(digest);
    }

    public void CopyTo(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination, _high);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], _middle);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], _low);
    }

    public int CompareTo(ObjectId other)
    {
        var order = _high.CompareTo(other._high);
        order = order != 0 ? order : _middle.CompareTo(other._middle);
        return order != 0 ? order : _low.CompareTo(other._low);
    }

    // The id is a hash already: any part of it is as good as the whole.
    public override int GetHashCode() => (int)_low;

    /// <summary>40 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    public static bool operator <(ObjectId left, ObjectId right) => left.CompareTo(right) < 0;

    public static bool operator >(ObjectId left, ObjectId right) => left.CompareTo(right) > 0;

    public static bool operator <=(ObjectId left, ObjectId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ObjectId left, ObjectId right) => left.CompareTo(right) >= 0;
}
