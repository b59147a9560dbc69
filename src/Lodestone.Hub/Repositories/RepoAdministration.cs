using System.Text.Json.Nodes;
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
            await access.ToReadContentAsync(route, cancel);
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

    public static async Task<IResult> Move(
        RepoMove move, RepoAccess access, Namespaces namespaces, HubDb db, StorageQuota quota, ReposLately lately, TimeProvider clock, CancellationToken cancel)
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

        if (home.Id != found.OwnerId && await quota.IfLimitedAsync(home.Id, found.IsPrivate, cancel) is { } use)
        {
            use.Require(await db.LfsObjects.Where(o => o.RepoId == found.Id).SumAsync(o => o.Size, cancel));
        }

        if (!await db.WriteAsync(inner => TryMoveAsync(db, found.Id, home, to.Name, access.Caller.Id, clock.GetUtcNow(), inner), cancel))
        {
            throw new Refusal(RefusalCode.Conflict, $"A {type.Singular()} repository called {home.Name}/{to.Name} already exists");
        }

        lately.Forget();
        return Results.Ok();
    }

    private static async Task<bool> TryMoveAsync(HubDb db, Guid repoId, Namespace home, string name, Guid actorId, DateTimeOffset now, CancellationToken cancel)
    {
        await db.LockAsync<Repo>(repoId, cancel);
        var repo = await db.Repos.SingleAsync(r => r.Id == repoId, cancel);
        var details = new EventDetails { MovedTo = new MovedTo($"{home.Name}/{name}", new EventOwner(PublicId.ToHub(home.Id))) };
        await db.RecordAsync(repo, new NewRepoEvent(RepoEvent.OfRepo, ChangeKind.Move, details, actorId), now, cancel);
        var (oldPath, newPath) = (repo.PathLower, Repo.LowerPath(home.Name, name));
        repo.GateCollectionId = repo.OwnerId == home.Id ? repo.GateCollectionId : null; // whose owner decides about the collection's
        (repo.OwnerId, repo.OwnerName, repo.Name, repo.PathLower) = (home.Id, home.Name, name, newPath);
        var aliases = await db.Aliases.Where(a => a.Type == repo.Type && (a.PathLower == newPath || a.PathLower == oldPath)).ToListAsync(cancel);
        db.Aliases.RemoveRange(aliases.Where(a => a.PathLower == newPath));
        if (oldPath != newPath && aliases.TrueForAll(a => a.PathLower != oldPath))
        {
            db.Aliases.Add(new RepoAlias(repo.Type, oldPath, repo.Id));
        }

        return await db.TrySaveAsync(cancel);
    }

    private static async Task<IResult> ChangeSettings([FromBody] RepoSettings settings, RepoRoute route, RepoCare care, GateEditing gates, CancellationToken cancel)
    {
        var mode = settings.ReadGate();
        var repo = await care.ChangeAsync(route, settings.IsPrivate(), settings.DiscussionsDisabled, cancel);
        var gate = await gates.SetModeAsync(route, mode, cancel);
        var answer = new RepoSettings(repo.IsPrivate, repo.IsPrivate ? "private" : "public", RepoSummary.GateOnWire(gate), repo.DiscussionsDisabled ? true : null);
        return HubAnswer.Json(answer, HubJson.Default.RepoSettings);
    }

    private static (string Owner, string Name) Place(string? id, string param) => id?.Split('/') is [var owner, var name]
        ? (owner, name)
        : throw new Refusal(RefusalCode.Invalid, $"\"{param}\" must be of the form owner/name.") { Param = param };
}

/// <summary>What administrators of a repository do with it as a whole, over the API or on its page.</summary>
internal sealed class RepoCare(HubDb db, RepoAccess access, RepoStore store, StorageQuota quota, ReposLately lately, TimeProvider clock)
{
    /// <summary>What is null stays as it is.</summary>
    /// <returns>The repository as it is now.</returns>
    /// <exception cref="Refusal"><c>repo_not_found</c>, <c>forbidden</c>; <c>storage_quota_exceeded</c> where the plan has no room for it in private.</exception>
    public async Task<Repo> ChangeAsync(RepoRoute route, bool? isPrivate, bool? discussionsDisabled, CancellationToken cancel)
    {
        var found = await access.ToAdministerAsync(route, cancel);
        if (isPrivate is true && !found.IsPrivate)
        {
            await quota.RequirePrivateRoomAsync(found, cancel);
        }

        var changed = await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Repo>(found.Id, inner);
                var repo = await db.Repos.SingleAsync(r => r.Id == found.Id, inner);
                repo.DiscussionsDisabled = discussionsDisabled ?? repo.DiscussionsDisabled;
                if (isPrivate is { } wanted && wanted != repo.IsPrivate)
                {
                    repo.IsPrivate = wanted;
                    var happened = new NewRepoEvent(RepoEvent.OfConfig, ChangeKind.Update, new EventDetails { Private = wanted }, access.Caller.Id);
                    await db.RecordAsync(repo, happened, clock.GetUtcNow(), inner);
                }

                await db.SaveChangesAsync(inner);
                return repo;
            },
            cancel);
        lately.Forget();
        return changed;
    }

    /// <summary>The row first, which makes it invisible; then its files. Files left behind by a crash belong to no row.</summary>
    /// <exception cref="Refusal"><c>repo_not_found</c> or <c>forbidden</c>.</exception>
    public async Task DeleteAsync(RepoRoute route, CancellationToken cancel)
    {
        var repo = await access.ToAdministerAsync(route, cancel);
        var isDeleted = await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Repo>(repo.Id, inner);
                await db.RecordAsync(repo, new NewRepoEvent(RepoEvent.OfRepo, ChangeKind.Delete, new EventDetails(), access.Caller.Id), clock.GetUtcNow(), inner);
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
/// <param name="DiscussionsDisabled">Only those who may change the repository open discussions and write in them; left out where that is not so.</param>
internal sealed record RepoSettings(bool? Private, string? Visibility, JsonNode? Gated = null, bool? DiscussionsDisabled = null)
{
    public bool? IsPrivate() => new NewRepo { Private = Private, Visibility = Visibility }.IsPrivate();

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public GateSetting ReadGate() => Gated switch
    {
        null => GateSetting.Unchanged,
        JsonValue value when value.TryGetValue<bool>(out var isGated) && !isGated => new GateSetting(IsGiven: true, null),
        JsonValue value when value.TryGetValue<string>(out var mode) => new GateSetting(IsGiven: true, GateModes.Parse(mode)),
        _ => new GateSetting(IsGiven: true, GateModes.Parse("")),
    };
}
