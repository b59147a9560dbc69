using System.Buffers.Binary;
using K4os.Compression.LZ4;
using K4os.Hash.xxHash;

namespace Lodestone.Hub;

/// <summary>
/// The LZ4 frame format: blocks with a descriptor before them. Checksums are checked, though the content is hashed anyhow: clients
/// that get these bytes later check them too. Source: the LZ4 frame format description 1.6.
/// </summary>
internal static class Lz4Frame
{
    private const uint Magic = 0x184D2204;
    private const uint StoredBlock = 0x8000_0000;
    private const int Word = sizeof(uint);

    // The descriptor that we write: version 1, blocks of their own of up to 256 KiB, no checksums, no content size.
    private const byte PlainFlags = 0x60;
    private const byte PlainSizes = 0x50;
    private const int PlainHeader = Word + 3;

    private static ReadOnlySpan<byte> PlainDescriptor => [PlainFlags, PlainSizes];

    /// <summary>Unpacks a frame that has exactly this content; never writes past it.</summary>
    /// <exception cref="InvalidDataException">It is no frame, or it has more content, or less.</exception>
    public static void Decode(ReadOnlySpan<byte> frame, Span<byte> content)
    {
        var rest = frame;
        Require(Number(ref rest) == Magic, "does not begin like an LZ4 frame");
        var header = Header.Read(ref rest, content.Length);
        var filled = 0;
        while (Number(ref rest) is var word && word != 0)
        {
            var length = word & ~StoredBlock;
            Require(length <= header.MostInBlock && length <= rest.Length, "has an LZ4 block that is longer than its bytes");
            var block = rest[..(int)length];
            rest = rest[block.Length..];
            if (header.HasBlockChecksums)
            {
                Require(Number(ref rest) == XXH32.DigestOf(block), "has an LZ4 block with a wrong checksum");
            }

            var room = content.Slice(filled, Math.Min(content.Length - filled, header.MostInBlock));
            filled += word >= StoredBlock ? Copy(block, room) : Unpack(block, room, header.HasLinkedBlocks ? content[..filled] : default);
        }

        Require(filled == content.Length, "unpacks to less than its stated length");
        if (header.HasContentChecksum)
        {
            Require(Number(ref rest) == XXH32.DigestOf(content), "has an LZ4 frame with a wrong checksum");
        }

        Require(rest.IsEmpty, "has bytes after its LZ4 frame");
    }

    /// <summary>Packs where that makes it shorter than the room.</summary>
    /// <returns>Bytes written; 0 where they would not fit.</returns>
    public static int Encode(ReadOnlySpan<byte> content, Span<byte> frame)
    {
        if (frame.Length <= PlainHeader + (2 * Word))
        {
            return 0;
        }

        var length = LZ4Codec.Encode(content, frame[(PlainHeader + Word)..^Word]);
        if (length <= 0)
        {
            return 0;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(frame, Magic);
        PlainDescriptor.CopyTo(frame[Word..]);
        frame[PlainHeader - 1] = Header.Checksum(PlainDescriptor);
        BinaryPrimitives.WriteInt32LittleEndian(frame[PlainHeader..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[(PlainHeader + Word + length)..], 0);
        return PlainHeader + Word + length + Word;
    }

    private static int Copy(ReadOnlySpan<byte> block, Span<byte> room)
    {
        Require(block.Length <= room.Length, "unpacks to more than its stated length");
        block.CopyTo(room);
        return block.Length;
    }

    private static int Unpack(ReadOnlySpan<byte> block, Span<byte> room, ReadOnlySpan<byte> before)
    {
        var length = Lz4Block.Unpack(block, room, before);
        Require(length >= 0, "has an LZ4 block that is damaged, or unpacks to more than its stated length");
        return length;
    }

    private static uint Number(ref ReadOnlySpan<byte> rest)
    {
        Require(rest.Length >= Word, "has an LZ4 frame that ends too early");
        var number = BinaryPrimitives.ReadUInt32LittleEndian(rest);
        rest = rest[Word..];
        return number;
    }

    private static void Require(bool isSo, string otherwise)
    {
        if (!isSo)
        {
            throw new InvalidDataException(otherwise);
        }
    }

    private readonly record struct Header(int MostInBlock, bool HasLinkedBlocks, bool HasBlockChecksums, bool HasContentChecksum)
    {
        public static Header Read(ref ReadOnlySpan<byte> rest, int contentLength)
        {
            Require(rest.Length >= 3, "has an LZ4 frame that ends too early");
            var (flags, sizes) = (rest[0], rest[1]);
            var hasSize = (flags & 0x08) != 0;
            Require((flags & 0xC3) == 0x40 && (sizes & 0x8F) == 0 && sizes >= 0x40, "has an LZ4 frame of another version, or one that needs a dictionary");
            var descriptor = rest[..(hasSize ? Math.Min(rest.Length - 1, 10) : 2)];
            Require(rest[descriptor.Length] == Checksum(descriptor), "has an LZ4 frame whose header has a wrong checksum");
            Require(!hasSize || (descriptor.Length == 10 && BinaryPrimitives.ReadUInt64LittleEndian(descriptor[2..]) == (ulong)contentLength), "states two lengths");
            rest = rest[(descriptor.Length + 1)..];
            var mostInBlock = 1 << (8 + (2 * (sizes >> 4))); // 64 KiB, 256 KiB, 1 MiB, 4 MiB
            return new Header(mostInBlock, (flags & 0x20) == 0, (flags & 0x10) != 0, (flags & 0x04) != 0);
        }

        public static byte Checksum(ReadOnlySpan<byte> descriptor) => (byte)(XXH32.DigestOf(descriptor) >> 8);
    }
}
