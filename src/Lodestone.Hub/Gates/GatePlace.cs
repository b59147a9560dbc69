using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>A gate as a reader's page shows it.</summary>
/// <param name="IsOpen">The reader may have the content.</param>
/// <param name="Own">The reader's own place; null: never asked.</param>
/// <param name="Organizations">Those that the reader may accept for.</param>
internal sealed record GatePlace(GateTerms Terms, bool IsOpen, AccessStanding Standing, AccessRequest? Own, IReadOnlyList<OrganizationPlace> Organizations)
{
    /// <summary>The reader may ask for themselves now.</summary>
    public bool MayAsk => Standing.State is not "member" && (Own is null || AccessStates.AfterAsking(Own.State, AccessState.Pending) is not null) && Standing.Through is null;

    /// <summary>Organizations that the reader may ask for now.</summary>
    public IEnumerable<OrganizationPlace> Askable => Organizations.Where(o => o.Request is null || AccessStates.AfterAsking(o.Request.State, AccessState.Pending) is not null);
}

/// <summary>Reads what a page needs of a gate, before any component begins.</summary>
internal sealed class GatePlaces(HubDb db, Gates gates, GateViews views, AccessAsking asking)
{
    /// <returns>Null: the repository has no gate.</returns>
    public async Task<GatePlace?> FindAsync(Repo repo, RepoFacts facts, Caller reader, CancellationToken cancel)
    {
        if (repo.Gate is null)
        {
            return null;
        }

        var admission = await gates.OfAsync(repo, reader, cancel);
        return new GatePlace(
            await db.TermsAsync(repo, facts, cancel), admission.IsAdmitted, await views.StandingAsync(repo, reader, cancel),
            await gates.FindOwnAsync(repo.Id, reader, cancel), reader.Kind is CallerKind.User ? await asking.OrganizationsAsync(repo, cancel) : []);
    }
}
