using System.Buffers;
using System.Buffers.Binary;

namespace Lodestone.Hub;

/// <summary>Writes the answer to a question about a chunk: xorbs that the client may build files of. It has no files.</summary>
internal static class ShardWriter
{
    /// <param name="xorbs">Their chunks' hashes as the client gets them: keyed.</param>
    /// <param name="key">32 bytes: by which the hashes are keyed.</param>
    /// <param name="expires">When the client forgets the answer.</param>
    public static byte[] Write(IReadOnlyList<ShardXorb> xorbs, ReadOnlySpan<byte> key, DateTimeOffset created, DateTimeOffset expires)
    {
        var bytes = new ArrayBufferWriter<byte>();
        var header = Record(bytes);
        ShardFormat.Tag.CopyTo(header);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], ShardFormat.Version);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], ShardFormat.FooterSize);
        Record(bytes, ShardFormat.Bookend, 0, 0, 0, 0);
        var xorbsStart = bytes.WrittenCount;
        foreach (var xorb in xorbs)
        {
            Add(bytes, xorb);
        }

        Record(bytes, ShardFormat.Bookend, 0, 0, 0, 0);
        Footer(bytes, xorbsStart, key, created, expires);
        return bytes.WrittenSpan.ToArray();
    }

    private static void Add(ArrayBufferWriter<byte> bytes, ShardXorb xorb)
    {
        var size = xorb.Chunks.Count > 0 ? xorb.Chunks[^1].Offset + xorb.Chunks[^1].Size : 0;
        Record(bytes, xorb.Hash, 0, (uint)xorb.Chunks.Count, (uint)size, 0);
        foreach (var chunk in xorb.Chunks)
        {
            Record(bytes, chunk.Hash, (uint)chunk.Offset, (uint)chunk.Size, chunk.IsAskable ? ShardFormat.IsAskable : 0, 0);
        }
    }

    private static void Footer(ArrayBufferWriter<byte> bytes, int xorbsStart, ReadOnlySpan<byte> key, DateTimeOffset created, DateTimeOffset expires)
    {
        var start = bytes.WrittenCount;
        var footer = Room(bytes, ShardFormat.FooterSize);
        BinaryPrimitives.WriteUInt64LittleEndian(footer, ShardFormat.FooterVersion);
        BinaryPrimitives.WriteUInt64LittleEndian(footer[8..], ShardFormat.RecordSize);
        BinaryPrimitives.WriteUInt64LittleEndian(footer[16..], (ulong)xorbsStart);
        foreach (var emptyTable in (ReadOnlySpan<int>)[24, 40, 56])
        {
            // Where tables of file, xorb and chunk names would be. Clients take the first for the end of the xorbs.
            BinaryPrimitives.WriteUInt64LittleEndian(footer[emptyTable..], (ulong)start);
        }

        key[..Blake3.KeySize].CopyTo(footer[72..]);
        BinaryPrimitives.WriteUInt64LittleEndian(footer[104..], (ulong)created.ToUnixTimeSeconds());
        BinaryPrimitives.WriteUInt64LittleEndian(footer[112..], (ulong)expires.ToUnixTimeSeconds());
        BinaryPrimitives.WriteUInt64LittleEndian(footer[192..], (ulong)start);
    }

    private static void Record(ArrayBufferWriter<byte> bytes, XetHash hash, uint a, uint b, uint c, uint d)
    {
        var record = Record(bytes);
        hash.Write(record);
        BinaryPrimitives.WriteUInt32LittleEndian(record[32..], a);
        BinaryPrimitives.WriteUInt32LittleEndian(record[36..], b);
        BinaryPrimitives.WriteUInt32LittleEndian(record[40..], c);
        BinaryPrimitives.WriteUInt32LittleEndian(record[44..], d);
    }

    private static Span<byte> Record(ArrayBufferWriter<byte> bytes) => Room(bytes, ShardFormat.RecordSize);

    private static Span<byte> Room(ArrayBufferWriter<byte> bytes, int length)
    {
        var room = bytes.GetSpan(length)[..length];
        room.Clear();
        bytes.Advance(length);
        return room;
    }
}
