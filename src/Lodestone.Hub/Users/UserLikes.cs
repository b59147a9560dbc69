using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>The repositories that somebody likes, newest likes first. Everybody may know, but of hidden repositories only those who see them.</summary>
internal static class UserLikes
{
    private const int PageSize = 100;

    public static void MapUserLikes(this IEndpointRouteBuilder routes) => routes.MapGet("/api/users/{user}/likes", List);

    private static async Task<IResult> List(string user, Caller caller, Namespaces namespaces, HubDb db, HttpContext context, CancellationToken cancel)
    {
        if (await namespaces.FindAsync(user, cancel) is not { IsOrganization: false } person)
        {
            throw new Refusal(RefusalCode.NotFound, "This user does not exist");
        }

        var limit = (int)Math.Clamp(context.Request.Query.Whole("limit") ?? PageSize, 1, PageSize);
        var liked = db.Likes.AsNoTracking().Where(l => l.UserId == person.Id)
            .Join(db.Repos.VisibleTo(caller), l => l.RepoId, r => r.Id, (l, r) => new { l.CreatedAt, r.Type, r.OwnerName, r.Name, r.PathLower });
        if (Start(context.Request.Query["cursor"]) is var (at, path))
        {
            liked = liked.Where(l => l.CreatedAt < at || (l.CreatedAt == at && string.Compare(l.PathLower, path) > 0));
        }

        var page = await liked.OrderByDescending(l => l.CreatedAt).ThenBy(l => l.PathLower).Take(limit + 1).ToListAsync(cancel);
        if (page.Count > limit)
        {
            page.RemoveAt(limit);
            Cursor.LinkNext(context, string.Create(CultureInfo.InvariantCulture, $"{Instants.ToMicroseconds(page[^1].CreatedAt)} {page[^1].PathLower}"));
        }

        var likes = page.Select(l => new LikedRepo(Instants.ToWire(l.CreatedAt), new LikedRepoName($"{l.OwnerName}/{l.Name}", l.Type.Singular())));
        return HubAnswer.Json<IReadOnlyList<LikedRepo>>([.. likes], HubJson.Default.IReadOnlyListLikedRepo);
    }

    private static (DateTimeOffset At, string Path)? Start(string? cursor) => Cursor.Decode(cursor)?.Split(' ') switch
    {
        null => null,
        [var text, var path] when Instants.TryParseMicroseconds(text, out var at) => (at, CardValues.Clean(path)),
        _ => throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" },
    };
}

internal sealed record LikedRepo(string CreatedAt, LikedRepoName Repo);

/// <param name="Name"><c>owner/name</c>.</param>
/// <param name="Type"><c>model</c>, <c>dataset</c> or <c>space</c>.</param>
internal sealed record LikedRepoName(string Name, string Type);
