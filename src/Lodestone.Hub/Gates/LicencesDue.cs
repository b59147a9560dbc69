using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Suspends, when a gate's day has come, those who accepted a licence before its present one and not this one.</summary>
internal sealed class LicencesDue(HubDb db, GrantsLately grants, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.licences_due";

    /// <summary>One task looks at all gates.</summary>
    public const string Key = "all";

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        foreach (var repoId in await db.Gates.Where(g => g.ReacceptBy <= now && g.LicenceSha256 != null).OrderBy(g => g.RepoId).Select(g => g.RepoId).ToListAsync(cancel))
        {
            await db.WriteAsync(inner => SuspendAsync(repoId, now, inner), cancel);
            db.ChangeTracker.Clear();
        }

        grants.Forget();
        return await db.Gates.Where(g => g.ReacceptBy > now).MinAsync(g => g.ReacceptBy, cancel);
    }

    private async Task<int> SuspendAsync(Guid repoId, DateTimeOffset now, CancellationToken cancel)
    {
        var group = await db.LockGateAsync(repoId, cancel);
        if (await db.Gates.SingleOrDefaultAsync(g => g.RepoId == repoId && g.ReacceptBy <= now, cancel) is not { } gate)
        {
            return 0; // it was changed just now
        }

        // Whom the owner let in after the day stays in.
        foreach (var request in await db.AccessRequests.Outdated(gate).Where(a => a.ChangedAt < gate.ReacceptBy).ToListAsync(cancel))
        {
            request.Suspend(actorId: null, now);
            await db.SpreadAsync(request, group, clock, cancel); // so that nobody is found again at another repository of the group
            db.Publish(new AccessChanged(repoId, request.SubjectId, request.State.ToWire(), Guid.Empty));
        }

        return await db.SaveChangesAsync(cancel);
    }
}

internal static class OutdatedAcceptances
{
    /// <summary>Those who are in and have not accepted the gate's licence. Who was let in without any is asked only by one that came later.</summary>
    public static IQueryable<AccessRequest> Outdated(this IQueryable<AccessRequest> requests, Gate gate)
    {
        var (repoId, licence, since) = (gate.RepoId, gate.LicenceSha256, gate.LicenceAt);
        return requests.Where(a => a.RepoId == repoId && a.State == AccessState.Accepted && a.LicenceSha256 != licence && (a.LicenceSha256 != null || a.ChangedAt < since));
    }
}
