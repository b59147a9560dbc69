using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Writes down that a repository holds a large file, after its bytes are durable.</summary>
internal sealed class LargeFileIntake(HubDb db, StorageQuota quota, TimeProvider clock)
{
    private const int AtOnce = 500;

    /// <summary>A link outlives neither its hours nor its repository. Who may use it was settled when it was made.</summary>
    /// <exception cref="Refusal"><c>not_found</c>; <c>forbidden</c> when it is taken down.</exception>
    public async Task RequireRepoAsync(Guid repoId, CancellationToken cancel)
    {
        var repo = await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == repoId, cancel) ?? throw Gone();
        if (repo.DisabledAt is not null)
        {
            throw HubRefusals.Disabled(repo);
        }
    }

    public async Task<bool> IsHeldAsync(Guid repoId, Sha256Digest digest, CancellationToken cancel) => (await db.HeldAsync(repoId, [digest], cancel)).Count > 0;

    /// <summary>Holding it already is no different. The quota is asked again, because other uploads may have been faster.</summary>
    /// <returns>False when the repository held it.</returns>
    /// <exception cref="Refusal"><c>not_found</c>, <c>storage_quota_exceeded</c>.</exception>
    public Task<bool> HoldAsync(Guid repoId, Blob blob, CancellationToken cancel) =>
        db.WriteAsync(async inner => await HoldInAsync(await LockAsync(repoId, inner), [blob], inner), cancel);

    /// <summary>The repository, which nobody else adds to until the transaction ends.</summary>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<Repo> LockAsync(Guid repoId, CancellationToken cancel)
    {
        await db.LockAsync<Repo>(repoId, cancel);
        return await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == repoId, cancel) ?? throw Gone();
    }

    /// <summary>As <see cref="HoldAsync"/>, in a transaction that has locked the repository.</summary>
    /// <returns>False when the repository held them all.</returns>
    public async Task<bool> HoldInAsync(Repo repo, IReadOnlyCollection<Blob> blobs, CancellationToken cancel)
    {
        var (repoId, isNew) = (repo.Id, false);
        foreach (var some in blobs.DistinctBy(b => b.Digest).Chunk(AtOnce))
        {
            var digests = some.Select(b => b.Digest.Hex).ToArray();
            var held = db.LfsObjects.Where(o => o.RepoId == repoId && digests.Contains(o.Sha256));
            await held.Where(o => o.UnreferencedSince != null).ExecuteUpdateAsync(o => o.SetProperty(p => p.UnreferencedSince, (DateTimeOffset?)null), cancel);
            var known = (await held.Select(o => o.Sha256).ToListAsync(cancel)).ToHashSet(StringComparer.Ordinal);
            var fresh = some.Where(b => !known.Contains(b.Digest.Hex)).ToList();
            if (fresh.Count > 0)
            {
                (await quota.IfLimitedAsync(repo.OwnerId, cancel))?.Require(fresh.Sum(b => b.Size));
                db.LfsObjects.AddRange(fresh.Select(b => new LfsObject(repoId, b.Digest.Hex, b.Size, clock.GetUtcNow())));
                await db.SaveChangesAsync(cancel);
                isNew = true;
            }
        }

        return isNew;
    }

    private static Refusal Gone() => new(RefusalCode.NotFound, "The repository is gone.");
}
