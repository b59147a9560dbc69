using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Gives back the room of large files that nothing refers to, in steps that each wait: a repository lets go of files that none of
/// its references reach; the store deletes blobs that no repository holds, or whose bytes it has as chunks too
/// (<see cref="UnheldBlobs"/>); it forgets chunked files that no repository holds (<see cref="UnheldChunkedFiles"/>), and deletes
/// xorbs that no chunked file has chunks of (<see cref="UnreferencedXorbs"/>).
/// <para>
/// Marking and deleting are days apart, and a writer that relies on what is marked takes the mark off
/// (<see cref="LfsObjectQueries.HeldAsync"/>) or renews the blob (<see cref="IBlobStore.DiscardAsync"/>); so what is deleted was
/// unreferenced for all that time, and is still. A reference that is moved onto old commits while a repository lets go is seen
/// right after, while the blobs are still there.
/// </para>
/// </summary>
internal sealed partial class Reclaim(HubDb db, RepoStore store, UnneededBytes unneeded, HubOptions options, TimeProvider clock, ILogger<Reclaim> log)
{
    private const int AtOnce = 500;

    /// <param name="isDryRun">Changes nothing and says what would be.</param>
    public async Task<ReclaimReport> RunAsync(bool isDryRun, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var run = new ReclaimRun(now, now - options.ReclaimAfter, now - options.XorbGrace, new ReclaimReport { IsDryRun = isDryRun });
        foreach (var repoId in await db.LfsObjects.Select(o => o.RepoId).Distinct().ToListAsync(cancel))
        {
            try
            {
                await LetGoAsync(repoId, run, cancel);
            }
            catch (Exception failure) when (failure is IOException or CorruptRepositoryException)
            {
                Skipped(log, repoId, failure); // what cannot be read keeps everything
            }
        }

        await unneeded.DiscardAsync(run, cancel);
        if (!isDryRun)
        {
            Reclaimed(log, run.Report.Freed, run.Report.FreedXorbs, run.Report.Waiting, run.Report.WaitingXorbs);
        }

        return run.Report;
    }

    private async Task LetGoAsync(Guid repoId, ReclaimRun run, CancellationToken cancel)
    {
        var rows = await db.LfsObjects.AsNoTracking().Where(o => o.RepoId == repoId).ToListAsync(cancel);
        var git = store.Open(repoId);
        var references = git.References.List();
        var lost = Unreached(git, references, rows.Select(o => o.Sha256), cancel);
        var due = rows.FindAll(o => lost.Contains(o.Sha256) && run.IsDue(o.UnreferencedSince));
        run.Add(rows.Where(o => lost.Contains(o.Sha256)), due);
        if (run.Report.IsDryRun)
        {
            return;
        }

        await MarkAsync(repoId, rows.Where(o => o.UnreferencedSince is not null && !lost.Contains(o.Sha256)), null, cancel);
        await MarkAsync(repoId, rows.Where(o => o.UnreferencedSince is null && lost.Contains(o.Sha256)), run.Now, cancel);
        foreach (var some in due.Chunk(AtOnce))
        {
            await DeleteAsync(repoId, [.. some.Select(o => o.Sha256)], run, cancel);
        }

        var moved = git.References.List();
        if (due.Count > 0 && !moved.SequenceEqual(references))
        {
            var still = Unreached(git, moved, due.Select(o => o.Sha256), cancel);
            await RestoreAsync(due.Where(o => !still.Contains(o.Sha256)), cancel);
        }
    }

    /// <summary>Those of the given that no reference reaches.</summary>
    private static HashSet<string> Unreached(GitRepository git, IReadOnlyList<GitReference> references, IEnumerable<string> digests, CancellationToken cancel)
    {
        var left = digests.ToHashSet(StringComparer.Ordinal);
        foreach (var found in new PointerScan(git).From(references, cancel))
        {
            if (left.Remove(found.Pointer.Digest.Hex) && left.Count == 0)
            {
                break;
            }
        }

        return left;
    }

    private async Task MarkAsync(Guid repoId, IEnumerable<LfsObject> rows, DateTimeOffset? since, CancellationToken cancel)
    {
        foreach (var some in rows.Select(o => o.Sha256).Chunk(AtOnce))
        {
            await db.WriteAsync(
                inner => db.LfsObjects.Where(o => o.RepoId == repoId && some.Contains(o.Sha256))
                    .ExecuteUpdateAsync(o => o.SetProperty(p => p.UnreferencedSince, since), inner),
                cancel);
        }
    }

    /// <summary>Only what still has its mark. A blob that has lost its last repository has waited long enough with it.</summary>
    private Task<bool> DeleteAsync(Guid repoId, string[] digests, ReclaimRun run, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            var due = db.LfsObjects.Where(o => o.RepoId == repoId && digests.Contains(o.Sha256) && o.UnreferencedSince <= run.Cutoff);
            var rows = await due.AsNoTracking().ToListAsync(inner);
            await due.ExecuteDeleteAsync(inner);
            foreach (var row in rows)
            {
                await unneeded.NoteAsync(row, inner);
            }

            return true;
        },
        cancel);

    private async Task RestoreAsync(IEnumerable<LfsObject> rows, CancellationToken cancel)
    {
        foreach (var row in rows)
        {
            db.LfsObjects.Add(row with { UnreferencedSince = null });
            await db.TrySaveAsync(cancel); // false: it was not deleted, or is back
        }

        db.ChangeTracker.Clear();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Reclaimed blobs {Freed} and xorbs {FreedXorbs}; waiting {Waiting} and {WaitingXorbs}")]
    private static partial void Reclaimed(
        ILogger log, ReclaimReport.Amount freed, ReclaimReport.Amount freedXorbs, ReclaimReport.Amount waiting, ReclaimReport.Amount waitingXorbs);

    [LoggerMessage(Level = LogLevel.Error, Message = "Repository {RepoId} could not be read; nothing of it is reclaimed")]
    private static partial void Skipped(ILogger log, Guid repoId, Exception failure);
}
