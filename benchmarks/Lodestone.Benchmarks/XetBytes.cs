using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Lodestone.Hub;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Benchmarks;

/// <summary>
/// Xet's work on bytes, beside the framework's SHA-256. Budget: a xorb of bytes that do not pack is verified and stored, in the
/// page cache, at 0.7 GB/s of one core.
/// </summary>
internal static class XetBytes
{
    private const int Message = 64 * 1024;
    private const int File = 32 * 1024 * 1024;

    public static void Measure(int rounds, TextWriter output)
    {
        var path = Path.GetTempFileName();
        using var file = System.IO.File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, options: FileOptions.DeleteOnClose);
        var speed = new Speed(rounds, output);
        AddHashes(speed);
        foreach (var (name, content) in ((string, byte[])[])[("random bytes", Noise()), ("weights of four bytes", Weights()), ("text", Text())])
        {
            AddXorb(speed, name, content, file);
        }

        speed.Print();
    }

    private static void AddHashes(Speed speed)
    {
        var (noise, hash) = (Noise(), new byte[32]);
        var message = noise[..Message];
        speed.Add("SHA-256, messages of 64 KiB", Message, () => SHA256.HashData(message, hash));
        foreach (var width in Enum.GetValues<Blake3Width>().Where(w => w <= Blake3.Widest))
        {
            speed.Add($"BLAKE3 with a key, {(int)width} at once", Message, () => Blake3.Keyed(hash, message, hash, width));
        }

        speed.Add("finding where to cut", noise.Length, () => Cut(noise, (_, _) => { }));
    }

    private static void AddXorb(Speed speed, string name, byte[] content, SafeFileHandle file)
    {
        var table = Write(content, file);
        var xorb = new byte[table.RecordBytes];
        RandomAccess.Read(file, xorb, 0);
        speed.Add($"packing a xorb: {name}", content.Length, () => Write(content, file));
        speed.Add($"verifying and storing: {name}", content.Length, () => Take(xorb, file));
        speed.Add($"unpacking: {name}", content.Length, () => Unpack(xorb, table));
    }

    private static void Cut(byte[] content, Action<int, int> onChunk)
    {
        var chunker = new Chunker();
        for (var start = 0; start < content.Length;)
        {
            chunker.TryCut(content.AsSpan(start), out var length);
            onChunk(start, length);
            start += length;
        }
    }

    private static ChunkTable Write(byte[] content, SafeFileHandle file)
    {
        using var writer = new XorbWriter(file);
        Cut(content, (start, length) => Done(writer.AddAsync(content.AsMemory(start, length), XetHashes.Chunk(content.AsSpan(start, length)), CancellationToken.None).AsTask()));
        return Done(writer.FinishAsync(CancellationToken.None));
    }

    private static void Take(byte[] xorb, SafeFileHandle file)
    {
        var table = Done(XorbIntake.CopyAsync(PipeReader.Create(new MemoryStream(xorb)), file, CancellationToken.None));
        Done(table.WriteAsync(file, CancellationToken.None));
    }

    private static void Unpack(byte[] xorb, ChunkTable table)
    {
        var chunk = new byte[Chunker.MostSize];
        for (var i = 0; i < table.Chunks.Count; i++)
        {
            var record = ChunkRecord.Read(xorb.AsSpan(table.RecordStart(i)));
            ChunkCodec.Decode(record.Compression, xorb.AsSpan(table.RecordStart(i) + ChunkRecord.HeaderSize, record.PayloadLength), chunk.AsSpan(0, record.Length));
        }
    }

    private static T Done<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private static void Done(Task task) => task.GetAwaiter().GetResult();

    private static byte[] Noise()
    {
        var bytes = new byte[File];
        new Random(1).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Weights()
    {
        var (random, bytes) = (new Random(2), new byte[File]);
        for (var i = 0; i < bytes.Length; i += sizeof(float))
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i), ((float)random.NextDouble() - 0.5f) / 50);
        }

        return bytes;
    }

    /// <summary>Words of a small vocabulary, the frequent ones more often.</summary>
    private static byte[] Text()
    {
        var (random, bytes) = (new Random(3), new byte[File]);
        byte[][] words = [.. Enumerable.Range(0, 5000).Select(_ => Enumerable.Range(0, random.Next(2, 11)).Select(_ => (byte)random.Next('a', 'z' + 1)).Append((byte)' ').ToArray())];
        for (var at = 0; at < bytes.Length;)
        {
            var word = words[(int)(words.Length * Math.Pow(random.NextDouble(), 3))];
            word.AsSpan(0, Math.Min(word.Length, bytes.Length - at)).CopyTo(bytes.AsSpan(at));
            at += word.Length;
        }

        return bytes;
    }
}
