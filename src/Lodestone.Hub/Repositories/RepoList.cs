using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

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
        var (page, _) = await listing.FindAsync(asked, limit + 1, cancel);
        if (page.Count > limit)
        {
            page.RemoveAt(limit);
            Cursor.LinkNext(context, asked.CursorAfter(page[^1]));
        }

        return HubAnswer.Json(await listing.DescribeAsync(page, fields, cancel), HubJson.Default.IReadOnlyListRepoSummary);
    }
}
