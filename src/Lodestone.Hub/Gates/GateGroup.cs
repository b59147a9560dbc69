using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// The repositories behind one gate: one, or those of a collection that is gated as a group. In a group everybody has the same place
/// at each of them: what is done at one is done at all in the same save, and whatever comes in takes the places that are there.
/// </summary>
internal static class GateGroup
{
    /// <summary>Locks the gate, so that of two changes at once the second finds what the first has done.</summary>
    /// <returns>All repositories behind it, this one first.</returns>
    public static async Task<IReadOnlyList<Guid>> LockGateAsync(this HubDb db, Guid repoId, CancellationToken cancel)
    {
        var collection = db.Repos.Where(r => r.Id == repoId).Select(r => r.GateCollectionId);
        var collectionId = await collection.SingleOrDefaultAsync(cancel);
        if (collectionId is null)
        {
            await db.LockAsync<Repo>(repoId, cancel);
            collectionId = await collection.SingleOrDefaultAsync(cancel); // it may have come into a group while we waited
        }

        if (collectionId is not { } id)
        {
            return [repoId];
        }

        await db.LockAsync<Collection>(id, cancel);
        return [repoId, .. await db.Repos.Where(r => r.GateCollectionId == id && r.Id != repoId).OrderBy(r => r.Id).Select(r => r.Id).ToListAsync(cancel)];
    }

    /// <summary>Gives a subject the same place at all repositories of the group as at the first.</summary>
    public static async Task SpreadAsync(this HubDb db, AccessRequest first, IReadOnlyList<Guid> repoIds, TimeProvider clock, CancellationToken cancel)
    {
        if (repoIds.Count == 1)
        {
            return;
        }

        var there = await db.AccessRequests.Where(a => repoIds.Contains(a.RepoId) && a.SubjectId == first.SubjectId && a.RepoId != first.RepoId).ToDictionaryAsync(a => a.RepoId, cancel);
        foreach (var repoId in repoIds.Where(id => id != first.RepoId))
        {
            db.Take(there.GetValueOrDefault(repoId), first, repoId, clock);
        }
    }

    /// <summary>
    /// Makes places alike where several gates become one. The owner's no at one of them counts for all. Who stands alike at all of them
    /// stays; everybody else has to ask, because nobody was let in to all of it.
    /// </summary>
    public static async Task UniteAsync(this HubDb db, IReadOnlyList<Guid> repoIds, Guid actorId, TimeProvider clock, CancellationToken cancel)
    {
        var all = await db.AccessRequests.Where(a => repoIds.Contains(a.RepoId)).ToListAsync(cancel);
        foreach (var places in all.GroupBy(a => a.SubjectId).Select(g => g.ToDictionary(a => a.RepoId)))
        {
            if (places.Values.FirstOrDefault(a => AccessStates.IsClosed(a.State)) is { } closed)
            {
                foreach (var repoId in repoIds.Where(id => id != closed.RepoId))
                {
                    db.Take(places.GetValueOrDefault(repoId), closed, repoId, clock);
                }
            }
            else if (places.Count < repoIds.Count || places.Values.Select(a => a.State).Distinct().Count() > 1)
            {
                End(places.Values, actorId, clock);
            }
        }
    }

    /// <summary>Gives a repository that comes in the places of one that is in the group.</summary>
    public static async Task JoinAsync(this HubDb db, Guid repoId, Guid memberId, Guid actorId, TimeProvider clock, CancellationToken cancel)
    {
        var own = await db.AccessRequests.Where(a => a.RepoId == repoId).ToDictionaryAsync(a => a.SubjectId, cancel);
        var members = await db.AccessRequests.AsNoTracking().Where(a => a.RepoId == memberId).ToListAsync(cancel);
        End(own.Values.Where(a => members.TrueForAll(m => m.SubjectId != a.SubjectId)), actorId, clock);
        foreach (var member in members)
        {
            db.Take(own.GetValueOrDefault(member.SubjectId), member, repoId, clock);
        }
    }

    private static void Take(this HubDb db, AccessRequest? place, AccessRequest other, Guid repoId, TimeProvider clock)
    {
        if (place is null)
        {
            place = new AccessRequest { Id = PublicId.New(clock), RepoId = repoId, SubjectId = other.SubjectId, IsOrganization = other.IsOrganization };
            db.AccessRequests.Add(place);
        }

        place.Take(other);
    }

    private static void End(IEnumerable<AccessRequest> places, Guid actorId, TimeProvider clock)
    {
        foreach (var place in places.Where(a => AccessStates.MayCancel(a.State)))
        {
            place.Decide(AccessState.Cancelled, actorId, "The gate of a collection took the place of this one.", clock.GetUtcNow());
        }
    }
}
