using System.Security.Cryptography;

namespace Lodestone.Hub;

/// <summary>
/// A xorb as somebody may see it who may use some of its chunks: those by keyed names, the others as if they were any. A chunk's
/// length is hidden with it, because it follows from the content; what comes after the last usable chunk is left out.
/// </summary>
internal static class KeyedXorb
{
    /// <summary>Bytes; what chunks have on average.</summary>
    private const int HiddenLength = 64 * 1024;

    public static ShardXorb Of(ChunkTable table, ChunkRanges usable, ReadOnlySpan<byte> key)
    {
        var chunks = new List<ShardChunk>();
        var (offset, seen) = (0, 0);
        for (var i = 0; i < table.Chunks.Count; i++)
        {
            var isUsable = usable.Contains(i, i + 1);
            var length = isUsable ? table.LengthOf(i) : HiddenLength;
            chunks.Add(new ShardChunk(isUsable ? XetHashes.Keyed(key, table.Chunks[i].Hash) : AnyHash(), offset, length, IsAskable: false));
            offset += length;
            seen = isUsable ? chunks.Count : seen;
        }

        return new ShardXorb(table.Xorb, chunks[..seen]);
    }

    private static XetHash AnyHash()
    {
        Span<byte> bytes = stackalloc byte[XetHash.Size];
        RandomNumberGenerator.Fill(bytes);
        return XetHash.Read(bytes);
    }
}
