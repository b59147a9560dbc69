using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Writes down files that are kept as chunks, all of them or none: the files, what they need, who holds them. Their xorbs stop
/// waiting to be reclaimed in the same transaction, which fails when one is gone; so a file that is written down has its bytes.
/// </summary>
internal sealed class ChunkedFiles(HubDb db, Database database, LargeFileIntake intake, TimeProvider clock)
{
    private const int AtOnce = 500;

    /// <param name="files">Their chunks are checked, and their SHA-256 is proved.</param>
    /// <param name="known">Chunks of xorbs that the files need, which clients may ask for.</param>
    /// <param name="repoId">Holds the files from now on; null: nobody new does.</param>
    /// <returns>False when all of it was known.</returns>
    /// <exception cref="Refusal"><c>invalid_request</c> when a xorb is gone; <c>not_found</c>, <c>storage_quota_exceeded</c>.</exception>
    public Task<bool> RegisterAsync(IReadOnlyList<NewChunkedFile> files, IReadOnlyCollection<KnownChunk> known, Guid? repoId, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            // Everybody locks in this order: the repository, xorbs by name, files by name.
            var repo = repoId is { } id ? await intake.LockAsync(id, inner) : null;
            await RelyAsync(files.SelectMany(f => f.Terms).Select(t => t.Xorb).Concat(known.Select(c => c.Xorb)), inner);
            var isNew = false;
            foreach (var file in files.DistinctBy(f => f.Hash).OrderBy(f => f.Hash.ToString(), StringComparer.Ordinal))
            {
                isNew |= await AddAsync(file, inner);
            }

            await SaveAsync(inner);
            await AddAsync(known, inner);
            return repo is null ? isNew : await intake.HoldInAsync(repo, [.. files.Select(f => new Blob(f.Sha256, f.Size))], inner) || isNew;
        },
        cancel);

    /// <summary>Reclaim takes a xorb's row only while it is marked, in one statement: what has lost its mark here stays.</summary>
    private async Task RelyAsync(IEnumerable<XetHash> xorbs, CancellationToken cancel)
    {
        foreach (var some in xorbs.Distinct().OrderBy(x => x.ToString(), StringComparer.Ordinal).Chunk(AtOnce))
        {
            var rows = db.Xorbs.Where(x => some.Contains(x.Hash));
            if (database.IsPostgres)
            {
                string[] names = [.. some.Select(x => x.ToString())];
                await db.Database.ExecuteSqlAsync($"""select 1 from hub_xorb where hash = any({names}) order by hash collate "C" for update""", cancel);
            }

            var found = await rows.Select(x => x.Hash).ToListAsync(cancel);
            if (found.Count < some.Length)
            {
                throw Missing(some.Except(found).First());
            }

            await rows.Where(x => x.UnreferencedSince != null).ExecuteUpdateAsync(x => x.SetProperty(p => p.UnreferencedSince, (DateTimeOffset?)null), cancel);
        }
    }

    /// <summary>Who was faster with the same file has cut it in the same way; its terms stay.</summary>
    private async Task<bool> AddAsync(NewChunkedFile file, CancellationToken cancel)
    {
        var (hash, now) = (file.Hash.ToString(), database.Instant(clock.GetUtcNow()));
        while (true)
        {
            var added = await db.Database.ExecuteSqlAsync(
                $"""
                insert into hub_chunked_file (hash, sha256, size, terms, created_at)
                values ({hash}, {file.Sha256.Hex}, {file.Size}, {FileTerm.Encode(file.Terms)}, {now}) on conflict (hash) do nothing
                """,
                cancel);
            if (added == 1)
            {
                db.FileXorbs.AddRange(file.Terms.Select(t => t.Xorb).Distinct().Select(xorb => new FileXorb(file.Hash, xorb)));
                return true;
            }

            // None when it was reclaimed between the two statements, which PostgreSQL allows.
            if (await db.ChunkedFiles.Where(f => f.Hash == file.Hash).ExecuteUpdateAsync(f => f.SetProperty(p => p.UnheldSince, (DateTimeOffset?)null), cancel) == 1)
            {
                return false;
            }
        }
    }

    // Their xorbs are locked, so nobody adds the same row meanwhile.
    private async Task AddAsync(IReadOnlyCollection<KnownChunk> known, CancellationToken cancel)
    {
        foreach (var some in known.DistinctBy(c => (c.Hash, c.Xorb)).Chunk(AtOnce))
        {
            var (hashes, xorbs) = (some.Select(c => c.Hash).Distinct().ToArray(), some.Select(c => c.Xorb).Distinct().ToArray());
            var rows = await db.KnownChunks.Where(c => hashes.Contains(c.Hash) && xorbs.Contains(c.Xorb)).Select(c => new { c.Hash, c.Xorb }).ToListAsync(cancel);
            var there = rows.Select(c => (c.Hash, c.Xorb)).ToHashSet();
            db.KnownChunks.AddRange(some.Where(c => !there.Contains((c.Hash, c.Xorb))));
            await SaveAsync(cancel);
        }
    }

    private async Task SaveAsync(CancellationToken cancel)
    {
        await db.SaveChangesAsync(cancel);
        db.ChangeTracker.Clear();
    }

    public static Refusal Missing(XetHash xorb) =>
        new(RefusalCode.Invalid, $"There is no xorb {xorb} that this token may use. Nothing was registered; send the xorb, then the shard again.");
}

/// <summary>A file that is kept as chunks from now on. Its hash and its SHA-256 are those of what its terms make.</summary>
/// <param name="Size">Bytes.</param>
internal sealed record NewChunkedFile(XetHash Hash, Sha256Digest Sha256, long Size, IReadOnlyList<FileTerm> Terms);
