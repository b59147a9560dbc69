using System.Buffers.Binary;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

/// <summary>A xorb as a client makes it.</summary>
internal sealed class MadeXorb
{
    private MadeXorb(IReadOnlyList<byte[]> chunks, IReadOnlyList<byte[]> records)
    {
        var tree = new HashTree();
        Chunks = [.. chunks.Select(c => (XetHashes.Chunk(c), c.Length))];
        foreach (var (hash, length) in Chunks)
        {
            tree.Add(hash, length);
        }

        (Hash, Content, Records) = (tree.Root(), [.. chunks.SelectMany(c => c)], [.. records.SelectMany(r => r)]);
    }

    public XetHash Hash { get; }

    public IReadOnlyList<(XetHash Hash, int Length)> Chunks { get; }

    /// <summary>The chunks, one after the other.</summary>
    public byte[] Content { get; }

    /// <summary>As sent.</summary>
    public byte[] Records { get; }

    public static MadeXorb Of(params byte[][] chunks) => new(chunks, [.. chunks.Select(c => Record(c))]);

    /// <summary>Pieces of one length, which is not how clients cut, and as good.</summary>
    public static MadeXorb OfContent(byte[] content, int length = 50_000, ChunkCompression kind = ChunkCompression.None)
    {
        byte[][] chunks = [.. content.Chunk(length)];
        return new(chunks, [.. chunks.Select(c => Record(c, kind))]);
    }

    /// <param name="stated">Uncompressed length; null: the true one.</param>
    public static byte[] Record(byte[] chunk, ChunkCompression kind = ChunkCompression.None, int? stated = null)
    {
        var payload = chunk;
        if (kind is not ChunkCompression.None)
        {
            var packed = new byte[(chunk.Length * 2) + 1024];
            (kind, var length) = ChunkCodec.Encode(chunk, packed);
            payload = packed[..length];
        }

        return Record(payload, kind, stated ?? chunk.Length);
    }

    public static byte[] Record(byte[] payload, ChunkCompression kind, int stated)
    {
        var header = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(1), (uint)payload.Length);
        header[4] = (byte)kind;
        header[5] = (byte)stated;
        header[6] = (byte)(stated >> 8);
        header[7] = (byte)(stated >> 16);
        return [.. header, .. payload];
    }

    /// <summary>With a footer of version 1, as older native clients send it.</summary>
    public byte[] RecordsAndFooter()
    {
        var (hash, footer, ends, at) = (new byte[32], new List<byte>(), new List<byte>(), 0);
        Hash.Write(hash);
        footer.AddRange([.. "XETBLOB"u8, 1, .. hash, .. "XBLBHSH"u8, 0, .. Word(Chunks.Count)]);
        foreach (var (chunk, length) in Chunks)
        {
            chunk.Write(hash);
            footer.AddRange(hash);
            at += length;
            ends.AddRange(Word(at));
        }

        footer.AddRange([.. "XBLBBND"u8, 1, .. Word(Chunks.Count), .. ends, .. ends, .. Word(Chunks.Count), .. Word(0), .. Word(0), .. new byte[16]]);
        return [.. Records, .. footer, .. Word(footer.Count)];
    }

    /// <summary>Chunks in a row, as a shard's term names them.</summary>
    /// <param name="end">Exclusive; null: to the last.</param>
    public ShardTerm Term(int first = 0, int? end = null)
    {
        var chunks = Chunks.Take(end ?? Chunks.Count).Skip(first).ToArray();
        return new ShardTerm(Hash, first, first + chunks.Length, chunks.Sum(c => c.Length), XetHashes.Verification([.. chunks.Select(c => c.Hash)]));
    }

    private static byte[] Word(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return bytes;
    }
}
