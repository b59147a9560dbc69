using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Lodestone.Hub;

/// <param name="Offset">Where the entry begins in the pack.</param>
/// <param name="Crc">CRC-32 of its packed bytes.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PackedEntry(ObjectId Id, long Offset, uint Crc);

/// <summary>Writes a pack index, version 2 (git's <c>gitformat-pack</c>).</summary>
internal static class PackIndexFile
{
    private const long LargeOffset = 0x8000_0000;

    public static void Write(string path, IEnumerable<PackedEntry> entries, ObjectId packChecksum)
    {
        var sorted = entries.ToArray();
        Array.Sort(sorted, (a, b) => a.Id.CompareTo(b.Id));
        var large = sorted.Count(e => e.Offset >= LargeOffset);
        var bytes = new byte[PackIndex.HeaderSize + (sorted.Length * 28) + (large * 8) + (2 * ObjectId.Size)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, PackIndex.Magic);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), 2);
        WriteFanout(bytes.AsSpan(8), sorted);
        WriteTables(bytes.AsSpan(PackIndex.HeaderSize), sorted);

        packChecksum.CopyTo(bytes.AsSpan(bytes.Length - (2 * ObjectId.Size)));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(bytes.AsSpan(0, bytes.Length - ObjectId.Size));
        ObjectId.FinishHash(hash).CopyTo(bytes.AsSpan(bytes.Length - ObjectId.Size));
        File.WriteAllBytes(path, bytes);
    }

    private static void WriteFanout(Span<byte> fanout, PackedEntry[] sorted)
    {
        Span<int> counts = stackalloc int[256];
        foreach (var entry in sorted)
        {
            counts[entry.Id.FirstByte]++;
        }

        var total = 0;
        for (var i = 0; i < counts.Length; i++)
        {
            total += counts[i];
            BinaryPrimitives.WriteInt32BigEndian(fanout[(i * 4)..], total);
        }
    }

    private static void WriteTables(Span<byte> tables, PackedEntry[] sorted)
    {
        var checksums = tables[(sorted.Length * ObjectId.Size)..];
        var offsets = checksums[(sorted.Length * 4)..];
        var largeOffsets = offsets[(sorted.Length * 4)..];
        var large = 0u;
        for (var i = 0; i < sorted.Length; i++)
        {
            sorted[i].Id.CopyTo(tables[(i * ObjectId.Size)..]);
            BinaryPrimitives.WriteUInt32BigEndian(checksums[(i * 4)..], sorted[i].Crc);
            var offset = sorted[i].Offset;
            BinaryPrimitives.WriteUInt32BigEndian(offsets[(i * 4)..], offset < LargeOffset ? (uint)offset : (uint)LargeOffset | large);
            if (offset >= LargeOffset)
            {
                BinaryPrimitives.WriteInt64BigEndian(largeOffsets[(int)(large++ * 8)..], offset);
            }
        }
    }
}
