using System.Buffers;

namespace Lodestone.Hub;

/// <summary>How a chunk is packed; the numbers are the protocol's.</summary>
internal enum ChunkCompression : byte
{
    None = 0,
    Lz4 = 1,

    /// <summary>See <see cref="ByteGroups"/>.</summary>
    GroupedLz4 = 2,
}

/// <summary>Packs and unpacks chunks.</summary>
internal static class ChunkCodec
{
    /// <param name="content">Is filled.</param>
    /// <exception cref="InvalidDataException">What does not unpack to exactly that length. The message goes on after "record 7 …".</exception>
    public static void Decode(ChunkCompression kind, ReadOnlySpan<byte> payload, Span<byte> content)
    {
        switch (kind)
        {
            case ChunkCompression.None when payload.Length == content.Length:
                payload.CopyTo(content);
                break;
            case ChunkCompression.None:
                throw new InvalidDataException("states two lengths, though it is not compressed");
            case ChunkCompression.Lz4:
                Lz4Frame.Decode(payload, content);
                break;
            case ChunkCompression.GroupedLz4:
                DecodeGrouped(payload, content);
                break;
            default:
                throw new InvalidDataException($"has compression kind {(byte)kind}; this server knows 0, 1 and 2");
        }
    }

    /// <param name="payload">Room for as many bytes as the content has.</param>
    /// <returns>The kind that came out shortest, and how many bytes it took.</returns>
    public static (ChunkCompression Kind, int Length) Encode(ReadOnlySpan<byte> content, Span<byte> payload)
    {
        var plain = Lz4Frame.Encode(content, payload[..(content.Length - 1)]);
        var grouped = EncodeGrouped(content, payload, room: plain > 0 ? plain - 1 : content.Length - 1);
        if (grouped > 0)
        {
            return (ChunkCompression.GroupedLz4, grouped);
        }

        if (plain > 0)
        {
            return (ChunkCompression.Lz4, plain);
        }

        content.CopyTo(payload);
        return (ChunkCompression.None, content.Length);
    }

    private static void DecodeGrouped(ReadOnlySpan<byte> payload, Span<byte> content)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(content.Length);
        try
        {
            var grouped = buffer.AsSpan(0, content.Length);
            Lz4Frame.Decode(payload, grouped);
            ByteGroups.Join(grouped, content);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int EncodeGrouped(ReadOnlySpan<byte> content, Span<byte> payload, int room)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(content.Length + room);
        var grouped = buffer.AsSpan(0, content.Length);
        var packed = buffer.AsSpan(content.Length, room);
        ByteGroups.Split(content, grouped);
        var length = Lz4Frame.Encode(grouped, packed);
        packed[..length].CopyTo(payload);
        ArrayPool<byte>.Shared.Return(buffer);
        return length;
    }
}
