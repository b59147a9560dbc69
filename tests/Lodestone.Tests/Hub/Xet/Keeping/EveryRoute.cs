using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Reads a large file in each way in which the hub hands it out, without the wire.</summary>
internal static class EveryRoute
{
    /// <summary>Whole, which is what plain downloads and LFS links send; a range; a copy on the disk; a reconstruction, whole and of a range.</summary>
    public static async Task AssertAsync(IServiceProvider services, byte[] content, Random random, string what)
    {
        var digest = Sha256Digest.Parse(LfsCalls.Digest(content));
        await AssertPlainAsync(services, content, random, what);
        await using (var copy = File.OpenRead(await services.GetRequiredService<LargeFiles>().LocalPathAsync(digest, CancellationToken.None)))
        {
            AssertSame(content, await AllAsync(copy), $"{what}: a copy is wrong");
        }

        if (await services.GetRequiredService<KnownFiles>().FindAsync(digest, CancellationToken.None) is { } file)
        {
            foreach (var (start, length) in ((int, int)[])[(0, content.Length), Part(content, random)])
            {
                AssertSame(content[start..(start + length)], Rebuild(services, file, new ByteRange(start, length)), $"{what}: a reconstruction is wrong");
            }
        }
    }

    /// <summary>Whole, and a range.</summary>
    public static async Task AssertPlainAsync(IServiceProvider services, byte[] content, Random random, string what)
    {
        await using var plain = await services.GetRequiredService<LargeFiles>().OpenAsync(Sha256Digest.Parse(LfsCalls.Digest(content)), CancellationToken.None);
        AssertSame(content, await AllAsync(plain), $"{what}: a file is wrong");
        var (start, length) = Part(content, random);
        var part = new byte[length];
        plain.Seek(start, SeekOrigin.Begin);
        await plain.ReadExactlyAsync(part);
        AssertSame(content[start..(start + length)], part, $"{what}: a range is wrong");
    }

    /// <summary>As a client does with what the reconstruction names: fetches ranges of xorbs, unpacks records, drops what is before and after.</summary>
    private static byte[] Rebuild(IServiceProvider services, RebuildableFile file, ByteRange part)
    {
        var store = services.GetRequiredService<XorbStore>();
        var plan = Reconstruction.Of(file.Terms, part, store);
        var rebuilt = new List<byte>();
        foreach (var term in plan.Terms)
        {
            var range = plan.Ranges[term.Xorb].Single(r => r.FirstChunk <= term.FirstChunk && r.EndChunk >= term.EndChunk);
            var bytes = new byte[range.LastByte - range.FirstByte + 1];
            using var xorb = store.Open(term.Xorb);
            Assert.Equal(bytes.Length, RandomAccess.Read(xorb, bytes, range.FirstByte));
            rebuilt.AddRange(Unpack(bytes).Skip(term.FirstChunk - range.FirstChunk).Take(term.EndChunk - term.FirstChunk).SelectMany(c => c));
        }

        return [.. rebuilt.Skip((int)plan.Skipped).Take((int)part.Length)];
    }

    private static IEnumerable<byte[]> Unpack(byte[] records)
    {
        for (var at = 0; at < records.Length;)
        {
            var record = ChunkRecord.Read(records.AsSpan(at));
            var content = new byte[record.Length];
            ChunkCodec.Decode(record.Compression, records.AsSpan(at + ChunkRecord.HeaderSize, record.PayloadLength), content);
            at += record.RecordLength;
            yield return content;
        }
    }

    private static void AssertSame(byte[] expected, byte[] actual, string fault) => Assert.True(expected.AsSpan().SequenceEqual(actual), fault);

    private static (int Start, int Length) Part(byte[] content, Random random)
    {
        var start = random.Next(content.Length);
        return (start, random.Next(1, content.Length - start + 1));
    }

    private static async Task<byte[]> AllAsync(Stream stream)
    {
        var all = new MemoryStream();
        await stream.CopyToAsync(all);
        return all.ToArray();
    }
}
