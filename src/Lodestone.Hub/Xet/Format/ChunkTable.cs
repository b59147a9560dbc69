using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>Where a chunk of a xorb ends.</summary>
/// <param name="RecordEnd">In the chunk records, headers included.</param>
/// <param name="UnpackedEnd">In the chunks, unpacked one after the other.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ChunkEntry(XetHash Hash, int RecordEnd, int UnpackedEnd);

/// <summary>
/// What is where in a xorb. It stands after the chunk records in the xorb's file: an entry of 40 bytes for each chunk (hash, end of the
/// record, end unpacked), then 48 bytes: the xorb's hash, the number of chunks, a version, and eight bytes that say what this is.
/// </summary>
internal sealed class ChunkTable(XetHash xorb, IReadOnlyList<ChunkEntry> chunks)
{
    private const int EntrySize = XetHash.Size + (2 * sizeof(int));
    private const int TailSize = XetHash.Size + (2 * sizeof(int)) + sizeof(ulong);
    private const int Version = 1;
    private const ulong Mark = 0x4B4E554843444F4C; // "LODCHUNK"

    public XetHash Xorb => xorb;

    public IReadOnlyList<ChunkEntry> Chunks => chunks;

    /// <summary>Bytes of the records; in the file, this table follows.</summary>
    public int RecordBytes => RecordStart(chunks.Count);

    public int UnpackedBytes => UnpackedStart(chunks.Count);

    /// <param name="number">From 0; the number of chunks for where the last one ends.</param>
    public int RecordStart(int number) => number == 0 ? 0 : chunks[number - 1].RecordEnd;

    public int UnpackedStart(int number) => number == 0 ? 0 : chunks[number - 1].UnpackedEnd;

    /// <summary>Bytes of a chunk, unpacked.</summary>
    public int LengthOf(int number) => chunks[number].UnpackedEnd - UnpackedStart(number);

    /// <param name="position">A byte of the chunks, unpacked one after the other.</param>
    /// <returns>Number of the chunk that has it.</returns>
    public int Find(int position)
    {
        var (first, end) = (0, chunks.Count - 1);
        while (first < end)
        {
            var middle = (first + end) / 2;
            (first, end) = chunks[middle].UnpackedEnd > position ? (first, middle) : (middle + 1, end);
        }

        return first;
    }

    /// <summary>Proves that somebody knows these chunks' hashes.</summary>
    /// <param name="end">Exclusive.</param>
    public XetHash Verification(int first, int end)
    {
        var hashes = new XetHash[end - first];
        for (var i = first; i < end; i++)
        {
            hashes[i - first] = chunks[i].Hash;
        }

        return XetHashes.Verification(hashes);
    }

    /// <summary>Writes it after the records.</summary>
    public async Task WriteAsync(SafeFileHandle file, CancellationToken cancel)
    {
        var bytes = new byte[(chunks.Count * EntrySize) + TailSize];
        for (var i = 0; i < chunks.Count; i++)
        {
            var at = bytes.AsSpan(i * EntrySize);
            chunks[i].Hash.Write(at);
            BinaryPrimitives.WriteInt32LittleEndian(at[32..], chunks[i].RecordEnd);
            BinaryPrimitives.WriteInt32LittleEndian(at[36..], chunks[i].UnpackedEnd);
        }

        var tail = bytes.AsSpan(^TailSize..);
        xorb.Write(tail);
        BinaryPrimitives.WriteInt32LittleEndian(tail[32..], chunks.Count);
        BinaryPrimitives.WriteInt32LittleEndian(tail[36..], Version);
        BinaryPrimitives.WriteUInt64LittleEndian(tail[40..], Mark);
        await RandomAccess.WriteAsync(file, bytes, RecordBytes, cancel);
    }

    /// <summary>Reads it from the end of a xorb's file.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public static ChunkTable Read(SafeFileHandle file)
    {
        var length = RandomAccess.GetLength(file);
        Require(length > TailSize);
        var tail = new byte[TailSize];
        Fill(file, tail, length - TailSize);
        var count = BinaryPrimitives.ReadInt32LittleEndian(tail.AsSpan(32));
        Require(BinaryPrimitives.ReadInt32LittleEndian(tail.AsSpan(36)) == Version && BinaryPrimitives.ReadUInt64LittleEndian(tail.AsSpan(40)) == Mark);
        Require(count is > 0 and <= XorbLimits.Chunks && length > (count * EntrySize) + TailSize);
        var entries = new byte[count * EntrySize];
        Fill(file, entries, length - TailSize - entries.Length);
        var table = new ChunkTable(XetHash.Read(tail), Entries(entries));
        Require(table.RecordBytes == length - TailSize - entries.Length);
        return table;
    }

    private static ChunkEntry[] Entries(ReadOnlySpan<byte> bytes)
    {
        var entries = new ChunkEntry[bytes.Length / EntrySize];
        var before = default(ChunkEntry);
        for (var i = 0; i < entries.Length; i++)
        {
            var at = bytes[(i * EntrySize)..];
            entries[i] = new ChunkEntry(XetHash.Read(at), BinaryPrimitives.ReadInt32LittleEndian(at[32..]), BinaryPrimitives.ReadInt32LittleEndian(at[36..]));
            Require(entries[i].RecordEnd > before.RecordEnd && entries[i].UnpackedEnd > before.UnpackedEnd);
            before = entries[i];
        }

        return entries;
    }

    private static void Fill(SafeFileHandle file, Span<byte> bytes, long offset)
    {
        for (var filled = 0; filled < bytes.Length;)
        {
            var count = RandomAccess.Read(file, bytes[filled..], offset + filled);
            Require(count > 0);
            filled += count;
        }
    }

    private static void Require(bool isWhole)
    {
        if (!isWhole)
        {
            throw new InvalidDataException("A stored xorb is damaged: its table of chunks does not fit its bytes.");
        }
    }
}
