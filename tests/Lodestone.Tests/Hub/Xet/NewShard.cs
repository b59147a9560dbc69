using System.Buffers.Binary;
using System.Security.Cryptography;
using Lodestone.Core;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

/// <summary>Shards as the native client sends them: files with verification and SHA-256, no footer.</summary>
internal static class NewShard
{
    public static XetHash Hash(int seed) => XetHash.Read(XetSome.Bytes(seed, XetHash.Size));

    public static ShardFile File(IReadOnlyList<ShardTerm> terms) => new(Hash(9), terms, Sha256Digest.FromHash(SHA256.HashData("compass"u8)));

    public static byte[] Of(IEnumerable<ShardFile> files, IEnumerable<ShardXorb> xorbs)
    {
        var shard = new List<byte>();
        shard.AddRange(ShardFormat.Tag);
        shard.AddRange((byte[])[2, .. new byte[15]]);
        shard.AddRange(files.SelectMany(File));
        shard.AddRange(Header(ShardFormat.Bookend, 0, 0));
        shard.AddRange(xorbs.SelectMany(Xorb));
        shard.AddRange(Header(ShardFormat.Bookend, 0, 0));
        return [.. shard];
    }

    public static byte[] Header(XetHash hash, uint a, uint b, uint c = 0, uint d = 0)
    {
        var record = new byte[ShardFormat.RecordSize];
        hash.Write(record);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(32), a);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(36), b);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(40), c);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(44), d);
        return record;
    }

    private static IEnumerable<byte> File(ShardFile file) =>
    [
        .. Header(file.Hash, ShardFormat.HasVerification | (file.Sha256 is null ? 0 : ShardFormat.HasSha256), (uint)file.Terms.Count),
        .. file.Terms.SelectMany(t => Header(t.Xorb, 0, (uint)t.Size, (uint)t.FirstChunk, (uint)t.EndChunk)),
        .. file.Terms.SelectMany(t => Header(t.Verification, 0, 0)),
        .. file.Sha256 is { } digest ? Header(XetHashes.OfSha256(digest), 0, 0) : [],
    ];

    private static IEnumerable<byte> Xorb(ShardXorb xorb) =>
    [
        .. Header(xorb.Hash, 0, (uint)xorb.Chunks.Count, (uint)xorb.Chunks.Sum(c => c.Size)),
        .. xorb.Chunks.SelectMany(c => Header(c.Hash, (uint)c.Offset, (uint)c.Size, c.IsAskable ? ShardFormat.IsAskable : 0)),
    ];
}
