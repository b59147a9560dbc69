using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>
/// A large file that is kept as chunks. It was rebuilt once before it was written down, so its SHA-256 is true. The same bytes
/// may have been cut in several ways: one SHA-256, several files.
/// </summary>
/// <param name="Sha256">64 lower-case hex digits.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Terms">See <see cref="FileTerm"/>.</param>
internal sealed record ChunkedFile(XetHash Hash, string Sha256, long Size, byte[] Terms, DateTimeOffset CreatedAt)
{
    /// <summary>Since when no repository holds the SHA-256; null while one does.</summary>
    public DateTimeOffset? UnheldSince { get; init; }
}

/// <summary>The file has chunks of the xorb.</summary>
internal sealed record FileXorb(XetHash File, XetHash Xorb);

/// <summary>A piece of a file: some chunks in a row of one xorb.</summary>
/// <param name="FirstChunk">From 0.</param>
/// <param name="EndChunk">Exclusive.</param>
/// <param name="Size">Bytes that the chunks have when unpacked.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct FileTerm(XetHash Xorb, int FirstChunk, int EndChunk, int Size)
{
    private const int Length = XetHash.Size + (3 * sizeof(int));

    /// <summary>In file order: hash, first chunk, end chunk and size of each, 44 bytes, little endian.</summary>
    public static byte[] Encode(IReadOnlyList<FileTerm> terms)
    {
        var bytes = new byte[terms.Count * Length];
        for (var i = 0; i < terms.Count; i++)
        {
            var at = bytes.AsSpan(i * Length);
            terms[i].Xorb.Write(at);
            BinaryPrimitives.WriteInt32LittleEndian(at[32..], terms[i].FirstChunk);
            BinaryPrimitives.WriteInt32LittleEndian(at[36..], terms[i].EndChunk);
            BinaryPrimitives.WriteInt32LittleEndian(at[40..], terms[i].Size);
        }

        return bytes;
    }

    public static FileTerm[] Decode(ReadOnlySpan<byte> bytes)
    {
        var terms = new FileTerm[bytes.Length / Length];
        for (var i = 0; i < terms.Length; i++)
        {
            var at = bytes[(i * Length)..];
            terms[i] = new FileTerm(
                XetHash.Read(at),
                BinaryPrimitives.ReadInt32LittleEndian(at[32..]),
                BinaryPrimitives.ReadInt32LittleEndian(at[36..]),
                BinaryPrimitives.ReadInt32LittleEndian(at[40..]));
        }

        return terms;
    }
}
