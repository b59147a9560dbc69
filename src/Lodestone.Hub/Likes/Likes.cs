using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Likes: at most one per person and repository. Liking twice is the same as liking once.</summary>
internal static class Likes
{
    private const int PageSize = 100;

    public static void MapLikes(this IEndpointRouteBuilder repo)
    {
        repo.MapPost("/like", Like);
        repo.MapDelete("/like", Unlike);
        repo.MapGet("/likers", Likers);
    }

    public static async Task<IResult> Like(RepoRoute route, RepoAccess access, HubDb db, TimeProvider clock, CancellationToken cancel)
    {
        var repo = await access.ToTakePartAsync(route, cancel);
        var caller = access.Caller;
        return await ChangeAsync(db, repo.Id, clock.GetUtcNow(), LikeAsync, cancel);

        async Task<(double Points, DateTimeOffset At)> LikeAsync(DateTimeOffset now, CancellationToken inner)
        {
            if (await db.Likes.AnyAsync(l => l.RepoId == repo.Id && l.UserId == caller.Id, inner))
            {
                return (0, now);
            }

            db.Likes.Add(new RepoLike(repo.Id, caller.Id, now));
            await db.SaveChangesAsync(inner);
            return (Trend.Like, now);
        }
    }

    public static async Task<IResult> Unlike(RepoRoute route, RepoAccess access, HubDb db, TimeProvider clock, CancellationToken cancel)
    {
        var repo = await access.ToTakePartAsync(route, cancel);
        var caller = access.Caller;
        return await ChangeAsync(db, repo.Id, clock.GetUtcNow(), UnlikeAsync, cancel);

        async Task<(double Points, DateTimeOffset At)> UnlikeAsync(DateTimeOffset now, CancellationToken inner)
        {
            var own = db.Likes.Where(l => l.RepoId == repo.Id && l.UserId == caller.Id);
            var likedAt = await own.Select(l => (DateTimeOffset?)l.CreatedAt).SingleOrDefaultAsync(inner);
            return await own.ExecuteDeleteAsync(inner) == 0 ? (0, now) : (-Trend.Like, likedAt ?? now);
        }
    }

    /// <summary>Earliest first. People who liked it at the same moment are told apart by how many of them were on pages before.</summary>
    private static async Task<IResult> Likers(
        RepoRoute route, RepoAccess access, HubDb db, Namespaces namespaces, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var limit = (int)Math.Clamp(context.Request.Query.Whole("limit") ?? PageSize, 1, PageSize);
        var (since, seen) = Start(context.Request.Query["cursor"]);
        var page = await db.Likes.AsNoTracking().Where(l => l.RepoId == repo.Id && l.CreatedAt >= since)
            .OrderBy(l => l.CreatedAt).ThenBy(l => l.UserId).Skip(seen).Take(limit + 1).ToListAsync(cancel);
        if (page.Count > limit)
        {
            page.RemoveAt(limit);
            var last = page[^1].CreatedAt;
            Cursor.LinkNext(context, string.Create(
                CultureInfo.InvariantCulture, $"{Instants.ToMicroseconds(last)} {page.Count(l => l.CreatedAt == last) + (last == since ? seen : 0)}"));
        }

        var people = await namespaces.ByIdAsync([.. page.Select(l => l.UserId)], cancel);
        var likers = page.Select(l => people.GetValueOrDefault(l.UserId)).OfType<Namespace>().Select(n => new Liker(n.Name, n.FullName, n.AvatarUrl));
        return HubAnswer.Json<IReadOnlyList<Liker>>([.. likers], HubJson.Default.IReadOnlyListLiker);
    }

    private static (DateTimeOffset Since, int Seen) Start(string? cursor) => Cursor.Decode(cursor)?.Split(' ') switch
    {
        null => (DateTimeOffset.UnixEpoch, 0),
        [var text, var count] when Instants.TryParseMicroseconds(text, out var at) && int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var seen) => (at, seen),
        _ => throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" },
    };

    /// <summary>Counted again rather than counted up, so that no crash or race can leave the repository with a wrong number.</summary>
    /// <param name="change">Adds or takes a like; says what that does to the trend. The repository's row is locked meanwhile.</param>
    private static async Task<IResult> ChangeAsync(
        HubDb db, Guid repoId, DateTimeOffset now, Func<DateTimeOffset, CancellationToken, Task<(double Points, DateTimeOffset At)>> change, CancellationToken cancel)
    {
        var count = await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Repo>(repoId, inner);
                var (points, at) = await change(now, inner);
                var likes = await db.Likes.LongCountAsync(l => l.RepoId == repoId, inner);
                var trend = Trend.Add(await db.Repos.Where(r => r.Id == repoId).Select(r => r.Trend).SingleOrDefaultAsync(inner), points, at, now);
                await db.Repos.Where(r => r.Id == repoId).ExecuteUpdateAsync(r => r.SetProperty(x => x.Likes, likes).SetProperty(x => x.Trend, trend), inner);
                return likes;
            },
            cancel);
        return HubAnswer.Json(new LikeCount(count), HubJson.Default.LikeCount);
    }
}

/// <param name="Likes">How many people like the repository, after the call.</param>
internal sealed record LikeCount(long Likes);

internal sealed record Liker(string User, string Fullname, string? AvatarUrl);

internal sealed record RepoLike(Guid RepoId, Guid UserId, DateTimeOffset CreatedAt);
