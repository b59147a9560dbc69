namespace Lodestone.Hub;

/// <param name="Text">As people read it.</param>
/// <param name="Count">How many repositories there would be.</param>
/// <param name="Href">The list with this chosen; without it when it is chosen already.</param>
internal sealed record FacetValue(string Text, int Count, string Href, bool IsChosen);

/// <summary>One way to narrow the list, with its commonest values.</summary>
internal sealed record Facet(string Title, IReadOnlyList<FacetValue> Values);

/// <summary>Counts the ways to narrow a list. Each facet counts what the other choices leave.</summary>
internal sealed class ListFacets(RepoListing listing)
{
    private const int MostValues = 12;

    public async Task<IReadOnlyList<Facet>> OfAsync(ListSearch search, CancellationToken cancel)
    {
        var now = search with { Cursor = null };
        var tally = await listing.TallyAsync(now.WithoutFacets(), now.ChosenTags, cancel);
        return [.. FacetKind.Of(search.Type).Select(kind => new Facet(kind.Title, Values(kind, now, tally))).Where(f => f.Values.Count > 0)];
    }

    private static IReadOnlyList<FacetValue> Values(FacetKind kind, ListSearch now, FacetTally tally)
    {
        return [.. tally.Of(kind, MostValues).Select(v => Value(v.Value, v.Count))];

        FacetValue Value(string value, int count)
        {
            var isChosen = kind.Chosen(now) == value;
            return new FacetValue(kind.TextOf(value), count, kind.Choose(now, isChosen ? null : value).Href, isChosen);
        }
    }
}
