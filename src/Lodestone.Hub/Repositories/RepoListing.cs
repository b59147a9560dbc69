using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Finds repositories that the caller may see; for the API's lists and for pages.</summary>
internal sealed class RepoListing(
    HubDb db, RepoCatalogue catalogue, FullText text, RepoStore store, RepoRelations relations, HubOptions options, Caller caller, TimeProvider clock)
{
    /// <param name="limit">How many at most, behind where the search goes on.</param>
    /// <returns>With how many fit on all pages.</returns>
    public async Task<(List<Repo> Page, int Total)> FindAsync(RepoSearch asked, int limit, CancellationToken cancel)
    {
        var entries = await catalogue.OpenAsync(cancel); // first: it numbers the tags that the filter looks for
        var filter = await FilterAsync(asked, cancel);
        var (order, start, total) = (new ListOrder(asked), asked.Start(), 0);
        var found = new List<Repo>();
        foreach (var entry in entries.Span)
        {
            if (entry is not null && filter.Fits(entry))
            {
                total++;
                if (start is not { } last || order.IsAfter(entry.Repo, last))
                {
                    found.Add(entry.Repo);
                }
            }
        }

        var page = found.Order(order).Take(limit).Select(r => r.Id).ToList();
        var rows = await db.Repos.AsNoTracking().VisibleTo(caller).Where(r => page.Contains(r.Id)).ToDictionaryAsync(r => r.Id, cancel);
        return ([.. page.Where(rows.ContainsKey).Select(id => rows[id])], total);
    }

    /// <summary>How often each value of each facet is among those that fit, when that facet itself does not narrow.</summary>
    /// <param name="rest">What is asked beside facets.</param>
    /// <param name="chosen">The tags that facets narrow by.</param>
    public async Task<FacetTally> TallyAsync(RepoSearch rest, IReadOnlyList<string> chosen, CancellationToken cancel)
    {
        var entries = await catalogue.OpenAsync(cancel); // likewise
        var filter = await FilterAsync(rest, cancel);
        return FacetTally.Of(entries.Span, filter, chosen, catalogue.Tags);
    }

    public async Task<IReadOnlyList<RepoSummary>> DescribeAsync(IReadOnlyList<Repo> repos, SummaryFields fields, CancellationToken cancel)
    {
        var ids = repos.Select(r => r.Id).ToList();
        var stored = await db.Facts.AsNoTracking().Where(f => ids.Contains(f.RepoId)).ToDictionaryAsync(f => f.RepoId, cancel);
        var used = fields.Has("usedStorage")
            ? await db.LfsObjects.Where(o => ids.Contains(o.RepoId)).GroupBy(o => o.RepoId).ToDictionaryAsync(g => g.Key, g => g.Sum(o => o.Size), cancel)
            : null;
        var described = repos.Where(r => stored.ContainsKey(r.Id)).Select(r => (Repo: r, Facts: RepoFacts.FromJson(stored[r.Id].Facts))).ToList();
        var related = await relations.OfAsync(described, fields, cancel);
        var now = clock.GetUtcNow();
        return [.. described.Select(d => Describe(d.Repo, d.Facts, stored[d.Repo.Id].CommitId))];

        RepoSummary Describe(Repo repo, RepoFacts facts, string commit)
        {
            var tree = fields.Has("siblings") || fields.Has("mainSize") ? new RepoTree(store.Open(repo.Id), ObjectId.Parse(commit)) : null;
            return related.Add(repo, RepoSummary.Of(repo, facts, commit, fields, now)) with
            {
                Siblings = fields.Has("siblings") && tree is not null ? RepoSummaries.Siblings(tree, withBlobs: false) : null,
                MainSize = fields.Has("mainSize") && tree is not null ? TreeSize.Of(store.Open(repo.Id), tree.Root) : null,
                UsedStorage = used is null ? null : used.GetValueOrDefault(repo.Id),
                XetEnabled = fields.Has("xetEnabled") ? options.Xet : null,
            };
        }
    }

    private async Task<CatalogueFilter> FilterAsync(RepoSearch asked, CancellationToken cancel)
    {
        var worded = asked.IsFullText ? await text.FindAsync(SearchWords.Asked(asked.Terms), cancel) : null;
        return new CatalogueFilter(asked, catalogue.Tags, worded, caller);
    }
}
