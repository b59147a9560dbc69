using System.Globalization;
using System.Net;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>The commits of a revision, newest first.</summary>
internal static class History
{
    private const int PageSize = 100;

    public static void MapHistory(this IEndpointRouteBuilder repo) => repo.MapGet("/commits/{**rest}", List);

    private static async Task<IResult> List(RepoRoute route, RepoAccess access, RepoStore store, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var git = store.Open(repo.Id);
        var at = RevisionPath.Read(git, route.Rest);
        var query = context.Request.Query;
        var limit = (int)Math.Clamp(query.Whole("limit") ?? PageSize, 1, PageSize);
        var skipped = (query.Whole("p") ?? 0) * limit;
        var commits = git.Log.From(at.Commit).AsEnumerable();
        if (Cursor.Decode(query["cursor"]) is { } after)
        {
            commits = commits.SkipWhile(c => c.Id.ToString() != after).Skip(1);
        }

        var page = commits.Skip((int)Math.Min(skipped, int.MaxValue)).Take(limit + 1).ToList();
        if (page.Count > limit)
        {
            page.RemoveAt(limit);
            Cursor.LinkNext(context, page[^1].Id.ToString());
        }

        context.Response.Headers["X-Total-Count"] = git.Log.Count(at.Commit, cancel).ToString(CultureInfo.InvariantCulture);
        var isFormatted = query.All("expand").Contains("formatted", StringComparer.Ordinal);
        return HubAnswer.Json<IReadOnlyList<HistoryCommit>>([.. page.Select(c => HistoryCommit.Of(c, isFormatted))], HubJson.Default.IReadOnlyListHistoryCommit);
    }
}

/// <param name="Message">What follows the title.</param>
internal sealed record HistoryCommit(string Id, string Title, string Message, IReadOnlyList<CommitAuthor> Authors, string Date, FormattedMessage? Formatted)
{
    public static HistoryCommit Of(LoggedCommit logged, bool isFormatted)
    {
        var commit = logged.Commit;
        var formatted = isFormatted ? new FormattedMessage(WebUtility.HtmlEncode(commit.Title), $"<p>{WebUtility.HtmlEncode(commit.Body)}</p>") : null;
        return new HistoryCommit(
            logged.Id.ToString(), commit.Title, commit.Body, [.. GitAuthor.AllOf(commit).Select(name => new CommitAuthor(name))], Instants.ToWire(commit.Committer.When), formatted);
    }
}

/// <param name="User">Name of the user.</param>
internal sealed record CommitAuthor(string User);

/// <summary>HTML.</summary>
internal sealed record FormattedMessage(string Title, string Message);
