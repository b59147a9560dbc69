using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What somebody does at a gate for themselves, or for an organization that they administer: ask, accept, take it back.</summary>
internal sealed class AccessAsking(HubDb db, RepoAccess access, GrantsLately grants, Origins origins, Namespaces namespaces, TimeProvider clock)
{
    private static readonly RefusalCode Closed = new("access_refused", 403, "GatedRepo");
    private static readonly RefusalCode WrongDomain = new("email_domain", 403);
    private static readonly RefusalCode OtherLicence = new("licence_changed", 409);

    private Caller Caller => access.Caller;

    /// <returns>Where the subject stands now; null: the caller needs no acceptance.</returns>
    /// <exception cref="Refusal"><c>not_gated</c>, <c>forbidden</c>, <c>invalid_request</c>, <c>gated_repo</c>: by their place; <c>email_domain</c>, <c>licence_changed</c> or <c>access_refused</c>.</exception>
    public async Task<AccessState?> AskAsync(Repo repo, GateTerms terms, NewAsking asking, CancellationToken cancel)
    {
        repo.RequireGate();
        RequirePerson(repo);
        var organization = await OrganizationAsync(asking.Organization, cancel);
        if (organization is null && GateRule.LetsPass(repo, Caller))
        {
            return null;
        }

        var origin = GateRule.LetsPass(repo, Caller) ? null : origins.Require(repo, Caller);
        var asked = new Asked(GateAnswers.Check(terms.Fields, asking.Answers), RequireLicence(terms, asking.Licence), terms.PromptSha256, asking.Address, origin);
        var answer = await AnswerAsync(repo, cancel);
        await db.KeepTextAsync(terms.Prompt, clock.GetUtcNow(), cancel);
        var state = await db.WriteAsync(inner => PlaceAsync(repo, organization, asked, answer, inner), cancel);
        grants.Forget();
        return state;
    }

    /// <summary>The caller's own request or access, or an organization's.</summary>
    /// <exception cref="Refusal"><c>not_found</c>: there is none.</exception>
    public async Task CancelAsync(Repo repo, string? organizationName, CancellationToken cancel)
    {
        RequirePerson(repo);
        var subjectId = (await OrganizationAsync(organizationName, cancel))?.Id ?? Caller.Id;
        await db.WriteAsync(
            async inner =>
            {
                var group = await db.LockGateAsync(repo.Id, inner);
                var request = await db.AccessRequests.SingleOrDefaultAsync(a => a.RepoId == repo.Id && a.SubjectId == subjectId, inner);
                if (request is null || !AccessStates.MayCancel(request.State))
                {
                    throw new Refusal(RefusalCode.NotFound, $"There is no request for access to {repo.FullName} that could be taken back.");
                }

                request.Decide(AccessState.Cancelled, Caller.Id, null, clock.GetUtcNow());
                await db.SpreadAsync(request, group, clock, inner);
                db.Publish(new AccessChanged(repo.Id, subjectId, request.State.ToWire(), Caller.Id));
                return await db.SaveChangesAsync(inner);
            },
            cancel);
        grants.Forget();
    }

    /// <summary>The organizations that the caller may accept for, with where each stands.</summary>
    public async Task<IReadOnlyList<OrganizationPlace>> OrganizationsAsync(Repo repo, CancellationToken cancel)
    {
        var ids = Caller.Roles.Keys.Where(id => id != Caller.Id && id != repo.OwnerId && Caller.CanAdminister(id)).ToList();
        var names = await namespaces.ByIdAsync(ids, cancel);
        var states = await db.AccessRequests.AsNoTracking().Where(a => a.RepoId == repo.Id && ids.Contains(a.SubjectId)).ToDictionaryAsync(a => a.SubjectId, cancel);
        return [.. names.Values.OrderBy(n => n.LoweredName, StringComparer.Ordinal).Select(n => new OrganizationPlace(n.Name, n.FullName, states.GetValueOrDefault(n.Id)))];
    }

    private async Task<AccessState> PlaceAsync(Repo repo, Namespace? organization, Asked asked, AccessState answer, CancellationToken cancel)
    {
        var group = await db.LockGateAsync(repo.Id, cancel);
        var subjectId = organization?.Id ?? Caller.Id;
        var request = await db.AccessRequests.SingleOrDefaultAsync(a => a.RepoId == repo.Id && a.SubjectId == subjectId, cancel);
        if (AccessStates.IsClosed(request?.State))
        {
            throw new Refusal(Closed, $"The owner of {repo.FullName} has {(request!.State is AccessState.Revoked ? "revoked this access" : "rejected this request")}{(request.Reason is { } reason ? $": {reason}" : ".")}"); // closed: there is one
        }

        if ((AccessStates.AfterAsking(request?.State, answer) ?? AfterRenewing(request, asked)) is not { } next)
        {
            return request!.State; // who never asked comes to some state
        }

        if (request is null)
        {
            request = new AccessRequest { Id = PublicId.New(clock), RepoId = repo.Id, SubjectId = subjectId, IsOrganization = organization is not null };
            db.AccessRequests.Add(request);
        }

        request.Ask(asked, Caller.Id, next, clock.GetUtcNow());
        await db.SpreadAsync(request, group, clock, cancel);
        db.Publish(new AccessChanged(repo.Id, subjectId, next.ToWire(), Caller.Id));
        await db.SaveChangesAsync(cancel);
        return next;
    }

    /// <summary>Who is in accepts another licence than before, and stays in.</summary>
    private static AccessState? AfterRenewing(AccessRequest? request, Asked asked) =>
        request is { State: AccessState.Accepted } && asked.LicenceSha256 is { } licence && licence != request.LicenceSha256 ? AccessState.Accepted : null;

    /// <summary>What the gate's own rules answer.</summary>
    private async Task<AccessState> AnswerAsync(Repo repo, CancellationToken cancel)
    {
        var gate = await db.Gates.AsNoTracking().SingleOrDefaultAsync(g => g.RepoId == repo.Id, cancel);
        var domains = gate?.ReadDomains() ?? [];
        var address = domains.Count == 0 ? null : (await namespaces.VerifiedEmailsAsync([Caller.Id], cancel)).GetValueOrDefault(Caller.Id);
        var isFromThere = address is not null && domains.Contains(address[(address.LastIndexOf('@') + 1)..], StringComparer.OrdinalIgnoreCase);
        if (gate is { DomainRule: DomainRule.Require } && domains.Count > 0 && !isFromThere)
        {
            throw new Refusal(WrongDomain, $"Only people with a verified e-mail address at {string.Join(", ", domains)} may ask for access to {repo.FullName}.");
        }

        return repo.Gate is GateMode.Auto || (isFromThere && gate!.DomainRule is DomainRule.Accept) ? AccessState.Accepted : AccessState.Pending; // has domains: is there
    }

    private static string? RequireLicence(GateTerms terms, string? accepted)
    {
        if (terms.Licence is not { } licence)
        {
            return null;
        }

        if (string.IsNullOrEmpty(accepted))
        {
            throw new Refusal(RefusalCode.Invalid, $"{licence.Name} must be accepted: \"_licence\" is the SHA-256 of its text, {licence.Sha256}.") { Param = "_licence" };
        }

        return accepted == licence.Sha256 ? accepted : throw new Refusal(OtherLicence, $"{licence.Name} has changed since you read it. Read it again and accept it.") { Param = "_licence" };
    }

    private async Task<Namespace?> OrganizationAsync(string? name, CancellationToken cancel)
    {
        if (string.IsNullOrEmpty(name))
        {
            return null;
        }

        return await namespaces.FindAsync(name, cancel) is { IsOrganization: true } found && Caller.CanAdminister(found.Id)
            ? found
            : throw new Refusal(RefusalCode.Forbidden, $"Only administrators of the organization {name} may accept for it.") { Param = "_organization" };
    }

    private void RequirePerson(Repo repo)
    {
        if (Caller.Authenticated().Kind is not CallerKind.User)
        {
            throw new Refusal(RefusalCode.Forbidden, $"A service account cannot ask. An administrator of its organization accepts the terms of {repo.FullName} for the whole organization.");
        }

        if (!Caller.Scope.HasFlag(TokenScope.Write))
        {
            throw HubRefusals.ReadOnly(Caller);
        }
    }
}

/// <summary>What comes with a request for access.</summary>
/// <param name="Answers">By field.</param>
/// <param name="Licence">SHA-256 of the licence that was read and accepted.</param>
/// <param name="Organization">Name of the organization that it is for; null: the caller.</param>
/// <param name="Address">Network address.</param>
internal sealed record NewAsking(IReadOnlyDictionary<string, string?> Answers, string? Licence, string? Organization, string? Address);

/// <summary>Where an organization stands with a gate.</summary>
/// <param name="Request">Null: nobody has asked for it.</param>
internal sealed record OrganizationPlace(string Name, string FullName, AccessRequest? Request);

internal static class GatedRepos
{
    private static readonly RefusalCode NotGated = new("not_gated", 400);

    /// <exception cref="Refusal"><c>not_gated</c>.</exception>
    public static void RequireGate(this Repo repo)
    {
        if (repo.Gate is null)
        {
            throw new Refusal(NotGated, $"{repo.FullName} is not gated: whoever sees it may read it.");
        }
    }
}
