using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Writes down that a repository holds a large file, after its bytes are durable.</summary>
internal sealed class LargeFileIntake(HubDb db, TimeProvider clock)
{
    /// <summary>A link outlives neither its hours nor its repository. Who may use it was settled when it was made.</summary>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task RequireRepoAsync(Guid repoId, CancellationToken cancel)
    {
        if (!await db.Repos.AnyAsync(r => r.Id == repoId, cancel))
        {
            throw new Refusal(RefusalCode.NotFound, "The repository is gone.");
        }
    }

    public Task<bool> IsHeldAsync(Guid repoId, Sha256Digest digest, CancellationToken cancel)
    {
        var sha256 = digest.Hex;
        return db.LfsObjects.AnyAsync(o => o.RepoId == repoId && o.Sha256 == sha256, cancel);
    }

    public async Task HoldAsync(Guid repoId, Blob blob, CancellationToken cancel)
    {
        db.LfsObjects.Add(new LfsObject(repoId, blob.Digest.Hex, blob.Size, clock.GetUtcNow()));
        await db.TrySaveAsync(cancel); // false: it was held already
    }
}
