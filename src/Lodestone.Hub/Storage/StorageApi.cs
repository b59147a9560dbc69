using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What a namespace stores and may store: <c>/api/v1/storage/{namespace}</c>. Administrators of the server set limits.</summary>
internal static class StorageApi
{
    public static void MapStorage(this IEndpointRouteBuilder routes)
    {
        var storage = routes.MapGroup("/api/v1/storage/{name}").WithErrorShape(ErrorShape.Problem).WithTags("Storage");
        storage.MapGet("", Show);
        storage.MapPut("", SetLimit);
        storage.MapDelete("", RemoveLimit);
    }

    private static async Task<Ok<StorageView>> Show(string name, Namespaces namespaces, StorageQuota quota, Caller caller, CancellationToken cancel)
    {
        caller.Authenticated();
        var found = await namespaces.FindAsync(name, cancel);
        if (found is null || !(caller.CanRead(found.Id) || caller.IsAdministrator))
        {
            throw Unknown(name);
        }

        return TypedResults.Ok(StorageView.Of(found, await quota.OfAsync(found.Id, cancel)));
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

    private static async Task<Namespace> RequireAsync(string name, Namespaces namespaces, Caller caller, CancellationToken cancel)
    {
        if (!caller.Authenticated().IsAdministrator || !caller.Scope.HasFlag(TokenScope.Write))
        {
            throw new Refusal(RefusalCode.Forbidden, "Only administrators of this server set storage limits, with a token that may write.");
        }

        return await namespaces.FindAsync(name, cancel) ?? throw Unknown(name);
    }

    private static Refusal Unknown(string name) => new(RefusalCode.NotFound, $"There is no user or organization {name} whose storage you may see.");
}

/// <param name="Limit">Bytes; null: no limit.</param>
internal sealed record NewStorageLimit(long? Limit);

/// <param name="Name">Of the namespace.</param>
/// <param name="Used">Bytes: every large file once for each repository that holds it.</param>
/// <param name="Limit">Bytes; null: no limit.</param>
internal sealed record StorageView(string Name, long Used, long? Limit)
{
    public static StorageView Of(Namespace one, StorageUse use) => new(one.Name, use.Used, use.Limit);
}
