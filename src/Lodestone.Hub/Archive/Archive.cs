using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>The archive: repositories that are to be read, and no more to be changed by anybody until they are taken out of it.</summary>
internal static class Archive
{
    public static void MapArchive(this IEndpointRouteBuilder repo)
    {
        repo.MapPut("/archive", (RepoRoute route, Archiving archiving, CancellationToken cancel) => PlaceAsync(route, archiving, isArchived: true, cancel));
        repo.MapDelete("/archive", (RepoRoute route, Archiving archiving, CancellationToken cancel) => PlaceAsync(route, archiving, isArchived: false, cancel));
    }

    private static async Task<IResult> PlaceAsync(RepoRoute route, Archiving archiving, bool isArchived, CancellationToken cancel)
    {
        await archiving.PlaceAsync(route, isArchived, cancel);
        return Results.Ok();
    }
}

/// <summary>Puts repositories into the archive and takes them out of it.</summary>
internal sealed class Archiving(HubDb db, RepoAccess access, ReposLately lately, TimeProvider clock)
{
    /// <summary>Doing it twice is the same as doing it once.</summary>
    /// <exception cref="Refusal"><c>repo_not_found</c> or <c>forbidden</c>.</exception>
    public async Task PlaceAsync(RepoRoute route, bool isArchived, CancellationToken cancel)
    {
        var found = await access.ToAdministerAsync(route, cancel);
        var repo = await db.Repos.SingleAsync(r => r.Id == found.Id, cancel);
        repo.ArchivedAt = isArchived ? repo.ArchivedAt ?? clock.GetUtcNow() : null;
        await db.SaveChangesAsync(cancel);
        lately.Forget();
    }
}
