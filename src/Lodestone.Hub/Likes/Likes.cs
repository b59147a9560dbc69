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

    private static async Task<IResult> Like(RepoRoute route, RepoAccess access, HubDb db, TimeProvider clock, CancellationToken cancel)
    {
        var caller = access.Caller.Authenticated();
        var repo = await access.ToReadAsync(route, cancel);
        db.Likes.Add(new RepoLike(repo.Id, caller.Id, clock.GetUtcNow()));
        await db.TrySaveAsync(cancel); // false: this person likes it already
        return await CountAsync(db, repo.Id, cancel);
    }

    private static async Task<IResult> Unlike(RepoRoute route, RepoAccess access, HubDb db, CancellationToken cancel)
    {
        var caller = access.Caller.Authenticated();
        var repo = await access.ToReadAsync(route, cancel);
        db.Likes.RemoveRange(await db.Likes.Where(l => l.RepoId == repo.Id && l.UserId == caller.Id).ToListAsync(cancel));
        await db.SaveChangesAsync(cancel);
        return await CountAsync(db, repo.Id, cancel);
    }

    private static async Task<IResult> Likers(
        RepoRoute route, RepoAccess access, HubDb db, Namespaces namespaces, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var after = PublicId.TryParseHub(Cursor.Decode(context.Request.Query["cursor"]), out var last) ? last : Guid.Empty;
        var since = await db.Likes.Where(l => l.RepoId == repo.Id && l.UserId == after).Select(l => (DateTimeOffset?)l.CreatedAt).SingleOrDefaultAsync(cancel);
        var page = await db.Likes.AsNoTracking().Where(l => l.RepoId == repo.Id && (since == null || l.CreatedAt > since))
            .OrderBy(l => l.CreatedAt).Take(PageSize + 1).ToListAsync(cancel);
        if (page.Count > PageSize)
        {
            page.RemoveAt(PageSize);
            Cursor.LinkNext(context, PublicId.ToHub(page[^1].UserId));
        }

        var people = await namespaces.ByIdAsync([.. page.Select(l => l.UserId)], cancel);
        var likers = page.Select(l => people.GetValueOrDefault(l.UserId)).OfType<Namespace>().Select(n => new Liker(n.Name, n.FullName, n.AvatarUrl));
        return HubAnswer.Json<IReadOnlyList<Liker>>([.. likers], HubJson.Default.IReadOnlyListLiker);
    }

    /// <summary>Counted again rather than counted up, so that no crash or race can leave the repository with a wrong number.</summary>
    private static async Task<IResult> CountAsync(HubDb db, Guid repoId, CancellationToken cancel)
    {
        var count = await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Repo>(repoId, inner);
                var likes = await db.Likes.LongCountAsync(l => l.RepoId == repoId, inner);
                await db.Repos.Where(r => r.Id == repoId).ExecuteUpdateAsync(r => r.SetProperty(x => x.Likes, likes), inner);
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
