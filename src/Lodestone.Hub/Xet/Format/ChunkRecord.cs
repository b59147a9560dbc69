using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>What stands before each chunk in a xorb: eight bytes.</summary>
/// <param name="PayloadLength">Bytes as packed, after the header.</param>
/// <param name="Length">Bytes of the chunk.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ChunkRecord(int PayloadLength, ChunkCompression Compression, int Length)
{
    public const int HeaderSize = 8;

    /// <summary>Bytes; more than any packer makes of a chunk.</summary>
    public const int MostPayload = 256 * 1024;

    public int RecordLength => HeaderSize + PayloadLength;

    /// <exception cref="InvalidDataException">What no client writes. The message goes on after "record 7 …".</exception>
    public static ChunkRecord Read(ReadOnlySpan<byte> header)
    {
        var record = new ChunkRecord(Number(header[1..]), (ChunkCompression)header[4], Number(header[5..]));
        var fault = header[0] != 0 ? $"has version {header[0]}; this server knows 0"
            : record.Compression > ChunkCompression.GroupedLz4 ? $"has compression kind {header[4]}; this server knows 0, 1 and 2"
            : record.Length is 0 or > Chunker.MostSize ? $"states {record.Length} bytes; a chunk has 1 to {Chunker.MostSize}"
            : record.PayloadLength is 0 or > MostPayload ? $"states {record.PayloadLength} packed bytes; a chunk has 1 to {MostPayload}"
            : null;
        return fault is null ? record : throw new InvalidDataException(fault);
    }

    public void Write(Span<byte> header)
    {
        header[0] = 0;
        Write(header[1..], PayloadLength);
        header[4] = (byte)Compression;
        Write(header[5..], Length);
    }

    private static int Number(ReadOnlySpan<byte> bytes) => bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);

    private static void Write(Span<byte> bytes, int number)
    {
        bytes[0] = (byte)number;
        bytes[1] = (byte)(number >> 8);
        bytes[2] = (byte)(number >> 16);
    }
}
