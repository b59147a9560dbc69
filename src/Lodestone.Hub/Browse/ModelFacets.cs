using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <param name="Text">As people read it.</param>
/// <param name="Count">How many models there would be.</param>
/// <param name="Href">The list with this chosen; without it when it is chosen already.</param>
internal sealed record FacetValue(string Text, int Count, string Href, bool IsChosen);

/// <summary>One way to narrow the list.</summary>
internal sealed record Facet(string Title, IReadOnlyList<FacetValue> Values);

/// <summary>Counts the ways to narrow a list of models. Each facet counts what the other choices leave.</summary>
internal sealed class ModelFacets(HubDb db, RepoListing listing)
{
    private const int MostValues = 12;
    private const string LicensePrefix = "license:";

    public async Task<IReadOnlyList<Facet>> OfAsync(ModelSearch search, CancellationToken cancel)
    {
        var now = search with { Cursor = null };
        var tasks = Left(now with { Task = null }).Where(r => r.PipelineTag != null).GroupBy(r => r.PipelineTag!); // not null by the line's filter
        var libraries = Left(now with { Library = null }).Where(r => r.LibraryName != null).GroupBy(r => r.LibraryName!); // likewise
        var served = await Left(now with { IsServed = false }).CountAsync(r => r.IsServable, cancel);
        var formats = ModelSearch.Formats.ToList();
        Facet[] facets =
        [
            new("Use", served > 0 ? [new FacetValue("Served here", served, (now with { IsServed = !now.IsServed }).Href, now.IsServed)] : []),
            new("Task", [.. (await CountAsync(tasks, cancel)).Select(t => Value(TaskName.Of(t.Value), t, now.Task, v => now with { Task = v }))]),
            new("Library", [.. (await CountAsync(libraries, cancel)).Select(l => Value(l.Value, l, now.Library, v => now with { Library = v }))]),
            new("Format", [.. (await CountAsync(Tags(now with { Format = null }, t => formats.Contains(t.Tag)), cancel)).Select(f => Value(f.Value, f, now.Format, v => now with { Format = v }))]),
            new("Licence", [.. (await CountAsync(Tags(now with { License = null }, t => EF.Functions.Like(t.Tag, LicensePrefix + "%")), cancel))
                .Select(l => l with { Value = l.Value[LicensePrefix.Length..] })
                .Select(l => Value(l.Value, l, now.License, v => now with { License = v }))]),
        ];
        return [.. facets.Where(f => f.Values.Count > 0)];
    }

    private IQueryable<Repo> Left(ModelSearch search) => listing.Matching(search.ToRepoSearch());

    private IQueryable<IGrouping<string, RepoTag>> Tags(ModelSearch search, System.Linq.Expressions.Expression<Func<RepoTag, bool>> which)
    {
        var ids = Left(search).Select(r => r.Id);
        return db.Tags.AsNoTracking().Where(which).Where(t => ids.Contains(t.RepoId)).GroupBy(t => t.Tag);
    }

    private static async Task<List<Counted>> CountAsync<T>(IQueryable<IGrouping<string, T>> groups, CancellationToken cancel) => await groups
        .Select(g => new { g.Key, Count = g.Count() })
        .OrderByDescending(g => g.Count).ThenBy(g => g.Key)
        .Take(MostValues)
        .Select(g => new Counted(g.Key, g.Count))
        .ToListAsync(cancel);

    private static FacetValue Value(string text, Counted counted, string? chosen, Func<string?, ModelSearch> choose)
    {
        var isChosen = chosen == counted.Value;
        return new FacetValue(text, counted.Count, choose(isChosen ? null : counted.Value).Href, isChosen);
    }

    private sealed record Counted(string Value, int Count);
}
