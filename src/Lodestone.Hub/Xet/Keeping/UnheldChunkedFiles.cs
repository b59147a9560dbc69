using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Chunked files whose SHA-256 no repository holds: marked when that is first seen, forgotten when it was long enough ago. Whoever
/// relies on one takes the mark off in the transaction that relies on it, and one statement deletes what still has it: of the two
/// one comes first, and the other sees it.
/// </summary>
internal sealed class UnheldChunkedFiles(HubDb db)
{
    private const int AtOnce = 500;

    /// <summary>To be called in the transaction that takes a repository's row away. The files have waited since the row was marked.</summary>
    public async Task NoteAsync(LfsObject released, CancellationToken cancel)
    {
        if (released.UnreferencedSince is { } since)
        {
            await db.ChunkedFiles
                .Where(f => f.Sha256 == released.Sha256 && f.UnheldSince == null && !db.LfsObjects.Any(o => o.Sha256 == f.Sha256))
                .ExecuteUpdateAsync(f => f.SetProperty(p => p.UnheldSince, since), cancel);
        }
    }

    public async Task ForgetAsync(ReclaimRun run, CancellationToken cancel)
    {
        var after = "";
        while (true)
        {
            var some = await db.ChunkedFiles.FromSql($"select * from hub_chunked_file where hash > {after} order by hash limit {AtOnce}")
                .OrderBy(f => f.Hash).Select(f => new KeptFile(f.Hash, f.Sha256, f.Size, f.UnheldSince)).ToListAsync(cancel);
            if (some.Count == 0)
            {
                return;
            }

            await LookAtAsync(some, run, cancel);
            after = some[^1].Hash.ToString();
        }
    }

    private async Task LookAtAsync(List<KeptFile> files, ReclaimRun run, CancellationToken cancel)
    {
        var digests = files.Select(f => f.Sha256).Distinct(StringComparer.Ordinal).ToArray();
        var rows = await db.LfsObjects.Where(o => digests.Contains(o.Sha256)).Select(o => new { o.RepoId, o.Sha256 }).ToListAsync(cancel);
        var held = rows.Where(o => run.Holds(o.RepoId, o.Sha256)).Select(o => o.Sha256).ToHashSet(StringComparer.Ordinal);
        var due = files.FindAll(f => !held.Contains(f.Sha256) && (run.IsDue(f.UnheldSince) || (run.Report.IsDryRun && run.HasReleased(f.Sha256))));
        if (run.Report.IsDryRun)
        {
            run.Forget(due);
            return;
        }

        await MarkAsync(files.Where(f => held.Contains(f.Sha256) && f.UnheldSince is not null), null, cancel);
        await MarkAsync(files.Where(f => !held.Contains(f.Sha256) && f.UnheldSince is null), run.Now, cancel);
        if (due.Count > 0)
        {
            run.Forget(await DeleteAsync(due, run, cancel));
        }
    }

    private async Task MarkAsync(IEnumerable<KeptFile> files, DateTimeOffset? since, CancellationToken cancel)
    {
        var hashes = files.Select(f => f.Hash).ToArray();
        if (hashes.Length > 0)
        {
            await db.WriteAsync(inner => db.ChunkedFiles.Where(f => hashes.Contains(f.Hash)).ExecuteUpdateAsync(f => f.SetProperty(p => p.UnheldSince, since), inner), cancel);
        }
    }

    private Task<List<KeptFile>> DeleteAsync(List<KeptFile> files, ReclaimRun run, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            var deleted = new List<KeptFile>();
            foreach (var file in files)
            {
                var due = db.ChunkedFiles.Where(f => f.Hash == file.Hash && f.UnheldSince <= run.Cutoff && !db.LfsObjects.Any(o => o.Sha256 == file.Sha256));
                if (await due.ExecuteDeleteAsync(inner) == 1)
                {
                    deleted.Add(file);
                }
            }

            return deleted;
        },
        cancel);
}

/// <param name="Size">Bytes.</param>
internal sealed record KeptFile(XetHash Hash, string Sha256, long Size, DateTimeOffset? UnheldSince);
