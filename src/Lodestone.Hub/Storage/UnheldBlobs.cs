using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Blobs that nobody needs, because no repository holds them or because their bytes are kept as chunks too: written down when that
/// is first seen, deleted when it was long enough ago.
/// </summary>
internal sealed class UnheldBlobs(HubDb db, IBlobStore blobs)
{
    private const int AtOnce = 500;

    /// <summary>To be called in the transaction that takes a repository's row away. The blob has waited since the row was marked.</summary>
    public async Task NoteAsync(LfsObject released, CancellationToken cancel)
    {
        var isHeld = await db.LfsObjects.AnyAsync(o => o.Sha256 == released.Sha256, cancel);
        if (!isHeld && released.UnreferencedSince is { } since)
        {
            await db.UnheldBlobs.Where(b => b.Sha256 == released.Sha256).ExecuteDeleteAsync(cancel);
            db.UnheldBlobs.Add(new UnheldBlob(released.Sha256, released.Size, since));
            await db.SaveChangesAsync(cancel);
            db.ChangeTracker.Clear();
        }
    }

    public async Task DiscardAsync(ReclaimRun run, CancellationToken cancel)
    {
        foreach (var some in blobs.List().Chunk(AtOnce))
        {
            cancel.ThrowIfCancellationRequested();
            var digests = some.Select(b => b.Digest.Hex).ToArray();
            var rows = await db.LfsObjects.Where(o => digests.Contains(o.Sha256)).Select(o => new { o.RepoId, o.Sha256 }).ToListAsync(cancel);
            var held = rows.Where(o => run.Holds(o.RepoId, o.Sha256)).Select(o => o.Sha256).ToHashSet(StringComparer.Ordinal);
            var chunked = await db.ChunkedFiles.Where(f => digests.Contains(f.Sha256) && f.UnheldSince == null).Select(f => f.Sha256).ToHashSetAsync(StringComparer.Ordinal, cancel);
            var marks = await db.UnheldBlobs.AsNoTracking().Where(b => digests.Contains(b.Sha256)).ToDictionaryAsync(b => b.Sha256, StringComparer.Ordinal, cancel);
            foreach (var blob in some)
            {
                var (isHeld, isSpare) = (held.Contains(blob.Digest.Hex), chunked.Contains(blob.Digest.Hex));
                run.Report.Blobs += blob.Size;
                if (isHeld && isSpare)
                {
                    run.Report.Spare += blob.Size;
                }

                await LookAtAsync(blob, isHeld && !isSpare, marks.GetValueOrDefault(blob.Digest.Hex), run, cancel);
            }
        }
    }

    private async Task LookAtAsync(Blob blob, bool isNeeded, UnheldBlob? mark, ReclaimRun run, CancellationToken cancel)
    {
        var isDue = run.IsDue(mark?.Since) || (run.Report.IsDryRun && run.HasReleased(blob.Digest.Hex));
        if (!run.Report.IsDryRun && isNeeded != mark is null)
        {
            await MarkAsync(blob, isNeeded, run.Now, cancel);
        }

        if (!isNeeded && !isDue)
        {
            run.Report.Waiting += blob.Size;
        }

        if (!isNeeded && isDue && (run.Report.IsDryRun || await TakeAsync(blob.Digest, run.Cutoff, cancel)))
        {
            run.Report.Freed += blob.Size;
        }
    }

    private async Task MarkAsync(Blob blob, bool isNeeded, DateTimeOffset now, CancellationToken cancel)
    {
        if (isNeeded)
        {
            await db.WriteAsync(inner => db.UnheldBlobs.Where(b => b.Sha256 == blob.Digest.Hex).ExecuteDeleteAsync(inner), cancel);
            return;
        }

        db.UnheldBlobs.Add(new UnheldBlob(blob.Digest.Hex, blob.Size, now));
        await db.TrySaveAsync(cancel); // false: another run was faster
        db.ChangeTracker.Clear();
    }

    /// <summary>
    /// The rows are asked once more, in one step with the mark; whoever brings the bytes after that renews the blob. A chunked file
    /// without a mark will be there for long enough to get and outlive one.
    /// </summary>
    private async Task<bool> TakeAsync(Sha256Digest digest, DateTimeOffset cutoff, CancellationToken cancel)
    {
        var sha256 = digest.Hex;
        var isTaken = await db.WriteAsync(
            inner => db.UnheldBlobs
                .Where(b => b.Sha256 == sha256 && b.Since <= cutoff
                    && (!db.LfsObjects.Any(o => o.Sha256 == sha256) || db.ChunkedFiles.Any(f => f.Sha256 == sha256 && f.UnheldSince == null)))
                .ExecuteDeleteAsync(inner),
            cancel) == 1;
        return isTaken && await blobs.DiscardAsync(digest, cutoff, cancel);
    }
}
