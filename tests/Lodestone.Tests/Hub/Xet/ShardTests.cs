using System.Buffers.Binary;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

[NoDatabase]
public sealed class ShardTests
{
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(47)]
    public async Task What_the_javascript_client_sent_is_read(int step)
    {
        var shard = await XetSome.ReadShardAsync(XetVectors.Read("js-client.shard"), step);

        var file = Assert.Single(shard.Files);
        var xorb = Assert.Single(shard.Xorbs);
        Assert.Equal([(0, 5, 229_178), (1, 3, 57_216), (5, 6, 8814)], file.Terms.Select(t => (t.FirstChunk, t.EndChunk, t.Size)));
        Assert.All(file.Terms, t => Assert.Equal(xorb.Hash, t.Xorb));
        Assert.Equal(6, xorb.Chunks.Count);
        Assert.Equal(0, xorb.Chunks[0].Offset);
        Assert.Equal(xorb.Chunks[0].Size, xorb.Chunks[1].Offset);
    }

    [Fact]
    public async Task A_shard_without_a_footer_and_one_without_xorbs_are_read()
    {
        var file = NewShard.File(Terms(2));

        var read = await XetSome.ReadShardAsync(NewShard.Of([file, file with { Terms = [] }], []));

        Assert.Equal(2, read.Files.Count);
        Assert.Equal(file.Hash, read.Files[0].Hash);
        Assert.Equal(file.Terms, read.Files[0].Terms);
        Assert.Equal(file.Sha256, read.Files[0].Sha256);
        Assert.Empty(read.Files[1].Terms);
        Assert.Empty(read.Xorbs);
    }

    [Fact]
    public async Task A_file_need_not_have_a_sha256()
    {
        var read = await XetSome.ReadShardAsync(NewShard.Of([NewShard.File(Terms(1)) with { Sha256 = null }], []));

        Assert.Null(Assert.Single(read.Files).Sha256);
    }

    [Fact]
    public async Task What_we_answer_is_read_again()
    {
        var key = XetSome.Bytes(5, 32);
        var xorb = new ShardXorb(NewShard.Hash(1), [new(NewShard.Hash(2), 0, 9000, true), new(NewShard.Hash(3), 9000, 100, false)]);
        var created = DateTimeOffset.FromUnixTimeSeconds(1_800_000_000);

        var bytes = ShardWriter.Write([xorb], key, created, created.AddHours(1));

        var read = await XetSome.ReadShardAsync(bytes);
        var footer = bytes.AsSpan(^200..);
        Assert.Empty(read.Files);
        Assert.Equal(xorb.Hash, Assert.Single(read.Xorbs).Hash);
        Assert.Equal(xorb.Chunks, read.Xorbs[0].Chunks);
        Assert.Equal(200UL, BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(40)));
        Assert.Equal(48UL, BinaryPrimitives.ReadUInt64LittleEndian(footer[8..]));
        Assert.Equal(96UL, BinaryPrimitives.ReadUInt64LittleEndian(footer[16..]));
        Assert.Equal((ulong)bytes.Length - 200, BinaryPrimitives.ReadUInt64LittleEndian(footer[24..]));
        Assert.Equal(key, footer[72..104].ToArray());
        Assert.Equal(1_800_000_000UL, BinaryPrimitives.ReadUInt64LittleEndian(footer[104..]));
        Assert.Equal(1_800_003_600UL, BinaryPrimitives.ReadUInt64LittleEndian(footer[112..]));
        Assert.Equal((ulong)bytes.Length - 200, BinaryPrimitives.ReadUInt64LittleEndian(footer[192..]));
    }

    internal static List<ShardTerm> Terms(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new ShardTerm(NewShard.Hash(100 + i), i, i + 2, 20_000, NewShard.Hash(200 + i)))];
}
