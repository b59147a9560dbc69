using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Writes down that a repository holds a large file, after its bytes are durable.</summary>
internal sealed class LargeFileIntake(HubDb db, StorageQuota quota, TimeProvider clock)
{
    /// <summary>A link outlives neither its hours nor its repository. Who may use it was settled when it was made.</summary>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task RequireRepoAsync(Guid repoId, CancellationToken cancel)
    {
        if (!await db.Repos.AnyAsync(r => r.Id == repoId, cancel))
        {
            throw Gone();
        }
    }

    public async Task<bool> IsHeldAsync(Guid repoId, Sha256Digest digest, CancellationToken cancel) => (await db.HeldAsync(repoId, [digest], cancel)).Count > 0;

    /// <summary>Holding it already is no different. The quota is asked again, because other uploads may have been faster.</summary>
    /// <returns>False when the repository held it.</returns>
    /// <exception cref="Refusal"><c>not_found</c>, <c>storage_quota_exceeded</c>.</exception>
    public Task<bool> HoldAsync(Guid repoId, Blob blob, CancellationToken cancel) =>
        db.WriteAsync(async inner => await HoldInAsync(await LockAsync(repoId, inner), blob, inner), cancel);

    /// <summary>The repository, which nobody else adds to until the transaction ends.</summary>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task<Repo> LockAsync(Guid repoId, CancellationToken cancel)
    {
        await db.LockAsync<Repo>(repoId, cancel);
        return await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == repoId, cancel) ?? throw Gone();
    }

    /// <summary>As <see cref="HoldAsync"/>, in a transaction that has locked the repository.</summary>
    public async Task<bool> HoldInAsync(Repo repo, Blob blob, CancellationToken cancel)
    {
        var (repoId, sha256) = (repo.Id, blob.Digest.Hex);
        var held = db.LfsObjects.Where(o => o.RepoId == repoId && o.Sha256 == sha256);
        if (await held.ExecuteUpdateAsync(o => o.SetProperty(p => p.UnreferencedSince, (DateTimeOffset?)null), cancel) > 0)
        {
            return false;
        }

        (await quota.IfLimitedAsync(repo.OwnerId, cancel))?.Require(blob.Size);
        db.LfsObjects.Add(new LfsObject(repoId, sha256, blob.Size, clock.GetUtcNow()));
        await db.SaveChangesAsync(cancel);
        return true;
    }

    private static Refusal Gone() => new(RefusalCode.NotFound, "The repository is gone.");
}
