using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What the owner of a gated repository decides about those who ask.</summary>
internal sealed class AccessDeciding(HubDb db, RepoAccess access, GrantsLately grants, TimeProvider clock)
{
    private const int LongestReason = 200;

    private static readonly RefusalCode AlreadyGranted = new("already_granted", 400);

    /// <param name="repo">Found for administering.</param>
    /// <param name="to">Accepted, rejected, revoked, or pending: not decided after all.</param>
    /// <exception cref="Refusal"><c>not_gated</c>; <c>not_found</c>: nobody asked, or it is so already.</exception>
    public Task<AccessState> DecideAsync(Repo repo, Subject subject, AccessState to, string? reason, CancellationToken cancel)
    {
        if (reason?.Length > LongestReason)
        {
            throw new Refusal(RefusalCode.Invalid, $"\"rejectionReason\" must be at most {LongestReason} characters.") { Param = "rejectionReason" };
        }

        return MoveAsync(repo, subject, Decide, cancel);

        AccessRequest Decide(AccessRequest? request, DateTimeOffset now)
        {
            if (request is null || !AccessStates.MayDecide(request.State, to))
            {
                throw new Refusal(RefusalCode.NotFound, $"{subject.Name} has no request for access to {repo.FullName} that could become {to.ToWire()}.");
            }

            request.Decide(to, access.Caller.Id, to is AccessState.Rejected or AccessState.Revoked && reason?.Trim() is { Length: > 0 } given ? given : null, now);
            return request;
        }
    }

    /// <summary>Lets somebody in, whether they asked or not.</summary>
    /// <exception cref="Refusal"><c>not_gated</c> or <c>already_granted</c>.</exception>
    public Task<AccessState> GrantAsync(Repo repo, Subject subject, CancellationToken cancel)
    {
        return MoveAsync(repo, subject, Grant, cancel);

        AccessRequest Grant(AccessRequest? request, DateTimeOffset now)
        {
            if (request is { State: AccessState.Accepted })
            {
                throw new Refusal(AlreadyGranted, $"{subject.Name} has access to {repo.FullName} already.");
            }

            if (request is null)
            {
                request = new AccessRequest { Id = PublicId.New(clock), RepoId = repo.Id, SubjectId = subject.Id, IsOrganization = subject.IsOrganization };
                db.AccessRequests.Add(request);
            }

            request.Grant(access.Caller.Id, now);
            return request;
        }
    }

    private async Task<AccessState> MoveAsync(Repo repo, Subject subject, Func<AccessRequest?, DateTimeOffset, AccessRequest> move, CancellationToken cancel)
    {
        repo.RequireGate();
        var state = await db.WriteAsync(
            async inner =>
            {
                var group = await db.LockGateAsync(repo.Id, inner);
                var request = move(await db.AccessRequests.SingleOrDefaultAsync(a => a.RepoId == repo.Id && a.SubjectId == subject.Id, inner), clock.GetUtcNow());
                await db.SpreadAsync(request, group, clock, inner);
                db.Publish(new AccessChanged(repo.Id, subject.Id, request.State.ToWire(), access.Caller.Id));
                await db.SaveChangesAsync(inner);
                return request.State;
            },
            cancel);
        grants.Forget();
        return state;
    }
}

/// <summary>A user or an organization at a gate.</summary>
internal sealed record Subject(Guid Id, string Name, bool IsOrganization);
