using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>
/// Who may have what a gated repository holds: whoever may write there, its other members unless the gate is for them too, and
/// those for whom an acceptance stands, their own or an organization's that they belong to, as long as they are where the gate lets
/// people in from. Every door asks this and nothing else.
/// </summary>
internal static class GateRule
{
    /// <param name="origin">Of <see cref="Origins"/>: what the gate says to where the request comes from.</param>
    public static Admission Of(Repo repo, Caller caller, IReadOnlyList<Acceptance> accepted, OriginVerdict origin)
    {
        if (LetsPass(repo, caller))
        {
            return Admission.Free;
        }

        if (origin is not OriginVerdict.Allowed)
        {
            return new Admission(IsAdmitted: false, Through: null, origin);
        }

        var through = SubjectsOf(caller).Select(subject => accepted.FirstOrDefault(a => a.SubjectId == subject)).FirstOrDefault(a => a is not null);
        return through is null ? Admission.Refused : new Admission(IsAdmitted: true, through);
    }

    /// <summary>The caller needs no acceptance.</summary>
    public static bool LetsPass(Repo repo, Caller caller)
    {
        var role = caller.May(TokenScope.ReadRepos) ? caller.Roles.GetValueOrDefault(repo.OwnerId) : NamespaceRole.NoAccess;
        return repo.Gate is null
            || role >= NamespaceRole.Write
            || (role >= NamespaceRole.Contributor && repo.CreatedBy == caller.Id)
            || (role >= NamespaceRole.Read && !repo.GatesMembers);
    }

    /// <summary>Whose acceptance lets the caller in: the caller's own first, then those of organizations.</summary>
    public static IReadOnlyList<Guid> SubjectsOf(Caller caller) =>
        caller.IsAuthenticated && caller.May(TokenScope.GatedRepos) ? [caller.Id, .. caller.ReadableFor(TokenScope.GatedRepos).Where(id => id != caller.Id)] : [];
}

/// <param name="Through">The acceptance that lets the caller in; null where none is needed, or none was found.</param>
/// <param name="Origin">Other than allowed: nobody is let in from where the caller is, whoever accepted them.</param>
internal readonly record struct Admission(bool IsAdmitted, Acceptance? Through, OriginVerdict Origin = OriginVerdict.Allowed)
{
    public static Admission Refused { get; }

    public static Admission Free { get; } = new(IsAdmitted: true, Through: null);
}

/// <summary>An access request that stands as accepted.</summary>
/// <param name="SubjectId">The user or organization that it is of.</param>
internal sealed record Acceptance(Guid RequestId, Guid SubjectId);
