using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>A gate as whoever sees the repository may know it; what its owner alone sets by is for those who administer.</summary>
/// <param name="Mode"><c>auto</c>, <c>manual</c> or <c>false</c>.</param>
/// <param name="Access">Where the caller stands.</param>
internal sealed record GateView(JsonNode Mode, string Heading, string? Description, string? Prompt, string Button, IReadOnlyList<GateField> Fields, LicenceView? Licence, AccessStanding Access)
{
    /// <summary>Until when an acceptance of a licence before this one counts.</summary>
    public string? ReacceptBy { get; init; }

    /// <summary>For who administers; absent for others.</summary>
    public GateRules? Rules { get; init; }
}

/// <param name="Sha256">To accept it by.</param>
internal sealed record LicenceView(string Name, string Sha256, string Text);

/// <param name="Reaccept"><c>no</c>, <c>at_next_download</c> or <c>by_date</c>.</param>
/// <param name="DomainRule"><c>accept</c> or <c>require</c>.</param>
internal sealed record GateRules(
    string Reaccept, IReadOnlyList<string> Domains, string DomainRule, bool GateMembers, bool ApiUseGated, IReadOnlyList<string> BlockedCountries, IReadOnlyList<string> BlockedRegions, bool EuDisallowed);

/// <param name="State">A state of access, <c>none</c> for who never asked, <c>member</c> for who needs no acceptance.</param>
/// <param name="Reason">What the owner told with a refusal.</param>
/// <param name="Through">The organization whose acceptance lets the caller in; absent where it is the caller's own.</param>
/// <param name="Place"><c>blocked</c> or <c>unknown</c>: nobody is let in from where the caller is, whatever the state; absent where that does not matter.</param>
internal sealed record AccessStanding(string State, string? Reason, string? Through = null, string? Place = null);

internal sealed class GateViews(HubDb db, Gates gates, Namespaces namespaces, RepoStore store, RepoRefresh refresh)
{
    public async Task<GateView> OfAsync(Repo repo, Caller caller, CancellationToken cancel)
    {
        var facts = await refresh.FactsAsync(repo, store.Open(repo.Id), cancel);
        var gate = await db.Gates.AsNoTracking().SingleOrDefaultAsync(g => g.RepoId == repo.Id, cancel);
        var origins = OriginRule.Of(repo);
        var terms = GateTerms.Of(repo, facts, gate, await db.LicenceAsync(gate, cancel));
        return new GateView(
            RepoSummary.GateOnWire(repo.Gate), terms.Heading, terms.Description, terms.Prompt, terms.Button, terms.Fields,
            terms.Licence is { } licence ? new LicenceView(licence.Name, licence.Sha256, licence.Text) : null, await StandingAsync(repo, caller, cancel))
        {
            ReacceptBy = terms.RenewBy is { } by ? Instants.ToWire(by) : null,
            Rules = repo.CanBeAdministeredBy(caller)
                ? new GateRules(gate?.ReacceptOnWire ?? "no", gate?.ReadDomains() ?? [], (gate?.DomainRule ?? DomainRule.Accept).ToWire(), repo.GatesMembers, repo.GatesCalls, origins?.Countries ?? [], origins?.Regions ?? [], origins?.Eu ?? false)
                : null,
        };
    }

    public async Task<AccessStanding> StandingAsync(Repo repo, Caller caller, CancellationToken cancel)
    {
        var admission = await gates.OfAsync(repo, caller, cancel);
        if (admission is { IsAdmitted: true, Through: null })
        {
            return new AccessStanding(repo.Gate is null ? "none" : "member", null);
        }

        if (admission.Through is { } through && through.SubjectId != caller.Id)
        {
            var names = await namespaces.ByIdAsync([through.SubjectId], cancel);
            return new AccessStanding(AccessState.Accepted.ToWire(), null, names.GetValueOrDefault(through.SubjectId)?.Name);
        }

        var own = await gates.FindOwnAsync(repo.Id, caller, cancel);
        return new AccessStanding(own?.State.ToWire() ?? "none", own?.Reason, Place: admission.Origin is OriginVerdict.Allowed ? null : admission.Origin.ToWire());
    }
}
