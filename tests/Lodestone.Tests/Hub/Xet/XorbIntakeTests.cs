using System.Security.Cryptography;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

[NoDatabase]
public sealed class XorbIntakeTests
{
    /// <param name="step">Bytes that come at a time.</param>
    [Theory]
    [InlineData(int.MaxValue)]
    [InlineData(1000)]
    [InlineData(7)]
    public async Task What_the_javascript_client_sent_is_taken_checked_and_rebuilt(int step)
    {
        var sent = XetVectors.Read("js-client.xorb");
        var shard = await XetSome.ReadShardAsync(XetVectors.Read("js-client.shard"), step);

        var (table, stored) = await XetSome.TakeAsync(sent, step);

        var file = Assert.Single(shard.Files);
        Assert.Equal("a55bde8112096eacf8a14f242f01f0160bcd3dda04e9fbdf21e66bd94537ded2", table.Xorb.ToString());
        Assert.Equal(sent, stored[..table.RecordBytes]);
        Assert.Equal([0, 229_178, 57_216, 8814], [0, .. file.Terms.Select(t => table.UnpackedStart(t.EndChunk) - table.UnpackedStart(t.FirstChunk))]);
        Assert.All(file.Terms, t => Assert.Equal(t.Verification, table.Verification(t.FirstChunk, t.EndChunk)));
        Assert.Equal("f8bf60ad26481a2577fbeb55b955db9ce1e36d009fa9919936497e8b8fcbb89b", file.Sha256?.Hex);
        Assert.Equal("f8bf60ad26481a2577fbeb55b955db9ce1e36d009fa9919936497e8b8fcbb89b", Convert.ToHexStringLower(SHA256.HashData(Rebuilt(file, table, stored))));
        Assert.Equal("aae155e99fc168cfee43b16d8fd1349969cc6394c69d3f29a0e20d560e08dd2a", file.Hash.ToString());
        Assert.Equal(file.Hash, FileHash(file, table));
    }

    [Fact]
    public async Task The_table_of_chunks_is_read_back_from_the_file()
    {
        var (table, stored) = await XetSome.TakeAsync(XetVectors.Read("js-client.xorb"));

        var read = await ReadTableAsync(stored);

        Assert.Equal(table.Xorb, read.Xorb);
        Assert.Equal(table.Chunks, read.Chunks);
        Assert.Equal(table.RecordBytes, read.RecordBytes);
        Assert.Equal(table.UnpackedBytes, read.UnpackedBytes);
    }

    [Fact]
    public async Task A_stored_xorb_that_was_cut_or_grew_is_found_damaged()
    {
        var (_, stored) = await XetSome.TakeAsync(XetVectors.Read("js-client.xorb"));

        await Assert.ThrowsAsync<InvalidDataException>(() => ReadTableAsync(stored[1..]));
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadTableAsync(stored[..^1]));
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadTableAsync([.. stored, 0]));
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadTableAsync(stored[^48..]));
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadTableAsync([]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task The_footer_of_an_older_client_is_dropped(int version)
    {
        var sent = XetVectors.Read("js-client.xorb");
        byte[] footer = [.. "XETBLOB"u8, (byte)version, .. XetSome.Bytes(1, 400), 0x98, 1, 0, 0];

        var (table, stored) = await XetSome.TakeAsync([.. sent, .. footer], step: 100);

        Assert.Equal(6, table.Chunks.Count);
        Assert.Equal(sent, stored[..sent.Length]);
        Assert.Equal(table.Chunks, (await ReadTableAsync(stored)).Chunks);
    }

    [Fact]
    public async Task A_xorb_larger_than_the_buffer_is_taken_whole()
    {
        var chunks = Enumerable.Range(0, 60).Select(i => XetSome.Bytes(i, i % 3 == 0 ? 1 : 131_072 - i)).ToList();
        byte[] sent = [.. chunks.SelectMany(c => XetSome.Record(c))];

        var (table, stored) = await XetSome.TakeAsync(sent, step: 300_000);

        Assert.Equal(XetSome.Tree(chunks.Select(c => (XetHashes.Chunk(c), c.Length))).Root(), table.Xorb);
        Assert.Equal(sent, stored[..table.RecordBytes]);
    }

    [Fact]
    public async Task What_our_writer_makes_is_taken_again()
    {
        using var name = new TempFile();
        using var file = File.OpenHandle(name.Path, FileMode.CreateNew, FileAccess.ReadWrite);
        using var writer = new XorbWriter(file);
        var copied = XetSome.Bytes(2, 9000);
        foreach (var content in (byte[][])[new byte[100_000], XetSome.Bytes(1, 131_072), [1]])
        {
            await writer.AddAsync(content, XetHashes.Chunk(content), TestContext.Current.CancellationToken);
        }

        await writer.AddRecordAsync(XetSome.Record(copied), copied.Length, XetHashes.Chunk(copied), TestContext.Current.CancellationToken);
        var written = await writer.FinishAsync(TestContext.Current.CancellationToken);

        var stored = await File.ReadAllBytesAsync(name.Path, TestContext.Current.CancellationToken);
        var (taken, _) = await XetSome.TakeAsync(stored[..written.RecordBytes]);
        Assert.Equal(written.Xorb, taken.Xorb);
        Assert.Equal(written.Chunks, taken.Chunks);
        Assert.Equal(written.Chunks, (await ReadTableAsync(stored)).Chunks);
    }

    private static byte[] Rebuilt(ShardFile file, ChunkTable table, byte[] stored)
    {
        var content = new MemoryStream();
        foreach (var number in file.Terms.SelectMany(t => Enumerable.Range(t.FirstChunk, t.EndChunk - t.FirstChunk)))
        {
            var record = ChunkRecord.Read(stored.AsSpan(table.RecordStart(number)));
            var chunk = new byte[record.Length];
            ChunkCodec.Decode(record.Compression, stored.AsSpan(table.RecordStart(number) + ChunkRecord.HeaderSize, record.PayloadLength), chunk);
            content.Write(chunk);
        }

        return content.ToArray();
    }

    private static XetHash FileHash(ShardFile file, ChunkTable table) => XetSome.Tree(file.Terms
        .SelectMany(t => Enumerable.Range(t.FirstChunk, t.EndChunk - t.FirstChunk))
        .Select(i => (table.Chunks[i].Hash, table.UnpackedStart(i + 1) - table.UnpackedStart(i)))).FileHash();

    private static async Task<ChunkTable> ReadTableAsync(byte[] stored)
    {
        using var name = new TempFile();
        await File.WriteAllBytesAsync(name.Path, stored, TestContext.Current.CancellationToken);
        using var file = File.OpenHandle(name.Path);
        return ChunkTable.Read(file);
    }
}
