using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Git;

/// <summary>Packs made byte by byte, as no git would make them.</summary>
internal static class PackByHand
{
    public static byte[] Empty { get; } = Of();

    public static byte[] Of(params byte[][] entries)
    {
        var count = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(count, entries.Length);
        byte[] pack = [.. "PACK\0\0\0\u0002"u8, .. count, .. entries.SelectMany(e => e)];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(pack);
        return [.. pack, .. hash.GetHashAndReset()];
    }

    public static byte[] Entry(GitObjectType type, byte[] content) => [.. Header((int)type, content.Length), .. Deflate(content)];

    public static byte[] Header(int kind, long size)
    {
        var header = new List<byte> { (byte)((kind << 4) | (int)(size & 15)) };
        for (size >>= 4; size > 0; size >>= 7)
        {
            header[^1] |= 0x80;
            header.Add((byte)(size & 0x7f));
        }

        return [.. header];
    }

    public static void Varint(MemoryStream output, long value)
    {
        for (; value > 0x7f; value >>= 7)
        {
            output.WriteByte((byte)(value | 0x80));
        }

        output.WriteByte((byte)value);
    }

    public static byte[] Deflate(byte[] content)
    {
        using var output = new MemoryStream();
        using (var deflate = new ZLibStream(output, CompressionLevel.Fastest))
        {
            deflate.Write(content);
        }

        return output.ToArray();
    }

    public static byte[] Bytes(ObjectId id)
    {
        var bytes = new byte[ObjectId.Size];
        id.CopyTo(bytes);
        return bytes;
    }

    /// <summary>A commit of one file, and the entries that bring it without the file.</summary>
    public static (string Commit, byte[][] Entries) CommitOf((string Name, ObjectId Id) file, string parent)
    {
        byte[] tree = [.. Encoding.ASCII.GetBytes($"100644 {file.Name}\0"), .. Bytes(file.Id)];
        var commit = Encoding.ASCII.GetBytes(
            $"tree {ObjectId.Of(GitObjectType.Tree, tree)}\nparent {parent}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n");
        return (ObjectId.Of(GitObjectType.Commit, commit).ToString(), [Entry(GitObjectType.Tree, tree), Entry(GitObjectType.Commit, commit)]);
    }
}
