using System.Text.Json;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Deleting, moving and hiding repositories, and asking what one may do with them.</summary>
internal static class RepoAdministration
{
    public static void MapRepoAdministration(this IEndpointRouteBuilder routes)
    {
        routes.MapDelete("/api/repos/delete", Delete);
        routes.MapPost("/api/repos/move", Move);
    }

    public static void MapRepoSettings(this IEndpointRouteBuilder repo)
    {
        repo.MapPut("/settings", ChangeSettings);
        repo.MapGet("/auth-check", async (RepoRoute route, RepoAccess access, CancellationToken cancel) =>
        {
            await access.ToReadAsync(route, cancel);
            return Results.Ok();
        });
        repo.MapGet("/auth-check/write", async (RepoRoute route, RepoAccess access, CancellationToken cancel) =>
        {
            await access.ToChangeAsync(route, cancel);
            return Results.Ok();
        });
    }

    private static async Task<IResult> Delete([FromBody] NewRepo which, RepoCare care, RepoAccess access, CancellationToken cancel)
    {
        var (owner, name) = which.Place(access.Caller.Authenticated().Name);
        await care.DeleteAsync(new RepoRoute(which.RepoType(), owner, name, []), cancel);
        return Results.Ok();
    }

    public static async Task<IResult> Move(RepoMove move, RepoAccess access, Namespaces namespaces, HubDb db, StorageQuota quota, ReposLately lately, CancellationToken cancel)
    {
        var type = RepoTypes.FromSingular(move.Type ?? "model") ?? throw new Refusal(RefusalCode.Invalid, "\"type\" must be one of [model, dataset, space]");
        var (from, to) = (Place(move.FromRepo, "fromRepo"), Place(move.ToRepo, "toRepo"));
        access.Caller.Authenticated();
        var found = await access.ToAdministerAsync(new RepoRoute(type, from.Owner, from.Name, []), cancel);
        RepoName.Check(to.Name);
        if (await namespaces.FindAsync(to.Owner, cancel) is not { } home || !access.Caller.CanContribute(home.Id, TokenScope.ContributeRepos))
        {
            throw HubRefusals.NoRightToCreate(access.Caller, type, to.Owner);
        }

        if (home.Id != found.OwnerId && await quota.IfLimitedAsync(home.Id, cancel) is { } use)
        {
            use.Require(await db.LfsObjects.Where(o => o.RepoId == found.Id).SumAsync(o => o.Size, cancel));
        }

        var repo = await db.Repos.SingleAsync(r => r.Id == found.Id, cancel);
        var (oldPath, newPath) = (repo.PathLower, Repo.LowerPath(home.Name, to.Name));
        (repo.OwnerId, repo.OwnerName, repo.Name, repo.PathLower) = (home.Id, home.Name, to.Name, newPath);
        var aliases = await db.Aliases.Where(a => a.Type == type && (a.PathLower == newPath || a.PathLower == oldPath)).ToListAsync(cancel);
        db.Aliases.RemoveRange(aliases.Where(a => a.PathLower == newPath));
        if (oldPath != newPath && aliases.TrueForAll(a => a.PathLower != oldPath))
        {
            db.Aliases.Add(new RepoAlias(type, oldPath, repo.Id));
        }

        if (!await db.TrySaveAsync(cancel))
        {
            throw new Refusal(RefusalCode.Conflict, $"A {type.Singular()} repository called {home.Name}/{to.Name} already exists");
        }

        lately.Forget();
        return Results.Ok();
    }

    private static async Task<IResult> ChangeSettings([FromBody] RepoSettings settings, RepoRoute route, RepoCare care, CancellationToken cancel)
    {
        settings.RequireNoGate();
        var isPrivate = await care.HideAsync(route, settings.IsPrivate(), cancel);
        return HubAnswer.Json(new RepoSettings(isPrivate, isPrivate ? "private" : "public"), HubJson.Default.RepoSettings);
    }

    private static (string Owner, string Name) Place(string? id, string param) => id?.Split('/') is [var owner, var name]
        ? (owner, name)
        : throw new Refusal(RefusalCode.Invalid, $"\"{param}\" must be of the form owner/name.") { Param = param };
}

/// <summary>What administrators of a repository do with it as a whole, over the API or on its page.</summary>
internal sealed class RepoCare(HubDb db, RepoAccess access, RepoStore store, ReposLately lately)
{
    /// <param name="isPrivate">Null leaves it as it is.</param>
    /// <returns>Whether the repository is private now.</returns>
    /// <exception cref="Refusal"><c>repo_not_found</c> or <c>forbidden</c>.</exception>
    public async Task<bool> HideAsync(RepoRoute route, bool? isPrivate, CancellationToken cancel)
    {
        var found = await access.ToAdministerAsync(route, cancel);
        var repo = await db.Repos.SingleAsync(r => r.Id == found.Id, cancel);
        repo.IsPrivate = isPrivate ?? repo.IsPrivate;
        await db.SaveChangesAsync(cancel);
        lately.Forget();
        return repo.IsPrivate;
    }

    /// <summary>The row first, which makes it invisible; then its files. Files left behind by a crash belong to no row.</summary>
    /// <exception cref="Refusal"><c>repo_not_found</c> or <c>forbidden</c>.</exception>
    public async Task DeleteAsync(RepoRoute route, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        var isDeleted = await db.WriteAsync(
            async inner =>
            {
                db.Publish(new RepoDeleted(repo.Id, repo.FullName));
                return await db.Repos.Where(r => r.Id == repo.Id).ExecuteDeleteAsync(inner) == 1 && await db.SaveChangesAsync(inner) > 0;
            },
            cancel);
        lately.Forget();
        if (!isDeleted)
        {
            throw HubRefusals.RepoNotFound(access.Caller); // somebody else was faster
        }

        store.Delete(repo.Id);
    }
}

internal sealed record RepoMove(string? FromRepo, string? ToRepo, string? Type);

/// <param name="Visibility"><c>public</c> or <c>private</c>; older clients send <paramref name="Private"/>.</param>
/// <param name="Gated"><c>false</c>, or how people are let in.</param>
internal sealed record RepoSettings(bool? Private, string? Visibility, JsonElement? Gated = null)
{
    private static readonly RefusalCode NotServed = new("gated_not_served", 501);

    public bool? IsPrivate() => new NewRepo { Private = Private, Visibility = Visibility }.IsPrivate();

    /// <summary>Somebody who wants a gate must not believe that there is one.</summary>
    /// <exception cref="Refusal"><c>gated_not_served</c>.</exception>
    public void RequireNoGate()
    {
        if (Gated is { ValueKind: not (JsonValueKind.False or JsonValueKind.Null) })
        {
            throw new Refusal(NotServed, "Access on request is not served here. Make the repository private, and its readers members of its organization.") { Param = "gated" };
        }
    }
}
