using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Brings repositories behind the gate of a collection, and out again.</summary>
internal sealed class GateMembers(HubDb db, GateEditing editing, GateMemory memory, Caller caller, TimeProvider clock)
{
    private static readonly RefusalCode AlreadyGated = new("already_gated", 409);

    /// <summary>Before a repository is put into the collection: where that is gated, the repository comes behind its gate first.</summary>
    /// <exception cref="Refusal"><c>forbidden</c> or <c>already_gated</c>.</exception>
    public async Task JoinAsync(Collection collection, Guid repoId, CancellationToken cancel)
    {
        var gate = await db.CollectionGates.AsNoTracking().SingleOrDefaultAsync(g => g.CollectionId == collection.Id, cancel);
        if (gate is not { Mode: not null } || !await db.Repos.AnyAsync(r => r.Id == repoId && r.OwnerId == collection.OwnerId && r.GateCollectionId != collection.Id, cancel))
        {
            return;
        }

        await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Collection>(collection.Id, inner);
                await db.LockAsync<Repo>(repoId, inner);
                var repo = await db.Repos.SingleAsync(r => r.Id == repoId, inner);
                RequireOwn(collection, repo);
                var own = await editing.PutAsync(repo, gate.Read(), inner);
                if (await db.Gates.AsNoTracking().Where(g => db.Repos.Any(r => r.Id == g.RepoId && r.GateCollectionId == collection.Id)).FirstOrDefaultAsync(inner) is { } member)
                {
                    await db.JoinAsync(repoId, member.RepoId, caller.Id, clock, inner);
                    own.LicenceAt = member.LicenceAt; // for who stands there it is no other licence
                }

                repo.GateCollectionId = collection.Id;
                return await db.SaveChangesAsync(inner);
            },
            cancel);
        memory.Forget();
    }

    /// <summary>After a repository was taken out of the collection: it keeps the gate, and those who stand at it, as its own.</summary>
    public async Task LeaveAsync(Guid collectionId, Guid repoId, CancellationToken cancel)
    {
        await db.WriteAsync(inner => db.Repos.Where(r => r.Id == repoId && r.GateCollectionId == collectionId).ExecuteUpdateAsync(r => r.SetProperty(x => x.GateCollectionId, (Guid?)null), inner), cancel);
        memory.Forget();
    }

    /// <exception cref="Refusal"><c>forbidden</c> or <c>already_gated</c>.</exception>
    public void RequireOwn(Collection collection, Repo repo)
    {
        if (!repo.CanBeAdministeredBy(caller))
        {
            throw new Refusal(RefusalCode.Forbidden, $"{collection.Title} is gated, and so would be {repo.FullName}: only who administers it puts it in.");
        }

        if (repo.Gate is not null)
        {
            throw new Refusal(AlreadyGated, $"{repo.FullName} has a gate already{(repo.GateCollectionId is null ? "" : ", that of another collection")}. Take that off first.") { Param = "gating" };
        }
    }
}
