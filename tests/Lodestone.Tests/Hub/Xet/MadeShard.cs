using System.Buffers.Binary;
using System.Security.Cryptography;
using Lodestone.Core;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

/// <summary>A shard as a client makes it, of records of 48 bytes.</summary>
internal sealed class MadeShard
{
    private const uint HasVerification = 1u << 31;
    private const uint HasSha256 = 1u << 30;
    private const uint IsMarked = 1u << 31;

    private readonly List<byte> _files = [];
    private readonly List<byte> _xorbs = [];

    /// <summary>A file of whole xorbs that the shard describes too.</summary>
    public static MadeShard Of(params MadeXorb[] xorbs) => xorbs.Aggregate(new MadeShard().File(xorbs), (shard, xorb) => shard.Describe(xorb));

    public static XetHash HashOf(params MadeXorb[] xorbs)
    {
        var tree = new HashTree();
        foreach (var (hash, length) in xorbs.SelectMany(x => x.Chunks))
        {
            tree.Add(hash, length);
        }

        return tree.FileHash();
    }

    public MadeShard File(params MadeXorb[] xorbs) =>
        File(HashOf(xorbs), SHA256.HashData([.. xorbs.SelectMany(x => x.Content)]), [.. xorbs.Select(x => x.Term())]);

    /// <param name="sha256">Null: the file comes without.</param>
    public MadeShard File(XetHash hash, byte[]? sha256, params ShardTerm[] terms)
    {
        _files.AddRange(Record(hash, HasVerification | (sha256 is null ? 0 : HasSha256), (uint)terms.Length));
        foreach (var term in terms)
        {
            _files.AddRange(Record(term.Xorb, 0, (uint)term.Size, (uint)term.FirstChunk, (uint)term.EndChunk));
        }

        foreach (var term in terms)
        {
            _files.AddRange(Record(term.Verification));
        }

        if (sha256 is not null)
        {
            _files.AddRange(Record(XetHashes.OfSha256(Sha256Digest.FromHash(sha256))));
        }

        return this;
    }

    /// <param name="marked">Chunks that the client would like others to find.</param>
    public MadeShard Describe(MadeXorb xorb, params int[] marked)
    {
        _xorbs.AddRange(Record(xorb.Hash, 0, (uint)xorb.Chunks.Count, (uint)xorb.Content.Length));
        var offset = 0;
        for (var i = 0; i < xorb.Chunks.Count; offset += xorb.Chunks[i].Length, i++)
        {
            _xorbs.AddRange(Record(xorb.Chunks[i].Hash, (uint)offset, (uint)xorb.Chunks[i].Length, marked.Contains(i) ? IsMarked : 0));
        }

        return this;
    }

    public byte[] Bytes(bool hasFooter = false)
    {
        byte[] bookend = [.. Enumerable.Repeat((byte)0xff, 32), .. new byte[16]];
        var head = new byte[48];
        ShardFormat.Tag.CopyTo(head);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(32), 2);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(40), hasFooter ? 200UL : 0);
        var footer = new byte[hasFooter ? 200 : 0];
        if (hasFooter)
        {
            footer[0] = 1; // its version; the offsets are left wrong, since nobody shall look at them
        }

        return [.. head, .. _files, .. bookend, .. _xorbs, .. bookend, .. footer];
    }

    private static byte[] Record(XetHash hash, params uint[] words)
    {
        var bytes = new byte[48];
        hash.Write(bytes);
        for (var i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(32 + (4 * i)), words[i]);
        }

        return bytes;
    }
}
