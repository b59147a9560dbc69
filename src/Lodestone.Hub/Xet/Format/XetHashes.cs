using System.Buffers;
using System.Globalization;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>What is hashed to which name. All are BLAKE3 with a key, which says what the hash is of.</summary>
internal static class XetHashes
{
    private static ReadOnlySpan<byte> ChunkKey =>
    [
        102, 151, 245, 119, 91, 149, 80, 222, 49, 53, 203, 172, 165, 151, 24, 28, 157, 228, 33, 16, 155, 235, 43, 88, 180, 208, 176, 75, 147, 173, 242, 41,
    ];

    private static ReadOnlySpan<byte> NodeKey =>
    [
        1, 126, 197, 199, 165, 71, 41, 150, 253, 148, 102, 102, 180, 138, 2, 230, 93, 221, 83, 111, 55, 199, 109, 210, 248, 99, 82, 230, 74, 83, 113, 63,
    ];

    private static ReadOnlySpan<byte> VerificationKey =>
    [
        127, 24, 87, 214, 206, 86, 237, 102, 18, 127, 249, 19, 231, 165, 195, 243, 164, 205, 38, 213, 181, 219, 73, 230, 65, 36, 152, 127, 40, 251, 148, 195,
    ];

    /// <param name="content">The chunk's bytes, unpacked.</param>
    public static XetHash Chunk(ReadOnlySpan<byte> content) => Hash(ChunkKey, content);

    /// <summary>Of some nodes of a <see cref="HashTree"/>: each as a line of hash and length.</summary>
    public static XetHash Node(ReadOnlySpan<(XetHash Hash, long Length)> children)
    {
        var text = new StringBuilder(children.Length * 80);
        foreach (var (hash, length) in children)
        {
            text.Append(CultureInfo.InvariantCulture, $"{hash} : {length}\n");
        }

        return Hash(NodeKey, Encoding.ASCII.GetBytes(text.ToString()));
    }

    /// <summary>Of the chunks of one term: who knows it has seen their names.</summary>
    public static XetHash Verification(ReadOnlySpan<XetHash> chunkHashes)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(chunkHashes.Length * XetHash.Size);
        for (var i = 0; i < chunkHashes.Length; i++)
        {
            chunkHashes[i].Write(bytes.AsSpan(i * XetHash.Size));
        }

        var hash = Hash(VerificationKey, bytes.AsSpan(0, chunkHashes.Length * XetHash.Size));
        ArrayPool<byte>.Shared.Return(bytes);
        return hash;
    }

    /// <summary>The file hash of a tree's root, and, with another key, how a chunk is named to those who may not learn its hash.</summary>
    /// <param name="key">32 bytes.</param>
    public static XetHash Keyed(ReadOnlySpan<byte> key, XetHash hash)
    {
        Span<byte> bytes = stackalloc byte[XetHash.Size];
        hash.Write(bytes);
        return Hash(key, bytes);
    }

    /// <summary>How a SHA-256 stands in a shard: its hex digits are read as those of a hash.</summary>
    public static XetHash OfSha256(Sha256Digest digest) => XetHash.Parse(digest.Hex);

    public static Sha256Digest ToSha256(XetHash hash) => Sha256Digest.Parse(hash.ToString());

    private static XetHash Hash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[XetHash.Size];
        Blake3.Keyed(key, content, hash);
        return XetHash.Read(hash);
    }
}
