using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Blobs that no repository holds: written down when that is first seen, deleted when it was long enough ago.</summary>
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
            var marks = await db.UnheldBlobs.AsNoTracking().Where(b => digests.Contains(b.Sha256)).ToDictionaryAsync(b => b.Sha256, StringComparer.Ordinal, cancel);
            foreach (var blob in some)
            {
                await LookAtAsync(blob, held.Contains(blob.Digest.Hex), marks.GetValueOrDefault(blob.Digest.Hex), run, cancel);
            }
        }
    }

    private async Task LookAtAsync(Blob blob, bool isHeld, UnheldBlob? mark, ReclaimRun run, CancellationToken cancel)
    {
        var isDue = run.IsDue(mark?.Since) || (run.Report.IsDryRun && run.HasReleased(blob.Digest.Hex));
        if (!run.Report.IsDryRun && isHeld != mark is null)
        {
            await MarkAsync(blob, isHeld, run.Now, cancel);
        }

        if (!isHeld && !isDue)
        {
            run.Report.Waiting += blob.Size;
        }

        if (!isHeld && isDue && (run.Report.IsDryRun || await TakeAsync(blob.Digest, run.Cutoff, cancel)))
        {
            run.Report.Freed += blob.Size;
        }
    }

    private async Task MarkAsync(Blob blob, bool isHeld, DateTimeOffset now, CancellationToken cancel)
    {
        if (isHeld)
        {
            await db.WriteAsync(inner => db.UnheldBlobs.Where(b => b.Sha256 == blob.Digest.Hex).ExecuteDeleteAsync(inner), cancel);
            return;
        }

        db.UnheldBlobs.Add(new UnheldBlob(blob.Digest.Hex, blob.Size, now));
        await db.TrySaveAsync(cancel); // false: another run was faster
        db.ChangeTracker.Clear();
    }

    /// <summary>The row is asked once more, in one step with the mark; whoever brings the bytes after that renews the blob.</summary>
    private async Task<bool> TakeAsync(Sha256Digest digest, DateTimeOffset cutoff, CancellationToken cancel)
    {
        var sha256 = digest.Hex;
        var isTaken = await db.WriteAsync(
            inner => db.UnheldBlobs
                .Where(b => b.Sha256 == sha256 && b.Since <= cutoff && !db.LfsObjects.Any(o => o.Sha256 == sha256))
                .ExecuteDeleteAsync(inner),
            cancel) == 1;
        return isTaken && await blobs.DiscardAsync(digest, cutoff, cancel);
    }
}
