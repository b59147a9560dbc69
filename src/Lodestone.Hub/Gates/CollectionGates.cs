using System.Text.Json;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Gates several repositories of one owner as a group: those in a collection of theirs.</summary>
internal sealed class CollectionGates(HubDb db, Collections collections, GateEditing editing, GateMembers members, GateMemory memory, Caller caller, TimeProvider clock)
{
    private const int MostRepos = 100;

    /// <returns>Null: there never was a gate.</returns>
    public async Task<CollectionGate?> FindAsync(Guid collectionId, CancellationToken cancel) =>
        await db.CollectionGates.AsNoTracking().SingleOrDefaultAsync(g => g.CollectionId == collectionId, cancel);

    /// <summary>The repositories behind it that the caller may see, in the collection's order.</summary>
    public async Task<IReadOnlyList<Repo>> ReposAsync(Guid collectionId, CancellationToken cancel) => await db.Repos.AsNoTracking().VisibleTo(caller)
        .Where(r => r.GateCollectionId == collectionId).OrderBy(r => r.CreatedAt).ThenBy(r => r.Id).ToListAsync(cancel);

    /// <exception cref="Refusal"><c>not_found</c>, <c>unauthenticated</c> or <c>forbidden</c>.</exception>
    public async Task<Collection> ToAdministerAsync(Guid collectionId, CancellationToken cancel)
    {
        var collection = await collections.ToChangeAsync(collectionId, cancel);
        return caller.CanAdminister(collection.OwnerId, TokenScope.ManageRepos) ? collection : throw new Refusal(RefusalCode.Forbidden, $"Only administrators of {collection.OwnerName} gate its collections.");
    }

    /// <summary>On or off, and nothing else.</summary>
    /// <inheritdoc cref="SaveAsync"/>
    public async Task SetModeAsync(Guid collectionId, GateMode? mode, CancellationToken cancel)
    {
        await ToAdministerAsync(collectionId, cancel);
        var gate = await FindAsync(collectionId, cancel);
        if (gate?.Mode != mode)
        {
            gate ??= new CollectionGate { CollectionId = collectionId };
            gate.Mode = mode;
            await SaveAsync(collectionId, gate.Read(), cancel);
        }
    }

    /// <summary>Puts the gate before all repositories of the collection's owner that are in it, changes it at all of them, or takes it off.</summary>
    /// <exception cref="Refusal">As for <see cref="ToAdministerAsync"/>; <c>invalid_request</c>, <c>geo_unavailable</c>; <c>already_gated</c>: one of them has a gate of its own, or of another collection.</exception>
    public async Task SaveAsync(Guid collectionId, NewGate wanted, CancellationToken cancel)
    {
        var collection = await ToAdministerAsync(collectionId, cancel);
        await editing.PrepareAsync(wanted, cancel);
        var mode = wanted.ReadMode().Mode;
        await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Collection>(collectionId, inner);
                var (behind, others) = await ReadAsync(collection, inner);
                if (mode is not null)
                {
                    await TakeInAsync(collection, behind, others, inner);
                    await db.SaveChangesAsync(inner); // what follows looks for who stands accepted
                }

                await PutAsync(behind, mode is null ? null : collectionId, wanted, inner);
                var gate = await db.CollectionGates.SingleOrDefaultAsync(g => g.CollectionId == collectionId, inner);
                if (gate is null)
                {
                    gate = new CollectionGate { CollectionId = collectionId };
                    db.CollectionGates.Add(gate);
                }

                (gate.Mode, gate.Content) = (mode, JsonSerializer.Serialize(wanted, HubJson.Default.NewGate));
                return await db.SaveChangesAsync(inner);
            },
            cancel);
        memory.Forget();
    }

    /// <param name="behind">Those that were behind it before first.</param>
    private async Task PutAsync(List<Repo> behind, Guid? collectionId, NewGate wanted, CancellationToken cancel)
    {
        var gates = new List<Gate>();
        foreach (var repo in behind)
        {
            repo.GateCollectionId = collectionId;
            var gate = await editing.PutAsync(repo, wanted, cancel);
            gates.Add(gate);
            gate.LicenceAt = gates[0].LicenceAt; // for who came in just now it is no other licence than for the rest
        }

        if (gates.Count > 0)
        {
            await editing.SuspendAsync(gates[0], [.. gates.Select(g => g.RepoId)], cancel);
        }
    }

    /// <returns>Those behind the gate, and those that would come.</returns>
    private async Task<(List<Repo> Behind, List<Repo> Others)> ReadAsync(Collection collection, CancellationToken cancel)
    {
        var own = await db.Repos.Where(r => r.GateCollectionId == collection.Id || (r.OwnerId == collection.OwnerId && db.CollectionItems.Any(i => i.CollectionId == collection.Id && i.RepoId == r.Id)))
            .OrderBy(r => r.Id).ToListAsync(cancel);
        return (own.FindAll(r => r.GateCollectionId == collection.Id), own.FindAll(r => r.GateCollectionId != collection.Id));
    }

    private async Task TakeInAsync(Collection collection, List<Repo> behind, List<Repo> others, CancellationToken cancel)
    {
        if (behind.Count + others.Count > MostRepos)
        {
            throw new Refusal(RefusalCode.Unprocessable, $"A collection gates at most {MostRepos} repositories. Make another one for some of them.");
        }

        foreach (var other in others)
        {
            members.RequireOwn(collection, other);
            await db.LockAsync<Repo>(other.Id, cancel);
        }

        if (behind.Count == 0)
        {
            await db.UniteAsync([.. others.Select(r => r.Id)], caller.Id, clock, cancel);
        }

        foreach (var other in others.Where(_ => behind.Count > 0))
        {
            await db.JoinAsync(other.Id, behind[0].Id, caller.Id, clock, cancel);
        }

        behind.AddRange(others);
    }
}
