using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Counts what is stored for whom: see <see cref="StorageCount"/>. One namespace is counted at a time, in memory that grows with
/// the terms of its files; for the server's own figures, what each namespace needs is kept as a few ranges of each xorb.
/// </summary>
internal sealed class StorageCounting(HubDb db, XorbStore xorbs, HubOptions options, TimeProvider clock)
{
    private const int AtOnce = 500;

    /// <summary>The namespace's figures first, then those of its repositories that hold large files.</summary>
    public Task<IReadOnlyList<StorageCount>> CountAsync(Guid ownerId, CancellationToken cancel) => CountAsync(ownerId, null, null, clock.GetUtcNow(), cancel);

    /// <param name="isSaved">Whether it is written down, in place of what was counted before.</param>
    /// <returns>The server's figures.</returns>
    public async Task<StorageCount> CountAllAsync(bool isSaved, CancellationToken cancel)
    {
        var (now, needs, server) = (clock.GetUtcNow(), new StoredNeeds(), new CountedFiles(Guid.Empty, StorageScope.Server));
        var owners = await db.Repos.Where(r => db.LfsObjects.Any(o => o.RepoId == r.Id)).Select(r => r.OwnerId).Distinct().ToListAsync(cancel);
        for (var i = 0; i < owners.Count; i++)
        {
            var counts = await CountAsync(owners[i], (needs, i), server, now, cancel);
            if (isSaved)
            {
                await SaveAsync(counts, cancel);
            }
        }

        var namespaces = owners.ConvertAll(id => new CountedFiles(id, StorageScope.Namespace)); // counted already, each by itself
        await needs.AddUpAsync(db, xorbs, namespaces, server, null, cancel);
        var counted = server.At(now);
        if (isSaved)
        {
            await SaveAsync([counted], cancel);
            await db.WriteAsync(inner => db.StorageCounts.Where(c => c.CountedAt < now).ExecuteDeleteAsync(inner), cancel);
        }

        return counted;
    }

    private async Task<IReadOnlyList<StorageCount>> CountAsync(Guid ownerId, (StoredNeeds Needs, int Who)? next, CountedFiles? server, DateTimeOffset now, CancellationToken cancel)
    {
        var (whole, cutoff) = (new CountedFiles(ownerId, StorageScope.Namespace), now - options.ReclaimAfter);
        var rows = await db.LfsObjects.AsNoTracking().Where(o => db.Repos.Any(r => r.Id == o.RepoId && r.OwnerId == ownerId)).ToListAsync(cancel);
        var numbers = rows.Select(o => o.RepoId).Distinct().Select((id, i) => (id, i)).ToDictionary(r => r.id, r => r.i);
        var repos = numbers.OrderBy(r => r.Value).Select(r => new CountedFiles(r.Key, StorageScope.Repository)).ToList();
        foreach (var row in rows)
        {
            foreach (var scope in (CountedFiles?[])[repos[numbers[row.RepoId]], whole, server])
            {
                scope?.Add(row.Size, row.UnreferencedSince, cutoff);
            }
        }

        var needs = new StoredNeeds();
        foreach (var some in rows.GroupBy(o => o.Sha256, StringComparer.Ordinal).Chunk(AtOnce))
        {
            await AddAsync(some, numbers, needs, cancel);
        }

        await needs.AddUpAsync(db, xorbs, repos, whole, next, cancel);
        return [whole.At(now), .. repos.Select(r => r.At(now))];
    }

    private async Task AddAsync(IGrouping<string, LfsObject>[] files, Dictionary<Guid, int> numbers, StoredNeeds needs, CancellationToken cancel)
    {
        var digests = files.Select(f => f.Key).ToArray();
        var chunked = await db.ChunkedFiles.AsNoTracking().Where(f => digests.Contains(f.Sha256)).Select(f => new { f.Sha256, f.Terms }).ToListAsync(cancel);
        var terms = chunked.ToLookup(f => f.Sha256, f => FileTerm.Decode(f.Terms), StringComparer.Ordinal);
        foreach (var row in files.SelectMany(f => f))
        {
            if (!terms.Contains(row.Sha256))
            {
                needs.Add(row.Sha256, row.Size, numbers[row.RepoId]);
                continue;
            }

            foreach (var way in terms[row.Sha256]) // the same bytes may have been cut in several ways, and all are kept
            {
                needs.Add(way, numbers[row.RepoId]);
            }
        }
    }

    private async Task SaveAsync(IReadOnlyList<StorageCount> counts, CancellationToken cancel)
    {
        foreach (var some in counts.Chunk(AtOnce))
        {
            var ids = some.Select(c => c.Id).ToArray();
            await db.WriteDerivedAsync(
                async inner =>
                {
                    await db.StorageCounts.Where(c => ids.Contains(c.Id)).ExecuteDeleteAsync(inner);
                    db.StorageCounts.AddRange(some);
                    return await db.SaveChangesAsync(inner);
                },
                cancel);
            db.ChangeTracker.Clear();
        }
    }
}
