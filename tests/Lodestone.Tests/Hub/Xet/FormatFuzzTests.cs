using System.Globalization;
using System.IO.Pipelines;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.Win32.SafeHandles;

namespace Lodestone.Tests.Hub.Xet;

/// <summary>
/// Xorbs and shards changed at random: each is refused as the sender's fault, or is what it says. Never anything else, and
/// never more memory than a good one takes.
/// </summary>
[NoDatabase]
public sealed class FormatFuzzTests
{
    /// <summary>How many of each; or for how long, by <c>scripts/fuzz-xet</c>.</summary>
    private const int Rounds = 4000;

    /// <summary>Bytes: the buffers of a xorb's intake, or twenty times a shard as sent.</summary>
    private const long MostForXorb = 4 * 1024 * 1024;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(int.Parse(Environment.GetEnvironmentVariable("LODESTONE_FUZZ_SECONDS") ?? "0", CultureInfo.InvariantCulture));
    private static readonly int Seed = int.Parse(Environment.GetEnvironmentVariable("LODESTONE_SEED") ?? "1", CultureInfo.InvariantCulture);

    [Fact]
    public void The_corpus_is_taken()
    {
        using var name = new TempFile();
        using var file = File.OpenHandle(name.Path, FileMode.CreateNew, FileAccess.ReadWrite);

        Assert.All(FuzzCorpus.Xorbs, xorb => Assert.True(TryXorb(xorb, file)));
        Assert.All(FuzzCorpus.Shards, shard => Assert.True(TryShard(shard)));
    }

    [Fact]
    public void A_changed_xorb_is_refused_or_is_what_it_says()
    {
        using var name = new TempFile();
        using var file = File.OpenHandle(name.Path, FileMode.CreateNew, FileAccess.ReadWrite);

        Fuzz(FuzzCorpus.Xorbs, xorb => TryXorb(xorb, file));
    }

    [Fact]
    public void A_changed_shard_is_refused_or_is_what_it_says() => Fuzz(FuzzCorpus.Shards, TryShard);

    private static void Fuzz(IReadOnlyList<byte[]> corpus, Func<byte[], bool> isTaken)
    {
        var clock = TimeProvider.System;
        var (start, taken, refused) = (clock.GetTimestamp(), 0, 0);
        for (var round = 0; Time > TimeSpan.Zero ? clock.GetElapsedTime(start) < Time : round < Rounds; round++)
        {
            var random = new Random(HashCode(round));
            var bytes = new Mutator(random).Change(corpus[random.Next(corpus.Count)], corpus);
            try
            {
                _ = isTaken(bytes) ? taken++ : refused++;
            }
            catch (Exception fault)
            {
                throw new InvalidOperationException($"Round {round} of seed {Seed}: {Convert.ToBase64String(bytes)}", fault);
            }
        }

        TestContext.Current.SendDiagnosticMessage($"{taken} taken, {refused} refused");
        Assert.True(taken > 0 && refused > 0, "changes that are all taken, or all refused, test little");
    }

    private static int HashCode(int round) => unchecked((Seed * 1_000_003) + round);

    /// <returns>False when it was refused.</returns>
    private static bool TryXorb(byte[] xorb, SafeFileHandle file)
    {
        RandomAccess.SetLength(file, 0);
        return TryMeasured(() => XorbIntake.CopyAsync(PipeReader.Create(new SteppedStream(xorb, 5000)), file, CancellationToken.None), MostForXorb, out var table) && IsWhole(table, file);
    }

    private static bool TryShard(byte[] shard)
    {
        var most = 100_000 + (20L * shard.Length);
        if (!TryMeasured(() => ShardReader.ReadAsync(PipeReader.Create(new SteppedStream(shard, 5000)), CancellationToken.None), most, out var read))
        {
            return false;
        }

        Assert.True(TryMeasured(() => XetSome.ReadShardAsync(NewShard.Of(read.Files, read.Xorbs)), most + (20L * shard.Length), out var again));
        Assert.Equal(Text(read), Text(again));
        return true;
    }

    /// <summary>All of it runs on this thread, because the bytes are at hand: so what it allocates can be told.</summary>
    private static bool TryMeasured<T>(Func<Task<T>> read, long mostBytes, out T result)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var reading = read();
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(reading.IsCompleted, "it waits for something");
        Assert.InRange(allocated, 0, mostBytes);
        try
        {
            result = reading.GetAwaiter().GetResult();
            return true;
        }
        catch (Refusal refusal) when (refusal.Code.Status == 400)
        {
            result = default!; // not looked at
            return false;
        }
    }

    /// <summary>Each record that is stored unpacks to the chunk that the table names.</summary>
    private static bool IsWhole(ChunkTable table, SafeFileHandle file)
    {
        var stored = new byte[RandomAccess.GetLength(file)];
        Assert.Equal(stored.Length, RandomAccess.Read(file, stored, 0));
        Assert.Equal(stored.Length, table.RecordBytes);
        for (var i = 0; i < table.Chunks.Count; i++)
        {
            var record = ChunkRecord.Read(stored.AsSpan(table.RecordStart(i)));
            var chunk = new byte[table.LengthOf(i)];
            Array.Fill(chunk, (byte)0xA5); // what was there before must not come through
            ChunkCodec.Decode(record.Compression, stored.AsSpan(table.RecordStart(i) + ChunkRecord.HeaderSize, record.PayloadLength), chunk);
            Assert.Equal(table.Chunks[i].Hash, XetHashes.Chunk(chunk));
            Assert.Equal(table.RecordStart(i + 1), table.RecordStart(i) + record.RecordLength);
        }

        Assert.Equal(table.Xorb, XetSome.Tree(table.Chunks.Select((c, i) => (c.Hash, table.LengthOf(i)))).Root());
        return true;
    }

    private static string Text(Shard shard) => string.Join('\n', shard.Files.Select(f => $"{f.Hash} {f.Sha256} {string.Join(',', f.Terms)}")
        .Concat(shard.Xorbs.Select(x => $"{x.Hash} {string.Join(',', x.Chunks)}")));
}
