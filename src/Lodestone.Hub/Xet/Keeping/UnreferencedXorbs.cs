using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Xorbs that no chunked file has chunks of: marked when that is first seen, deleted when it was longer ago than clients remember
/// what they have sent. The row goes first, in one statement that asks again; a registration that relies on the xorb takes the mark
/// off in its transaction, so of the two one comes first and the other sees it. Then the file goes, unless somebody has sent its
/// bytes again since. A file that lost its row, or never got one, goes after a day.
/// </summary>
internal sealed class UnreferencedXorbs(HubDb db, XorbStore store)
{
    private const int AtOnce = 500;

    /// <summary>How long an upload may take from its file to its row.</summary>
    private static readonly TimeSpan StrayAfter = TimeSpan.FromDays(1);

    public async Task DiscardAsync(ReclaimRun run, CancellationToken cancel)
    {
        var after = "";
        while (true)
        {
            var some = await db.Xorbs.FromSql($"select * from hub_xorb where hash > {after} order by hash limit {AtOnce}").AsNoTracking().OrderBy(x => x.Hash).ToListAsync(cancel);
            if (some.Count == 0)
            {
                break;
            }

            await LookAtAsync(some, run, cancel);
            after = some[^1].Hash.ToString();
        }

        await DiscardStraysAsync(run, cancel);
    }

    private async Task LookAtAsync(List<Xorb> xorbs, ReclaimRun run, CancellationToken cancel)
    {
        var hashes = xorbs.Select(x => x.Hash).ToArray();
        var references = await db.FileXorbs.Where(r => hashes.Contains(r.Xorb)).Select(r => new { r.File, r.Xorb }).ToListAsync(cancel);
        var referenced = references.Where(r => run.Keeps(r.File)).Select(r => r.Xorb).ToHashSet();
        if (!run.Report.IsDryRun)
        {
            await MarkAsync(xorbs.Where(x => referenced.Contains(x.Hash) && x.UnreferencedSince is not null), null, cancel);
            await MarkAsync(xorbs.Where(x => !referenced.Contains(x.Hash) && x.UnreferencedSince is null), run.Now, cancel);
        }

        foreach (var xorb in xorbs)
        {
            run.Report.Xorbs += xorb.Size;
            if (referenced.Contains(xorb.Hash))
            {
                continue;
            }

            if ((xorb.UnreferencedSince ?? run.Now) > run.XorbCutoff)
            {
                run.Report.WaitingXorbs += xorb.Size;
            }
            else if (run.Report.IsDryRun || await TakeAsync(xorb.Hash, run, cancel))
            {
                run.Report.FreedXorbs += xorb.Size;
            }
        }
    }

    private async Task MarkAsync(IEnumerable<Xorb> xorbs, DateTimeOffset? since, CancellationToken cancel)
    {
        var hashes = xorbs.Select(x => x.Hash).ToArray();
        if (hashes.Length > 0)
        {
            await db.WriteAsync(inner => db.Xorbs.Where(x => hashes.Contains(x.Hash)).ExecuteUpdateAsync(x => x.SetProperty(p => p.UnreferencedSince, since), inner), cancel);
        }
    }

    private async Task<bool> TakeAsync(XetHash hash, ReclaimRun run, CancellationToken cancel)
    {
        var isTaken = await db.WriteAsync(
            inner => db.Xorbs
                .Where(x => x.Hash == hash && x.UnreferencedSince <= run.XorbCutoff && !db.FileXorbs.Any(r => r.Xorb == x.Hash))
                .ExecuteDeleteAsync(inner),
            cancel) == 1;
        return isTaken && store.Discard(hash, run.XorbCutoff);
    }

    private async Task DiscardStraysAsync(ReclaimRun run, CancellationToken cancel)
    {
        foreach (var some in store.List().Chunk(AtOnce))
        {
            cancel.ThrowIfCancellationRequested();
            var hashes = some.Select(x => x.Hash).ToArray();
            var known = await db.Xorbs.Where(x => hashes.Contains(x.Hash)).Select(x => x.Hash).ToHashSetAsync(cancel);
            foreach (var (hash, size) in some.Where(x => !known.Contains(x.Hash)))
            {
                if (!run.Report.IsDryRun && store.Discard(hash, run.Now - StrayAfter))
                {
                    run.Report.FreedXorbs += size;
                }
            }
        }
    }
}
