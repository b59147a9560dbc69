using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <param name="Text">As people read it.</param>
/// <param name="Count">How many repositories there would be.</param>
/// <param name="Href">The list with this chosen; without it when it is chosen already.</param>
internal sealed record FacetValue(string Text, int Count, string Href, bool IsChosen);

/// <summary>One way to narrow the list, with its commonest values.</summary>
internal sealed record Facet(string Title, IReadOnlyList<FacetValue> Values);

/// <summary>Counts the ways to narrow a list. Each facet counts what the other choices leave.</summary>
internal sealed class ListFacets(HubDb db, RepoListing listing)
{
    private const int MostValues = 12;

    public async Task<IReadOnlyList<Facet>> OfAsync(ListSearch search, CancellationToken cancel)
    {
        var now = search with { Cursor = null };
        var facets = new List<Facet>();
        var served = search.Type is RepoType.Model ? await listing.Matching((now with { IsServed = false }).ToRepoSearch()).CountAsync(r => r.IsServable, cancel) : 0;
        if (served > 0)
        {
            facets.Add(new Facet("Use", [new FacetValue("Served here", served, (now with { IsServed = !now.IsServed }).Href, now.IsServed)]));
        }

        foreach (var kind in FacetKind.Of(search.Type))
        {
            var values = await ValuesAsync(kind, now, cancel);
            if (values.Count > 0)
            {
                facets.Add(new Facet(kind.Title, values));
            }
        }

        if (search.Type is RepoType.Model && await BandsAsync(now, cancel) is { Count: > 0 } bands)
        {
            facets.Add(new Facet("Parameters", bands));
        }

        return facets;
    }

    private async Task<IReadOnlyList<FacetValue>> BandsAsync(ListSearch now, CancellationToken cancel)
    {
        var values = new List<FacetValue>();
        foreach (var band in ParameterBand.All)
        {
            var count = await listing.CountAsync((now with { Parameters = band }).ToRepoSearch(), cancel);
            if (count > 0)
            {
                values.Add(new FacetValue(band.Text, count, (now with { Parameters = now.Parameters == band ? null : band }).Href, now.Parameters == band));
            }
        }

        return values;
    }

    private async Task<IReadOnlyList<FacetValue>> ValuesAsync(FacetKind kind, ListSearch now, CancellationToken cancel)
    {
        var counted = await kind.Tags(db, listing.Matching(kind.Choose(now, null).ToRepoSearch()))
            .GroupBy(tag => tag)
            .Select(g => new { Tag = g.Key, Count = g.Count() })
            .OrderByDescending(g => g.Count).ThenBy(g => g.Tag)
            .Take(MostValues)
            .ToListAsync(cancel);
        return [.. counted.Select(c => Value(c.Tag[kind.Prefix.Length..], c.Count))];

        FacetValue Value(string value, int count)
        {
            var isChosen = kind.Chosen(now) == value;
            return new FacetValue(kind.TextOf(value), count, kind.Choose(now, isChosen ? null : value).Href, isChosen);
        }
    }
}
