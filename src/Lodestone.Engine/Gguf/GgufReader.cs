using System.Buffers.Binary;
using System.Text;

namespace Lodestone.Engine.Gguf;

/// <summary>Reads GGUF's primitive values, little-endian, and never past the end of the file.</summary>
internal sealed class GgufReader(Stream stream)
{
    private const int MaxTextBytes = 16 << 20;
    private const int MaxNesting = 4;
    private const uint KindText = 8;
    private const uint KindList = 9;

    private readonly byte[] _small = new byte[8];

    /// <summary>Bytes in the file.</summary>
    public long Length { get; } = stream.Length;

    /// <summary>Bytes read or skipped.</summary>
    public long Position { get; private set; }

    /// <summary>At most 8 bytes, valid until the next read.</summary>
    public ReadOnlySpan<byte> Bytes(int count, string what)
    {
        Demand(count, what);
        var bytes = _small.AsSpan(0, count);
        stream.ReadExactly(bytes);
        Position += count;
        return bytes;
    }

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4, what));

    /// <summary>A 64-bit count, 0 to <paramref name="limit"/>.</summary>
    public long Count(string what, long limit)
    {
        var count = BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8, what));
        return count <= (ulong)limit ? (long)count : throw new EngineFault($"The model file is corrupt: {what} is {count}.");
    }

    public string Text(string what)
    {
        var bytes = new byte[TextLength(what)];
        stream.ReadExactly(bytes);
        Position += bytes.Length;
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>A metadata value of any kind; lists are checked and skipped.</summary>
    public object Value(string key)
    {
        var what = $"metadata '{key}'";
        var kind = UInt32(what);
        return kind == KindList ? List(what, depth: 1) : Scalar(kind, what);
    }

    private object Scalar(uint kind, string what) => kind switch
    {
        0 => Bytes(1, what)[0],
        1 => (sbyte)Bytes(1, what)[0],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2, what)),
        3 => BinaryPrimitives.ReadInt16LittleEndian(Bytes(2, what)),
        4 => UInt32(what),
        5 => BinaryPrimitives.ReadInt32LittleEndian(Bytes(4, what)),
        6 => BinaryPrimitives.ReadSingleLittleEndian(Bytes(4, what)),
        7 => Bytes(1, what)[0] != 0,
        KindText => Text(what),
        10 => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8, what)),
        11 => BinaryPrimitives.ReadInt64LittleEndian(Bytes(8, what)),
        12 => BinaryPrimitives.ReadDoubleLittleEndian(Bytes(8, what)),
        _ => throw new EngineFault($"The model file is corrupt: {what} has the unknown kind {kind}."),
    };

    private GgufList List(string what, int depth)
    {
        var kind = UInt32(what);
        var count = Count($"the length of {what}", Length);
        if (depth > MaxNesting)
        {
            throw new EngineFault($"The model file is corrupt: {what} is a list nested more than {MaxNesting} deep.");
        }

        for (var i = 0L; i < count && kind is (KindText or KindList); i++)
        {
            if (kind == KindText)
            {
                Skip(TextLength(what), what);
            }
            else
            {
                List(what, depth + 1);
            }
        }

        if (kind is not (KindText or KindList))
        {
            Skip(count * ScalarBytes(kind, what), what);
        }

        return new GgufList(kind, count);
    }

    private int TextLength(string what)
    {
        var length = Count($"the length of {what}", MaxTextBytes);
        Demand(length, what);
        return (int)length;
    }

    private static int ScalarBytes(uint kind, string what) => kind switch
    {
        0 or 1 or 7 => 1,
        2 or 3 => 2,
        4 or 5 or 6 => 4,
        10 or 11 or 12 => 8,
        _ => throw new EngineFault($"The model file is corrupt: {what} is a list of the unknown kind {kind}."),
    };

    private void Skip(long count, string what)
    {
        Demand(count, what);
        stream.Seek(count, SeekOrigin.Current);
        Position += count;
    }

    private void Demand(long count, string what)
    {
        if (count > Length - Position)
        {
            throw new EngineFault(
                $"The model file is cut short: {what} would reach past its end, byte {Length}. Fetch it again.");
        }
    }
}
