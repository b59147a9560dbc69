using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Has a GGUF file made of a model's weights, and says how far it is: <c>/api/models/{owner}/{name}/convert</c>.</summary>
internal static class ConvertModel
{
    private const int Listed = 20;

    public static void MapConvertModel(this IEndpointRouteBuilder repo)
    {
        var conversions = repo.MapGroup("/convert").WithErrorShape(ErrorShape.Problem).WithTags("Conversions");
        conversions.MapPost("", Ask);
        conversions.MapGet("", List);
        conversions.MapGet("/{id}", Show);
        conversions.MapDelete("/{id}", Cancel);
    }

    private static async Task<IResult> Ask(RepoRoute route, RepoAccess access, ConversionAsking asking, HubDb db, HttpContext context, CancellationToken cancel)
    {
        var source = (await access.ToReadContentAsync(route, cancel)).Repo;
        access.Caller.Authenticated();
        var asked = await context.Request.ReadBodyAsync(HubJson.Default.NewConversion) ?? new NewConversion();
        var target = await access.ToChangeAsync(asked.Repository is null ? route : Named(asked.Repository), cancel);
        var made = await asking.AskAsync(source, target, asked, access.Caller, cancel);
        context.Response.Headers.Location = $"/api/models/{source.FullName}/convert/{PublicId.ToHub(made.Id)}";
        return Results.Json(await ViewAsync(made, db, cancel), HubJson.Default.ConversionView, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> List(RepoRoute route, RepoAccess access, HubDb db, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var (canChange, callerId) = (repo.CanBeChangedBy(access.Caller), access.Caller.Id);
        var found = await db.Conversions.AsNoTracking().Where(c => c.RepoId == repo.Id && (c.AskedBy == callerId || (canChange && c.TargetId == repo.Id)))
            .OrderByDescending(c => c.AskedAt).ThenByDescending(c => c.Id).Take(Listed).ToListAsync(cancel);
        var views = new List<ConversionView>();
        foreach (var one in found)
        {
            views.Add(await ViewAsync(one, db, cancel));
        }

        return HubAnswer.Json<IReadOnlyList<ConversionView>>(views, HubJson.Default.IReadOnlyListConversionView);
    }

    private static async Task<IResult> Show(string id, RepoRoute route, RepoAccess access, HubDb db, CancellationToken cancel) =>
        HubAnswer.Json(await ViewAsync(await FindAsync(id, route, access, db, cancel), db, cancel), HubJson.Default.ConversionView);

    /// <summary>What is being made stops within seconds; what is committed stays.</summary>
    private static async Task<NoContent> Cancel(string id, RepoRoute route, RepoAccess access, HubDb db, TimeProvider clock, CancellationToken cancel)
    {
        var found = await FindAsync(id, route, access, db, cancel);
        if (!access.Caller.May(TokenScope.WriteRepos))
        {
            throw HubRefusals.ReadOnly(access.Caller, TokenScope.WriteRepos);
        }

        await db.EndAsync(found.Id, ConversionState.Cancelled, error: null, resultCommit: null, clock, cancel);
        return TypedResults.NoContent();
    }

    /// <summary>For whoever asked, and for those who may change the repository that the file goes to, where it is this one.</summary>
    private static async Task<ModelConversion> FindAsync(string id, RepoRoute route, RepoAccess access, HubDb db, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var found = PublicId.TryParseHub(id, out var conversionId) ? await db.Conversions.AsNoTracking().SingleOrDefaultAsync(c => c.Id == conversionId && c.RepoId == repo.Id, cancel) : null;
        return found is not null && ((access.Caller.IsAuthenticated && found.AskedBy == access.Caller.Id) || (found.TargetId == repo.Id && repo.CanBeChangedBy(access.Caller)))
            ? found
            : throw new Refusal(RefusalCode.NotFound, "There is no such conversion.");
    }

    private static async Task<ConversionView> ViewAsync(ModelConversion one, HubDb db, CancellationToken cancel)
    {
        var target = await db.Repos.AsNoTracking().SingleAsync(r => r.Id == one.TargetId, cancel); // goes with it
        return new ConversionView(
            PublicId.ToHub(one.Id), one.State.ToWire(), one.Progress, one.Type, one.CommitId, target.FullName, one.Path, Instants.ToWire(one.AskedAt),
            one.EndedAt is { } at ? Instants.ToWire(at) : null, one.Error, one.ResultCommit);
    }

    private static RepoRoute Named(string repository) => repository.Split('/') is [var owner, var name]
        ? new RepoRoute(RepoType.Model, owner, name, [])
        : throw new Refusal(RefusalCode.Unprocessable, "\"repository\" must be a model's owner/name.") { Param = "repository" };
}

/// <summary>What somebody wants made.</summary>
internal sealed record NewConversion
{
    /// <summary>As llama.cpp names it; absent: as the weights are stored.</summary>
    public string? Type { get; init; }

    /// <summary>Of the weights; absent: main.</summary>
    public string? Revision { get; init; }

    /// <summary>A GGUF file to quantise; absent: the safetensors at the top of the repository.</summary>
    public string? Source { get; init; }

    /// <summary>The model whose main gets the file, as <c>owner/name</c>; absent: the same.</summary>
    public string? Repository { get; init; }

    /// <summary>Of the file; absent: the model's name with the type.</summary>
    public string? Path { get; init; }
}

/// <param name="State"><c>waiting</c>, <c>running</c>, <c>done</c>, <c>failed</c> or <c>cancelled</c>.</param>
/// <param name="Progress">0 to 1.</param>
/// <param name="Revision">Full commit id of the weights.</param>
/// <param name="Repository">Where the file is committed.</param>
/// <param name="CommitOid">The commit that brought it.</param>
internal sealed record ConversionView(
    string Id, string State, double Progress, string? Type, string Revision, string Repository, string Path, string AskedAt, string? EndedAt, string? Error, string? CommitOid);

internal static class ConversionRows
{
    /// <returns>False: it had ended already.</returns>
    public static async Task<bool> EndAsync(
        this HubDb db, Guid conversionId, ConversionState state, string? error, string? resultCommit, TimeProvider clock, CancellationToken cancel)
    {
        var (now, progress) = (clock.GetUtcNow(), state is ConversionState.Done ? 1 : 0);
        return await db.WriteAsync(
            inner => db.Conversions.Where(c => c.Id == conversionId && (c.State == ConversionState.Waiting || c.State == ConversionState.Running)).ExecuteUpdateAsync(
                c => c.SetProperty(x => x.State, state).SetProperty(x => x.Error, error).SetProperty(x => x.ResultCommit, resultCommit).SetProperty(x => x.EndedAt, now)
                    .SetProperty(x => x.Progress, x => x.Progress > progress ? x.Progress : progress),
                inner),
            cancel) == 1;
    }
}
