using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Repositories by search, owner and tags.</summary>
internal static class RepoList
{
    private const int PageSize = 1000;

    public static void MapRepoList(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/models", (RepoListing listing, HttpContext context, CancellationToken cancel) => List(RepoType.Model, listing, context, cancel));
        routes.MapGet("/api/datasets", (RepoListing listing, HttpContext context, CancellationToken cancel) => List(RepoType.Dataset, listing, context, cancel));
        routes.MapGet("/api/spaces", (RepoListing listing, HttpContext context, CancellationToken cancel) => List(RepoType.Space, listing, context, cancel));
    }

    private static async Task<IResult> List(RepoType type, RepoListing listing, HttpContext context, CancellationToken cancel)
    {
        var query = context.Request.Query;
        var asked = RepoSearch.Read(type, query);
        var fields = SummaryFields.OfList(type, query);
        var limit = (int)Math.Clamp(query.Whole("limit") ?? PageSize, 1, PageSize);
        var page = await listing.FindAsync(asked, limit + 1, cancel);
        if (page.Count > limit)
        {
            page.RemoveAt(limit);
            Cursor.LinkNext(context, asked.CursorAfter(page[^1]));
        }

        return HubAnswer.Json(await listing.DescribeAsync(page, fields, cancel), HubJson.Default.IReadOnlyListRepoSummary);
    }
}

/// <summary>What somebody looks for.</summary>
internal sealed record RepoSearch(RepoType Type, IReadOnlyList<string> Terms, string? Author, IReadOnlyList<string> Tags, RepoOrder Order, string? After = null)
{
    /// <summary>Only models that the inference API answers for.</summary>
    public bool IsServable { get; init; }

    /// <summary>Only what one must ask for. There is nothing of the kind.</summary>
    public bool IsGated { get; init; }

    private static readonly string[] TagFilters = ["filter", "pipeline_tag", "library", "other"];

    public static RepoSearch Read(RepoType type, IQueryCollection query)
    {
        var order = query["sort"].ToString() switch
        {
            "" or "trendingScore" or "downloads" => RepoOrder.Downloads,
            "likes" or "likes30d" => RepoOrder.Likes,
            "createdAt" or "created_at" => RepoOrder.Created,
            "lastModified" or "last_modified" => RepoOrder.Updated,
            "id" => RepoOrder.Name,
            var other => throw new Refusal(RefusalCode.Invalid, $"\"sort\" cannot be {other}. It must be one of [createdAt, downloads, likes, lastModified, trendingScore, id].") { Param = "sort" },
        };
        var tags = TagFilters.SelectMany(query.All)
            .Concat(query.All("license").Select(l => $"license:{l}"))
            .Concat(query.All("trained_dataset").Select(d => $"dataset:{d}"))
            .Concat(query.All("language").Select(l => type is RepoType.Dataset ? $"language:{l}" : l));
        var author = CardValues.Clean(query["author"].ToString());
        return new RepoSearch(
            type, [.. query["search"].OfType<string>().Select(CardValues.Clean).Where(s => s.Length > 0)], author.Length > 0 ? author : null, [.. tags], order, Cursor.Decode(query["cursor"]))
        {
            IsServable = query["inference"] == "warm",
            IsGated = query.ContainsKey("gated") && query.IsTrue("gated"),
        };
    }

    /// <summary>Where the next page goes on: the last row's sort key and its name, which settles ties.</summary>
    public string CursorAfter(Repo last) => string.Create(CultureInfo.InvariantCulture, $"{KeyOf(last)} {last.PathLower}");

    public (long Key, string Path)? Start()
    {
        if (After is null)
        {
            return null;
        }

        return CardValues.Clean(After).Split(' ') is [var key, var path] && long.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? (number, path)
            : throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" };
    }

    private long KeyOf(Repo repo) => Order switch
    {
        RepoOrder.Downloads => repo.Downloads,
        RepoOrder.Likes => repo.Likes,
        RepoOrder.Created => Instants.ToMicroseconds(repo.CreatedAt),
        RepoOrder.Updated => Instants.ToMicroseconds(repo.UpdatedAt),
        _ => 0,
    };
}

/// <summary>Everything but names is descending.</summary>
internal enum RepoOrder
{
    Downloads,
    Likes,
    Created,
    Updated,
    Name,
}

/// <summary>Finds repositories that the caller may see; for the API's lists and for pages.</summary>
internal sealed class RepoListing(HubDb db, RepoStore store, Caller caller)
{
    public Task<List<Repo>> FindAsync(RepoSearch asked, int limit, CancellationToken cancel)
    {
        var found = Matching(asked);
        found = asked.Start() is { } start ? After(found, asked.Order, start.Key, start.Path) : found;
        return Sorted(found, asked.Order).Take(limit).ToListAsync(cancel);
    }

    public Task<int> CountAsync(RepoSearch asked, CancellationToken cancel) => Matching(asked).CountAsync(cancel);

    public async Task<IReadOnlyList<RepoSummary>> DescribeAsync(IReadOnlyList<Repo> repos, SummaryFields fields, CancellationToken cancel)
    {
        var ids = repos.Select(r => r.Id).ToList();
        var facts = await db.Facts.AsNoTracking().Where(f => ids.Contains(f.RepoId)).ToDictionaryAsync(f => f.RepoId, cancel);
        var used = fields.Has("usedStorage")
            ? await db.LfsObjects.Where(o => ids.Contains(o.RepoId)).GroupBy(o => o.RepoId).ToDictionaryAsync(g => g.Key, g => g.Sum(o => o.Size), cancel)
            : null;
        return [.. repos.Where(r => facts.ContainsKey(r.Id)).Select(Describe)];

        RepoSummary Describe(Repo repo)
        {
            var stored = facts[repo.Id];
            var siblings = fields.Has("siblings") ? RepoSummaries.Siblings(new RepoTree(store.Open(repo.Id), ObjectId.Parse(stored.CommitId)), withBlobs: false) : null;
            return RepoSummary.Of(repo, RepoFacts.FromJson(stored.Facts), stored.CommitId, fields, siblings, used?.GetValueOrDefault(repo.Id));
        }
    }

    /// <summary>Those that the caller may see, in no order.</summary>
    public IQueryable<Repo> Matching(RepoSearch asked)
    {
        var found = db.Repos.AsNoTracking().VisibleTo(caller).Where(r => r.Type == asked.Type && !asked.IsGated);
        found = asked.IsServable ? found.Where(r => r.IsServable) : found;
        foreach (var term in asked.Terms.Select(t => t.ToLowerInvariant()))
        {
            found = found.Where(r => r.PathLower.Contains(term));
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
        _ => repos.OrderBy(r => r.PathLower),
    };

    private static IQueryable<Repo> After(IQueryable<Repo> repos, RepoOrder order, long key, string path)
    {
        var at = Instants.FromMicroseconds(key);
        return order switch
        {
            RepoOrder.Downloads => repos.Where(r => r.Downloads < key || (r.Downloads == key && string.Compare(r.PathLower, path) > 0)),
            RepoOrder.Likes => repos.Where(r => r.Likes < key || (r.Likes == key && string.Compare(r.PathLower, path) > 0)),
            RepoOrder.Created => repos.Where(r => r.CreatedAt < at || (r.CreatedAt == at && string.Compare(r.PathLower, path) > 0)),
            RepoOrder.Updated => repos.Where(r => r.UpdatedAt < at || (r.UpdatedAt == at && string.Compare(r.PathLower, path) > 0)),
            _ => repos.Where(r => string.Compare(r.PathLower, path) > 0),
        };
    }
}
