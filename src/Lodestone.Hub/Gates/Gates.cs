using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Asks <see cref="GateRule"/> with what the rows say.</summary>
internal sealed class Gates(HubDb db, GrantsLately lately, Origins origins)
{
    public async ValueTask<Admission> OfAsync(Repo repo, Caller caller, CancellationToken cancel)
    {
        if (GateRule.LetsPass(repo, caller))
        {
            return Admission.Free; // without a look at the rows, which is what nearly all requests need
        }

        return GateRule.Of(repo, caller, await AcceptedAsync(repo.Id, caller.Id, GateRule.SubjectsOf(caller), cancel), origins.Judge(repo));
    }

    /// <summary>Acceptances that stand, of the given users and organizations.</summary>
    /// <param name="callerId">For whom they are looked up.</param>
    public async ValueTask<IReadOnlyList<Acceptance>> AcceptedAsync(Guid repoId, Guid callerId, IReadOnlyList<Guid> subjectIds, CancellationToken cancel) =>
        subjectIds.Count == 0 ? [] : await lately.FindAsync(repoId, callerId, async () => await db.AccessRequests
            .Where(a => a.RepoId == repoId && a.State == AccessState.Accepted && subjectIds.Contains(a.SubjectId))
            .Select(a => new Acceptance(a.Id, a.SubjectId))
            .ToListAsync(cancel));

    /// <exception cref="Refusal"><c>gated_repo</c>.</exception>
    public async Task<Admission> RequireAsync(Repo repo, Caller caller, string baseAddress, CancellationToken cancel)
    {
        var admission = await OfAsync(repo, caller, cancel);
        if (admission.IsAdmitted)
        {
            return admission;
        }

        throw admission.Origin is OriginVerdict.Allowed || !caller.IsAuthenticated // who signs in may turn out to be a member
            ? HubRefusals.Gated(repo, caller, await FindOwnAsync(repo.Id, caller, cancel), baseAddress)
            : origins.Refuse(repo, caller, admission.Origin);
    }

    /// <summary>The caller's own place at the gate; null: they never asked.</summary>
    public async Task<AccessRequest?> FindOwnAsync(Guid repoId, Caller caller, CancellationToken cancel) => caller.IsAuthenticated
        ? await db.AccessRequests.AsNoTracking().SingleOrDefaultAsync(a => a.RepoId == repoId && a.SubjectId == caller.Id, cancel)
        : null;
}
