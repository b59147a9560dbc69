using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// What a namespace stores and may store: <c>/api/v1/storage/{namespace}</c>, of one of its repositories
/// <c>/api/v1/storage/{namespace}/{type}/{repository}</c>. Administrators of the server set limits.
/// </summary>
internal static class StorageApi
{
    public static void MapStorage(this IEndpointRouteBuilder routes)
    {
        var storage = routes.MapGroup("/api/v1/storage/{name}").WithErrorShape(ErrorShape.Problem).WithTags("Storage");
        storage.MapGet("", Show);
        storage.MapPut("", SetLimit);
        storage.MapDelete("", RemoveLimit);
        storage.MapGet("/{type:repoType}/{repository}", ShowRepo);
    }

    private static async Task<Ok<StorageView>> Show(
        string name, Namespaces namespaces, StorageQuota quota, StorageFigures figures, Caller caller, CancellationToken cancel)
    {
        var found = await RequireVisibleAsync(name, namespaces, caller, cancel);
        var counted = await figures.OfNamespaceAsync(found.Id, cancel);
        return TypedResults.Ok(StorageView.Of(found, await quota.OfAsync(found.Id, cancel)) with { Report = StorageReport.Of(counted) });
    }

    /// <summary>For those who may see the whole namespace: what is shared with its other repositories tells of these.</summary>
    private static async Task<Ok<RepoStorageView>> ShowRepo(
        string name, string type, string repository, Namespaces namespaces, HubDb db, StorageFigures figures, Caller caller, CancellationToken cancel)
    {
        var found = await RequireVisibleAsync(name, namespaces, caller, cancel);
        var repos = caller.IsAdministrator ? db.Repos.Where(r => r.OwnerId == found.Id) : db.Repos.VisibleTo(caller);
        var repo = RepoTypes.FromSegment(type) is { } kind
            ? await repos.AsNoTracking().At(kind, Repo.LowerPath(found.Name, repository)).SingleOrDefaultAsync(cancel)
            : null;
        return repo is null
            ? throw new Refusal(RefusalCode.NotFound, $"{found.Name} has no repository {repository} among its {type}.")
            : TypedResults.Ok(new RepoStorageView(repo.FullName, StorageReport.Of(await figures.OfAsync(repo, cancel))));
    }

    private static async Task<Ok<StorageView>> SetLimit(
        NewStorageLimit wanted, string name, Namespaces namespaces, StorageQuota quota, HubDb db, Caller caller, CancellationToken cancel)
    {
        var found = await RequireAsync(name, namespaces, caller, cancel);
        if (wanted.Limit is < 0)
        {
            throw new Refusal(RefusalCode.Invalid, "\"limit\" must be a number of bytes, or null for no limit.") { Param = "limit" };
        }

        await db.WriteAsync(
            async inner =>
            {
                await db.StorageLimits.Where(l => l.Id == found.Id).ExecuteDeleteAsync(inner);
                db.StorageLimits.Add(new StorageLimit(found.Id, wanted.Limit));
                return await db.SaveChangesAsync(inner);
            },
            cancel);
        return TypedResults.Ok(StorageView.Of(found, await quota.OfAsync(found.Id, cancel)));
    }

    /// <summary>Back to the server's limit.</summary>
    private static async Task<Ok<StorageView>> RemoveLimit(string name, Namespaces namespaces, StorageQuota quota, HubDb db, Caller caller, CancellationToken cancel)
    {
        var found = await RequireAsync(name, namespaces, caller, cancel);
        await db.WriteAsync(inner => db.StorageLimits.Where(l => l.Id == found.Id).ExecuteDeleteAsync(inner), cancel);
        return TypedResults.Ok(StorageView.Of(found, await quota.OfAsync(found.Id, cancel)));
    }

    private static async Task<Namespace> RequireVisibleAsync(string name, Namespaces namespaces, Caller caller, CancellationToken cancel)
    {
        caller.Authenticated();
        var found = await namespaces.FindAsync(name, cancel);
        return found is not null && (caller.CanRead(found.Id) || caller.IsAdministrator) ? found : throw Unknown(name);
    }

    private static async Task<Namespace> RequireAsync(string name, Namespaces namespaces, Caller caller, CancellationToken cancel)
    {
        caller.OperatesStorage();
        return await namespaces.FindAsync(name, cancel) ?? throw Unknown(name);
    }

    private static Refusal Unknown(string name) => new(RefusalCode.NotFound, $"There is no user or organization {name} whose storage you may see.");
}
