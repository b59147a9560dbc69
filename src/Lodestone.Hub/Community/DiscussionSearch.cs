using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Which discussions of a repository somebody looks for.</summary>
/// <param name="Type"><c>all</c>, <c>discussion</c> or <c>pull_request</c>.</param>
/// <param name="Status"><c>all</c>, <c>open</c> (with drafts) or <c>closed</c> (with merged ones).</param>
/// <param name="Page">From 0.</param>
internal sealed record DiscussionSearch(string Type, string Status, string? Author, string? Text, string Sort, long Page)
{
    public const string Newest = "recently-created";

    public static IReadOnlyList<string> Types { get; } = ["all", "discussion", "pull_request"];

    public static IReadOnlyList<string> Statuses { get; } = ["all", "open", "closed"];

    public static IReadOnlyList<string> Sorts { get; } = [Newest, "recently-updated", "most-commented", "most-reactions"];

    /// <param name="status">Where the query says nothing.</param>
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static DiscussionSearch Read(IQueryCollection query, string status) => new(
        OneOf(query, "type", Types, Types[0]),
        OneOf(query, "status", Statuses, status),
        CardValues.Clean(query["author"].ToString()) is { Length: > 0 } author ? author : null,
        CardValues.Clean(query["search"].ToString()).Trim() is { Length: > 0 } text ? text : null,
        OneOf(query, "sort", Sorts, Newest),
        Math.Min(query.Whole("p") ?? 0, 1_000_000));

    private static string OneOf(IQueryCollection query, string name, IReadOnlyList<string> known, string otherwise) =>
        query[name].ToString() is not { Length: > 0 } given ? otherwise
            : known.Contains(given, StringComparer.Ordinal) ? given
            : throw new Refusal(RefusalCode.Invalid, $"\"{name}\" must be one of [{string.Join(", ", known)}]") { Param = name };
}

/// <summary>A page of discussions.</summary>
/// <param name="Count">How many fit in all.</param>
/// <param name="Start">How many are on pages before.</param>
internal sealed record FoundDiscussions(IReadOnlyList<Discussion> Shown, int Count, int Start);

/// <summary>Finds discussions of one repository, whose reader may see it.</summary>
internal sealed class DiscussionLists(HubDb db, Namespaces namespaces)
{
    public const int PageSize = 50;

    public async Task<FoundDiscussions> FindAsync(Guid repoId, DiscussionSearch search, CancellationToken cancel)
    {
        var found = Filter(db.Discussions.AsNoTracking().Where(d => d.RepoId == repoId), search);
        if (search.Author is { } name)
        {
            var author = (await namespaces.FindAsync(name, cancel))?.Id ?? Guid.Empty; // nobody has this one
            found = found.Where(d => d.AuthorId == author);
        }

        var start = (int)search.Page * PageSize;
        var count = await found.CountAsync(cancel);
        return new FoundDiscussions(await Order(found, search.Sort).Skip(start).Take(PageSize).ToListAsync(cancel), count, start);
    }

    public Task<int> CountOpenAsync(Guid repoId, CancellationToken cancel) => db.Discussions.UnderWay().CountAsync(d => d.RepoId == repoId, cancel);

    public Task<int> CountClosedAsync(Guid repoId, CancellationToken cancel) =>
        db.Discussions.CountAsync(d => d.RepoId == repoId && (d.Status == DiscussionStatus.Closed || d.Status == DiscussionStatus.Merged), cancel);

    private static IQueryable<Discussion> Filter(IQueryable<Discussion> discussions, DiscussionSearch search)
    {
        discussions = search.Type switch
        {
            "discussion" => discussions.Where(d => !d.IsPullRequest),
            "pull_request" => discussions.Where(d => d.IsPullRequest),
            _ => discussions,
        };
        discussions = search.Status switch
        {
            "open" => discussions.UnderWay(),
            "closed" => discussions.Where(d => d.Status == DiscussionStatus.Closed || d.Status == DiscussionStatus.Merged),
            _ => discussions,
        };
        var text = search.Text?.ToLowerInvariant();
        return text is null ? discussions : discussions.Where(d => d.TitleLower.Contains(text));
    }

    // Numbers settle ties, and are by themselves the order in which they were opened.
    private IQueryable<Discussion> Order(IQueryable<Discussion> discussions, string sort) => sort switch
    {
        "recently-updated" => discussions.OrderByDescending(d => d.UpdatedAt).ThenByDescending(d => d.Number),
        "most-commented" => discussions.OrderByDescending(d => d.Comments).ThenByDescending(d => d.Number),
        "most-reactions" => discussions.OrderByDescending(d => db.Reactions.Count(r => r.DiscussionId == d.Id)).ThenByDescending(d => d.Number),
        _ => discussions.OrderByDescending(d => d.Number),
    };
}
