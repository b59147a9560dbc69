using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>A gate as a reader's page shows it.</summary>
/// <param name="IsOpen">The reader may have the content.</param>
/// <param name="Own">The reader's own place; null: never asked.</param>
/// <param name="Organizations">Those that the reader may accept for.</param>
/// <param name="Group">Null: it is the repository's own gate.</param>
internal sealed record GatePlace(GateTerms Terms, bool IsOpen, AccessStanding Standing, AccessRequest? Own, IReadOnlyList<OrganizationPlace> Organizations, GatedGroup? Group)
{
    /// <summary>The reader may ask for themselves now.</summary>
    public bool MayAsk => Standing is { State: not "member", Place: null } && (Own is null || AccessStates.AfterAsking(Own.State, AccessState.Pending) is not null || MustRenew(Own)) && Standing.Through is null;

    /// <summary>Organizations that the reader may ask for now.</summary>
    public IEnumerable<OrganizationPlace> Askable => Organizations.Where(o => Standing.Place is null).Where(o => o.Request is null || AccessStates.AfterAsking(o.Request.State, AccessState.Pending) is not null || MustRenew(o.Request));

    /// <summary>They are in by a licence that counts only until <see cref="GateTerms.RenewBy"/>.</summary>
    public bool MustRenew(AccessRequest request) =>
        Terms is { RenewBy: not null, Licence: { } licence } && request is { State: AccessState.Accepted, LicenceSha256: { } accepted } && accepted != licence.Sha256;
}

/// <summary>A collection whose gate it is.</summary>
/// <param name="Count">Of the repositories behind it, as far as the reader may see them.</param>
/// <param name="Title">With <paramref name="Href"/>: null where the reader may not see the collection.</param>
internal sealed record GatedGroup(int Count, string? Title, string? Href)
{
    public string Words => Count == 1 ? "this repository, as the only one so far" : $"{Count} repositories at once";
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
            await gates.FindOwnAsync(repo.Id, reader, cancel), reader.Kind is CallerKind.User ? await asking.OrganizationsAsync(repo, cancel) : [],
            repo.GateCollectionId is { } collectionId ? await GroupAsync(collectionId, reader, cancel) : null);
    }

    private async Task<GatedGroup> GroupAsync(Guid collectionId, Caller reader, CancellationToken cancel)
    {
        var collection = await db.Collections.AsNoTracking().VisibleTo(reader).SingleOrDefaultAsync(c => c.Id == collectionId, cancel);
        return new GatedGroup(await db.Repos.VisibleTo(reader).CountAsync(r => r.GateCollectionId == collectionId, cancel), collection?.Title, collection?.Href);
    }
}
