using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Watches: who wants to hear of a repository. Watching twice is the same as watching once.</summary>
internal static class Watches
{
    public static void MapWatches(this IEndpointRouteBuilder repo)
    {
        repo.MapPost("/watch", Watch);
        repo.MapDelete("/watch", Unwatch);
    }

    public static async Task<IResult> Watch(RepoRoute route, RepoAccess access, HubDb db, TimeProvider clock, CancellationToken cancel)
    {
        var repo = await access.ToTakePartAsync(route, cancel);
        db.Watches.Add(new RepoWatch(repo.Id, access.Caller.Id, clock.GetUtcNow()));
        await db.TrySaveAsync(cancel); // false: already so
        return Results.Ok();
    }

    public static async Task<IResult> Unwatch(RepoRoute route, RepoAccess access, HubDb db, CancellationToken cancel)
    {
        var repo = await access.ToTakePartAsync(route, cancel);
        await db.WriteAsync(inner => db.Watches.Where(w => w.RepoId == repo.Id && w.UserId == access.Caller.Id).ExecuteDeleteAsync(inner), cancel);
        return Results.Ok();
    }
}

internal sealed record RepoWatch(Guid RepoId, Guid UserId, DateTimeOffset CreatedAt);
