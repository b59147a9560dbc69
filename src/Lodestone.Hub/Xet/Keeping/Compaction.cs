using System.Buffers;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Gives back the room of chunks that nobody needs in xorbs that are needed:
/// <list type="number">
/// <item>xorbs of which files need less than half are put together by who may build on them, up to the size of one xorb</item>
/// <item>their live chunks are written as a new xorb, each checked and none packed anew</item>
/// <item>in one transaction, the files get terms of the new xorb (<see cref="TermSwap"/>)</item>
/// </list>
/// The old xorbs are then unreferenced, and good for as long as any such: for readers under way, for addresses given out, for
/// clients that remember them. A crash leaves a xorb that no file needs, which goes like any such.
/// </summary>
internal sealed partial class Compaction(SparseXorbs sparse, HubDb db, XorbStore store, XorbEntry entry, TermSwap swap, TimeProvider clock, ILogger<Compaction> log)
{
    public async Task RunAsync(ReclaimReport report, CancellationToken cancel)
    {
        var found = await sparse.FindAsync(report, clock.GetUtcNow(), cancel);
        foreach (var group in report.IsDryRun ? [] : await GroupAsync(found, cancel)) // 1
        {
            try
            {
                var table = await WriteAsync(group, cancel); // 2
                if (await swap.RunAsync(group, table.Xorb, cancel)) // 3
                {
                    report.Compacted = group.Aggregate(report.Compacted, (sum, x) => sum + (x.Table.RecordBytes - x.Bytes));
                }
            }
            catch (Exception failure) when (failure is IOException or InvalidDataException)
            {
                Skipped(log, group[0].Hash, failure); // what cannot be read stays as it is
            }
        }
    }

    private async Task<List<List<SparseXorb>>> GroupAsync(IReadOnlyList<SparseXorb> found, CancellationToken cancel)
    {
        var groups = new List<List<SparseXorb>>();
        var open = new Dictionary<string, List<SparseXorb>>(StringComparer.Ordinal);
        foreach (var xorb in found)
        {
            var grantees = string.Join(' ', await db.XorbGrants.Where(g => g.Xorb == xorb.Hash).Select(g => g.GranteeId).OrderBy(id => id).ToListAsync(cancel));
            if (!open.TryGetValue(grantees, out var group) || !HasRoomFor(xorb, group))
            {
                groups.Add(open[grantees] = group = []);
            }

            group.Add(xorb);
        }

        return groups;
    }

    private static bool HasRoomFor(SparseXorb xorb, List<SparseXorb> group) =>
        group.Sum(x => x.Live.Count) + xorb.Live.Count <= XorbLimits.Chunks
        && group.Sum(x => x.Bytes) + xorb.Bytes <= XorbLimits.Size
        && group.Sum(x => x.UnpackedBytes) + xorb.UnpackedBytes <= XorbLimits.Size;

    private async Task<ChunkTable> WriteAsync(List<SparseXorb> group, CancellationToken cancel)
    {
        var table = await store.MakeAsync(
            async writer =>
            {
                foreach (var xorb in group)
                {
                    await CopyAsync(xorb, writer, cancel);
                }
            },
            cancel);
        await entry.AddAsync(table, granteeId: null, cancel);
        return table;
    }

    private async Task CopyAsync(SparseXorb xorb, XorbWriter writer, CancellationToken cancel)
    {
        using var file = store.Open(xorb.Hash);
        var record = ArrayPool<byte>.Shared.Rent(ChunkRecord.HeaderSize + ChunkRecord.MostPayload);
        var content = ArrayPool<byte>.Shared.Rent(Chunker.MostSize);
        try
        {
            foreach (var chunk in xorb.Live.All.SelectMany(r => Enumerable.Range(r.First, r.Count)))
            {
                var (start, length) = (xorb.Table.RecordStart(chunk), xorb.Table.RecordStart(chunk + 1) - xorb.Table.RecordStart(chunk));
                for (int done = 0, read; done < length; done += read)
                {
                    read = await RandomAccess.ReadAsync(file, record.AsMemory(done, length - done), start + done, cancel);
                    if (read == 0)
                    {
                        throw new InvalidDataException($"Xorb {xorb.Hash} ends before chunk {chunk}.");
                    }
                }

                var unpacked = content.AsMemory(0, xorb.Table.UnpackedStart(chunk + 1) - xorb.Table.UnpackedStart(chunk));
                Check(xorb, chunk, record.AsSpan(0, length), unpacked.Span);
                await writer.AddRecordAsync(record.AsMemory(0, length), unpacked.Length, xorb.Table.Chunks[chunk].Hash, cancel);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(record);
            ArrayPool<byte>.Shared.Return(content);
        }
    }

    /// <summary>What has gone bad on the disk must not replace what may yet be mended.</summary>
    private static void Check(SparseXorb xorb, int chunk, ReadOnlySpan<byte> record, Span<byte> content)
    {
        ChunkCodec.Decode(ChunkRecord.Read(record).Compression, record[ChunkRecord.HeaderSize..], content);
        if (XetHashes.Chunk(content) != xorb.Table.Chunks[chunk].Hash)
        {
            throw new InvalidDataException($"Chunk {chunk} of xorb {xorb.Hash} is damaged.");
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Xorb {Xorb} and others with it could not be compacted; they stay as they are")]
    private static partial void Skipped(ILogger log, XetHash xorb, Exception failure);
}
