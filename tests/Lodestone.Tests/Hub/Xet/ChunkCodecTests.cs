using System.Buffers.Binary;
using K4os.Compression.LZ4.Streams;
using K4os.Hash.xxHash;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

[NoDatabase]
public sealed class ChunkCodecTests
{
    private static readonly int[] Lengths = [1, 2, 3, 4, 5, 6, 7, 8, 13, 63, 64, 1023, 1024, 1025, 8191, 65_536, 131_069, 131_070, 131_071, 131_072];

    [Fact]
    public void What_is_packed_unpacks_to_the_same()
    {
        foreach (var content in Lengths.SelectMany(Contents))
        {
            var payload = new byte[content.Length];
            var (kind, length) = ChunkCodec.Encode(content, payload);

            Assert.Equal(content, Unpacked(kind, payload[..length], content.Length));
            Assert.Equal(kind == ChunkCompression.None, length == content.Length);
        }
    }

    [Fact]
    public void The_kind_that_packs_best_is_taken()
    {
        Assert.Equal(ChunkCompression.None, Kind(XetSome.Bytes(1, 65_536)));
        Assert.Equal(ChunkCompression.Lz4, Kind(Text(65_536)));
        Assert.Equal(ChunkCompression.GroupedLz4, Kind(Weights(65_536)));
    }

    [Fact]
    public void Bytes_that_were_grouped_are_joined_again()
    {
        foreach (var length in Lengths)
        {
            var content = XetSome.Bytes(length, length);
            var grouped = new byte[length];
            ByteGroups.Split(content, grouped);

            var joined = new byte[length];
            ByteGroups.Join(grouped, joined);

            Assert.Equal(content, joined);
            Assert.Equal(content.Select((b, i) => (Byte: b, Group: i % 4)).OrderBy(b => b.Group).Select(b => b.Byte), grouped);
        }
    }

    /// <summary>Frames as another writer makes them.</summary>
    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    [InlineData(true, true, true)]
    public void Any_frame_is_read(bool hasLinkedBlocks, bool hasChecksums, bool hasSize)
    {
        foreach (var content in Lengths.SelectMany(Contents))
        {
            var frame = Frame(content, hasLinkedBlocks, hasChecksums, hasSize);

            Assert.Equal(content, Unpacked(ChunkCompression.Lz4, frame, content.Length));
        }
    }

    [Fact]
    public void A_frame_with_checksums_and_any_bit_changed_is_refused()
    {
        var content = Text(3000);
        var frame = Frame(content, hasLinkedBlocks: true, hasChecksums: true, hasSize: true);

        for (var bit = 0; bit < frame.Length * 8; bit++)
        {
            var changed = frame.ToArray();
            changed[bit / 8] ^= (byte)(1 << (bit % 8));

            Assert.Throws<InvalidDataException>(() => Unpacked(ChunkCompression.Lz4, changed, content.Length));
        }
    }

    [Fact]
    public void A_frame_that_ends_early_or_late_is_refused()
    {
        var content = Text(3000);
        var frame = Frame(content, hasLinkedBlocks: false, hasChecksums: false, hasSize: false);

        for (var length = 0; length < frame.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => Unpacked(ChunkCompression.Lz4, frame[..length], content.Length));
        }

        Assert.Throws<InvalidDataException>(() => Unpacked(ChunkCompression.Lz4, [.. frame, 0], content.Length));
        Assert.Throws<InvalidDataException>(() => Unpacked(ChunkCompression.Lz4, [.. frame, .. frame], content.Length));
    }

    [Fact]
    public void A_frame_that_expands_past_its_stated_length_is_stopped_there()
    {
        var zeros = new byte[4 * 1024 * 1024];
        var frame = Frame(zeros, hasLinkedBlocks: false, hasChecksums: false, hasSize: false);
        var room = new byte[2000];
        room.AsSpan().Fill(7);

        Assert.Throws<InvalidDataException>(() => Lz4Frame.Decode(frame, room.AsSpan(0, 1000)));

        Assert.All(room[1000..], b => Assert.Equal(7, b));
    }

    /// <summary>Four literals, then a match of four bytes at the distance 0: the decoder would leave what was there.</summary>
    [Fact]
    public void A_match_that_would_show_what_was_in_memory_before_is_refused()
    {
        byte[] end = [0xF0, 1, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5];
        byte[] block = [0x40, 1, 2, 3, 4, 0, 0, .. end];
        byte[] apart = [0x40, 1, 2, 3, 4, 4, 0, .. end];
        var room = new byte[24];

        Assert.Equal(-1, Lz4Block.Unpack(block, room, default));
        Assert.Equal(-1, Lz4Block.Unpack(block, room, new byte[100]));
        Assert.Equal(24, Lz4Block.Unpack(apart, room, default));
        Assert.Equal([1, 2, 3, 4, 1, 2, 3, 4, .. end[2..]], room);
    }

    [Fact]
    public void A_frame_that_needs_a_dictionary_is_refused()
    {
        byte[] frame = [0x04, 0x22, 0x4D, 0x18, 0x61, 0x40, 1, 2, 3, 4, 0, 0, 0, 0, 0];

        var fault = Assert.Throws<InvalidDataException>(() => Unpacked(ChunkCompression.Lz4, frame, 10));

        Assert.Contains("dictionary", fault.Message, StringComparison.Ordinal);
    }

    private static byte[] Unpacked(ChunkCompression kind, byte[] payload, int length)
    {
        var content = new byte[length];
        ChunkCodec.Decode(kind, payload, content);
        return content;
    }

    private static ChunkCompression Kind(byte[] content) => ChunkCodec.Encode(content, new byte[content.Length]).Kind;

    private static IEnumerable<byte[]> Contents(int length) => [XetSome.Bytes(length, length), Text(length), Weights(length), new byte[length], Mixed(length)];

    private static byte[] Text(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)"A compass needle points to the north; so does a lodestone. "[i * i % 5 == 0 ? i % 59 : i % 31])];

    /// <summary>Small numbers of four bytes, whose last byte is nearly always the same.</summary>
    private static byte[] Weights(int length)
    {
        var random = new Random(length);
        var bytes = new byte[length + sizeof(float)];
        for (var i = 0; i < length; i += sizeof(float))
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i), ((float)random.NextDouble() * 0.02f) + 0.01f);
        }

        return bytes[..length];
    }

    /// <summary>Some blocks pack, some do not.</summary>
    private static byte[] Mixed(int length) => [.. XetSome.Bytes(length, length).Take(length / 2), .. Text(length - (length / 2))];

    public static byte[] Frame(byte[] content, bool hasLinkedBlocks, bool hasChecksums, bool hasSize)
    {
        var settings = new LZ4EncoderSettings
        {
            BlockSize = 65_536,
            ChainBlocks = hasLinkedBlocks,
            BlockChecksum = hasChecksums,
            ContentChecksum = hasChecksums,
        };
        var frame = new MemoryStream();
        using (var encoder = LZ4Stream.Encode(frame, settings, leaveOpen: true))
        {
            encoder.Write(content);
        }

        return hasSize ? WithSize(frame.ToArray(), content.Length) : frame.ToArray();
    }

    /// <summary>The writer of the others does not write the content's size.</summary>
    private static byte[] WithSize(byte[] frame, int length)
    {
        byte[] descriptor = [(byte)(frame[4] | 0x08), frame[5], .. BitConverter.GetBytes((long)length)];
        return [.. frame[..4], .. descriptor, (byte)(XXH32.DigestOf(descriptor) >> 8), .. frame[7..]];
    }
}
