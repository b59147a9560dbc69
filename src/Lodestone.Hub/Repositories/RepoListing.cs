using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Finds repositories that the caller may see; for the API's lists and for pages.</summary>
internal sealed class RepoListing(HubDb db, RepoStore store, RepoRelations relations, HubOptions options, Caller caller, TimeProvider clock)
{
    public Task<List<Repo>> FindAsync(RepoSearch asked, int limit, CancellationToken cancel)
    {
        var found = Matching(asked);
        found = asked.Start() is { } start ? After(found, asked.Order, start) : found;
        return Sorted(found, asked.Order).Take(limit).ToListAsync(cancel);
    }

    public Task<int> CountAsync(RepoSearch asked, CancellationToken cancel) => Matching(asked).CountAsync(cancel);

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

    /// <summary>Those that the caller may see, in no order.</summary>
    public IQueryable<Repo> Matching(RepoSearch asked)
    {
        var found = db.Repos.AsNoTracking().VisibleTo(caller).Where(r => r.Type == asked.Type && !asked.IsElsewhere);
        found = asked.IsGated is { } isGated ? found.Where(r => r.Gate != null == isGated) : found;
        found = asked.IsServable ? found.Where(r => r.IsServable) : found;
        found = asked.IsLinked ? found.Where(r => db.Tags.Any(t => t.RepoId == r.Id && (t.Tag.StartsWith(CardNames.Models) || t.Tag.StartsWith(CardNames.Datasets)))) : found;
        found = asked.LeastParameters is { } least ? found.Where(r => r.Parameters >= least) : found;
        found = asked.MostParameters is { } most ? found.Where(r => r.Parameters <= most) : found;
        foreach (var term in asked.Terms.Select(t => t.ToLowerInvariant()))
        {
            found = asked.Type is RepoType.Space
                ? found.Where(r => r.PathLower.Contains(term) || db.Tags.Any(t => t.RepoId == r.Id && t.Tag.StartsWith(CardNames.Title) && t.Tag.Substring(CardNames.Title.Length).Contains(term)))
                : found.Where(r => r.PathLower.Contains(term));
        }

        if (asked.Author?.ToLowerInvariant() is { } author)
        {
            found = found.Where(r => r.PathLower.StartsWith(author + "/"));
        }

        foreach (var tag in asked.Tags)
        {
            found = found.Where(r => db.Tags.Any(t => t.Tag == tag && t.RepoId == r.Id));
        }

        return found;
    }

    private static IQueryable<Repo> Sorted(IQueryable<Repo> repos, RepoOrder order) => order switch
    {
        RepoOrder.Downloads => repos.OrderByDescending(r => r.Downloads).ThenBy(r => r.PathLower),
        RepoOrder.Likes => repos.OrderByDescending(r => r.Likes).ThenBy(r => r.PathLower),
        RepoOrder.Created => repos.OrderByDescending(r => r.CreatedAt).ThenBy(r => r.PathLower),
        RepoOrder.Updated => repos.OrderByDescending(r => r.UpdatedAt).ThenBy(r => r.PathLower),
        RepoOrder.Trending => repos.OrderByDescending(r => r.Trend).ThenByDescending(r => r.Downloads).ThenBy(r => r.PathLower),
        RepoOrder.Parameters => repos.OrderByDescending(r => r.Parameters ?? 0).ThenBy(r => r.PathLower),
        _ => repos.OrderBy(r => r.PathLower),
    };

    private static IQueryable<Repo> After(IQueryable<Repo> repos, RepoOrder order, (long Key, long Second, string Path) last)
    {
        var (key, second, path) = last;
        var at = order is RepoOrder.Created or RepoOrder.Updated ? Instants.FromMicroseconds(key) : default;
        return order switch
        {
            RepoOrder.Downloads => repos.Where(r => r.Downloads < key || (r.Downloads == key && string.Compare(r.PathLower, path) > 0)),
            RepoOrder.Likes => repos.Where(r => r.Likes < key || (r.Likes == key && string.Compare(r.PathLower, path) > 0)),
            RepoOrder.Created => repos.Where(r => r.CreatedAt < at || (r.CreatedAt == at && string.Compare(r.PathLower, path) > 0)),
            RepoOrder.Updated => repos.Where(r => r.UpdatedAt < at || (r.UpdatedAt == at && string.Compare(r.PathLower, path) > 0)),
            RepoOrder.Trending => repos.Where(r => r.Trend < key
                || (r.Trend == key && (r.Downloads < second || (r.Downloads == second && string.Compare(r.PathLower, path) > 0)))),
            RepoOrder.Parameters => repos.Where(r => (r.Parameters ?? 0) < key || ((r.Parameters ?? 0) == key && string.Compare(r.PathLower, path) > 0)),
            _ => repos.Where(r => string.Compare(r.PathLower, path) > 0),
        };
    }
}
