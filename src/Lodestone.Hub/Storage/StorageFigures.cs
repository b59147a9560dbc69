using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// What is stored for whom, as pages and calls show it: of a namespace with little in it counted while one waits, of others as the
/// last sweep counted it. Whoever asks may see the namespace.
/// </summary>
internal sealed class StorageFigures(HubDb db, StorageCounting counting, TimeProvider clock)
{
    /// <summary>Large files of a namespace, and bytes of them all, that are counted at once.</summary>
    private const int MostFiles = 500;
    private const long MostBytes = 256L * 1024 * 1024 * 1024;

    /// <returns>Null when it was not counted yet.</returns>
    public async Task<StorageCount?> OfNamespaceAsync(Guid ownerId, CancellationToken cancel) =>
        await IsSmallAsync(ownerId, cancel) ? (await counting.CountAsync(ownerId, cancel))[0] : await CountedAsync(ownerId, cancel);

    /// <inheritdoc cref="OfNamespaceAsync"/>
    public async Task<StorageCount?> OfAsync(Repo repo, CancellationToken cancel)
    {
        if (!await IsSmallAsync(repo.OwnerId, cancel))
        {
            return await CountedAsync(repo.Id, cancel);
        }

        var counts = await counting.CountAsync(repo.OwnerId, cancel);
        return counts.FirstOrDefault(c => c.Id == repo.Id) ?? new CountedFiles(repo.Id, StorageScope.Repository).At(clock.GetUtcNow());
    }

    /// <summary>For administrators.</summary>
    /// <inheritdoc cref="OfNamespaceAsync"/>
    public Task<StorageCount?> OfServerAsync(CancellationToken cancel) => CountedAsync(Guid.Empty, cancel);

    /// <summary>Namespaces that need most, for administrators.</summary>
    /// <param name="after">The last one of the page before.</param>
    public async Task<IReadOnlyList<StorageCount>> LargestAsync(StorageCount? after, int limit, CancellationToken cancel)
    {
        var namespaces = db.StorageCounts.AsNoTracking().Where(c => c.Scope == StorageScope.Namespace);
        var rest = after is null ? namespaces : namespaces.Where(c => c.Stored < after.Stored || (c.Stored == after.Stored && c.Id > after.Id));
        return await rest.OrderByDescending(c => c.Stored).ThenBy(c => c.Id).Take(limit).ToListAsync(cancel);
    }

    public Task<StorageCount?> CountedAsync(Guid id, CancellationToken cancel) => db.StorageCounts.AsNoTracking().SingleOrDefaultAsync(c => c.Id == id, cancel);

    private async Task<bool> IsSmallAsync(Guid ownerId, CancellationToken cancel)
    {
        var sizes = db.LfsObjects.Where(o => db.Repos.Any(r => r.Id == o.RepoId && r.OwnerId == ownerId)).Select(o => o.Size);
        var some = await sizes.Take(MostFiles + 1).ToListAsync(cancel);
        return some.Count <= MostFiles && some.Sum() <= MostBytes;
    }
}
