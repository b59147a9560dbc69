using System.IO.Pipelines;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Xet;

/// <summary>Chunks, xorbs and shards made of given bytes.</summary>
internal static class XetSome
{
    public static byte[] Bytes(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>The chunks of a file.</summary>
    /// <param name="step">Bytes that the chunker is given at a time.</param>
    public static List<(XetHash Hash, int Length)> Chunks(byte[] content, int step = int.MaxValue)
    {
        var chunker = new Chunker();
        var chunks = new List<(XetHash Hash, int Length)>();
        var (start, at) = (0, 0);
        while (at < content.Length)
        {
            var isEnd = chunker.TryCut(content.AsSpan(at, Math.Min(step, content.Length - at)), out var length);
            at += length;
            if (isEnd || at == content.Length)
            {
                chunks.Add((XetHashes.Chunk(content.AsSpan(start, at - start)), at - start));
                start = at;
            }
        }

        return chunks;
    }

    public static HashTree Tree(IEnumerable<(XetHash Hash, int Length)> chunks)
    {
        var tree = new HashTree();
        foreach (var (hash, length) in chunks)
        {
            tree.Add(hash, length);
        }

        return tree;
    }

    /// <summary>A chunk record.</summary>
    /// <param name="length">What it states as the chunk's length, where that is not the payload's.</param>
    public static byte[] Record(byte[] payload, ChunkCompression kind = ChunkCompression.None, int? length = null)
    {
        var record = new byte[ChunkRecord.HeaderSize + payload.Length];
        new ChunkRecord(payload.Length, kind, length ?? payload.Length).Write(record);
        payload.CopyTo(record, ChunkRecord.HeaderSize);
        return record;
    }

    /// <summary>A record as our own writer makes it.</summary>
    public static byte[] Packed(byte[] content)
    {
        var payload = new byte[content.Length];
        var (kind, length) = ChunkCodec.Encode(content, payload);
        return Record(payload[..length], kind, content.Length);
    }

    /// <summary>Takes a xorb in, in pieces; gives its table and what is in the file then.</summary>
    public static async Task<(ChunkTable Table, byte[] Stored)> TakeAsync(byte[] xorb, int step = int.MaxValue)
    {
        using var folder = new TempFile();
        using var file = File.OpenHandle(folder.Path, FileMode.CreateNew, FileAccess.ReadWrite);
        var table = await XorbIntake.CopyAsync(PipeReader.Create(new SteppedStream(xorb, step)), file, TestContext.Current.CancellationToken);
        await table.WriteAsync(file, TestContext.Current.CancellationToken);
        return (table, await File.ReadAllBytesAsync(folder.Path, TestContext.Current.CancellationToken));
    }

    public static Task<Shard> ReadShardAsync(byte[] shard, int step = int.MaxValue) =>
        ShardReader.ReadAsync(PipeReader.Create(new SteppedStream(shard, step)), TestContext.Current.CancellationToken);
}

/// <summary>A name for a file that is gone at the end.</summary>
internal sealed class TempFile : IDisposable
{
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), System.IO.Path.GetRandomFileName());

    public void Dispose() => File.Delete(Path);
}

/// <summary>Gives its bytes a few at a time, as a network does.</summary>
internal sealed class SteppedStream(byte[] bytes, int step) : MemoryStream(bytes)
{
    public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(step, buffer.Length)]);

    public override int Read(byte[] buffer, int offset, int count) => base.Read(buffer, offset, Math.Min(step, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        base.ReadAsync(buffer, offset, Math.Min(step, count), cancellationToken);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
}
