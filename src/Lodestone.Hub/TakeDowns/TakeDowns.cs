using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>Repositories that administrators of the server have taken down: <c>/api/v1/takedowns</c>.</summary>
internal static class TakeDownsApi
{
    public static void MapTakeDowns(this IEndpointRouteBuilder routes)
    {
        var takeDowns = routes.MapGroup("/api/v1/takedowns").WithErrorShape(ErrorShape.Problem).WithTags("Take-downs");
        takeDowns.MapGet("", List);
        takeDowns.MapPost("", Place);
        takeDowns.MapDelete("/{type}/{namespace}/{repository}", Lift);
    }

    private static async Task<Ok<IReadOnlyList<TakeDownView>>> List(TakeDowns takeDowns, CancellationToken cancel) =>
        TypedResults.Ok<IReadOnlyList<TakeDownView>>([.. (await takeDowns.ListAsync(cancel)).Select(TakeDownView.Of)]);

    private static async Task<Ok<TakeDownView>> Place(NewTakeDown wanted, TakeDowns takeDowns, CancellationToken cancel) =>
        TypedResults.Ok(TakeDownView.Of(await takeDowns.PlaceAsync(wanted, cancel)));

    private static async Task<NoContent> Lift(string type, string @namespace, string repository, TakeDowns takeDowns, CancellationToken cancel)
    {
        await takeDowns.LiftAsync(RepoTypes.FromSegment(type), $"{@namespace}/{repository}", cancel);
        return TypedResults.NoContent();
    }
}

/// <summary>Takes repositories down, with a notice that says why, and puts them back. Nothing is deleted; nobody reads them meanwhile, not even their owner.</summary>
internal sealed partial class TakeDowns(HubDb db, ReposLately lately, HeldLately held, Caller caller, TimeProvider clock, ILogger<TakeDowns> log)
{
    private const int LongestReason = 1000;

    /// <summary>Newest first.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>forbidden</c>.</exception>
    public async Task<IReadOnlyList<Repo>> ListAsync(CancellationToken cancel)
    {
        RequireAdministrator();
        return await db.Repos.AsNoTracking().Where(r => r.DisabledAt != null).OrderByDescending(r => r.DisabledAt).ToListAsync(cancel);
    }

    /// <summary>Of one that is down already, the reason changes.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>forbidden</c>, <c>not_found</c>, <c>unprocessable</c>.</exception>
    public async Task<Repo> PlaceAsync(NewTakeDown wanted, CancellationToken cancel)
    {
        RequireAdministrator();
        var reason = (wanted.Reason ?? "").Trim();
        if (reason.Length is 0 or > LongestReason || reason.Any(c => char.IsControl(c) && c is not '\n' and not '\r'))
        {
            throw new Refusal(RefusalCode.Unprocessable, $"Say why, in at most {LongestReason} characters: whoever opens the page reads it.") { Param = "reason" };
        }

        var repo = await FindAsync(RepoTypes.FromSingular(wanted.Type ?? "model"), wanted.Repo ?? "", cancel);
        (repo.DisabledAt, repo.DisabledReason) = (repo.DisabledAt ?? clock.GetUtcNow(), reason);
        db.Publish(new RepoTakenDown(repo.Id, repo.FullName, reason));
        await SaveAsync(repo, cancel);
        TakenDown(log, repo.Id, caller.Id);
        return repo;
    }

    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>forbidden</c>, <c>not_found</c>.</exception>
    public async Task LiftAsync(RepoType? type, string fullName, CancellationToken cancel)
    {
        RequireAdministrator();
        var repo = await FindAsync(type, fullName, cancel);
        if (repo.DisabledAt is null)
        {
            throw new Refusal(RefusalCode.NotFound, $"{repo.FullName} is not taken down.");
        }

        (repo.DisabledAt, repo.DisabledReason) = (null, null);
        db.Publish(new RepoRestored(repo.Id, repo.FullName));
        await SaveAsync(repo, cancel);
        Restored(log, repo.Id, caller.Id);
    }

    private void RequireAdministrator()
    {
        if (!caller.Authenticated().IsAdministrator)
        {
            throw new Refusal(RefusalCode.Forbidden, "Only administrators of this server take repositories down.");
        }
    }

    private async Task<Repo> FindAsync(RepoType? type, string fullName, CancellationToken cancel)
    {
        var path = fullName.ToLowerInvariant();
        return type is { } kind && !path.Contains('\0', StringComparison.Ordinal) && await db.Repos.At(kind, path).SingleOrDefaultAsync(cancel) is { } repo
            ? repo
            : throw new Refusal(RefusalCode.NotFound, $"There is no repository {fullName} of this type. Give it as owner/name.") { Param = "repo" };
    }

    private async Task SaveAsync(Repo repo, CancellationToken cancel)
    {
        await db.SaveChangesAsync(cancel);
        lately.Forget();
        held.Forget(repo.Id);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Repository {RepoId} was taken down by administrator {UserId}")]
    private static partial void TakenDown(ILogger log, Guid repoId, Guid userId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Repository {RepoId} was put back by administrator {UserId}")]
    private static partial void Restored(ILogger log, Guid repoId, Guid userId);
}

/// <param name="Type"><c>model</c> unless given; <c>dataset</c> or <c>space</c>.</param>
/// <param name="Repo"><c>owner/name</c>.</param>
/// <param name="Reason">Told to everybody who comes.</param>
internal sealed record NewTakeDown(string? Type, string? Repo, string? Reason);

internal sealed record TakeDownView(string Type, string Repo, string Reason, string DisabledAt)
{
    public static TakeDownView Of(Repo repo) => new(repo.Type.Singular(), repo.FullName, repo.DisabledReason ?? "", Instants.ToWire(repo.DisabledAt ?? default));
}
