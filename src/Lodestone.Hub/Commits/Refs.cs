using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Branches and tags.</summary>
internal static class Refs
{
    private const string Converts = "refs/convert/";

    public static void MapRefs(this IEndpointRouteBuilder repo)
    {
        repo.MapGet("/refs", List);
        repo.MapPost("/branch/{**branch}", CreateBranch);
        repo.MapDelete("/branch/{**branch}", DeleteBranch);
        repo.MapPost("/tag/{**rev}", CreateTag);
        repo.MapDelete("/tag/{**tag}", DeleteTag);
    }

    private static async Task<IResult> List(RepoRoute route, RepoAccess access, RepoStore store, HttpRequest request, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var git = store.Open(repo.Id);
        var isWithPullRequests = request.Query.IsTrue("include_prs") || request.Query.IsTrue("include_pull_requests");
        var refs = new RepoRefs(
            Under(git, RefName.Branches), Under(git, Converts), Under(git, RefName.Tags), isWithPullRequests ? Under(git, PullRequests.Prefix) : null);
        return HubAnswer.Json(refs, HubJson.Default.RepoRefs);
    }

    public static async Task<IResult> CreateBranch(
        NewBranch asked, RepoRoute route, RepoAccess access, RepoStore store, RepoRefresh refresh, TimeProvider clock, CancellationToken cancel)
    {
        var repo = await access.ToChangeAsync(route, cancel);
        if (route.Revision.StartsWith("refs/", StringComparison.Ordinal) || !RefName.IsValidBranch(route.Revision))
        {
            throw new Refusal(RefusalCode.Invalid, "Invalid reference for a branch");
        }

        var git = store.Open(repo.Id);
        var name = RefName.Branches + route.Revision;
        if (asked is { Overwrite: true, StartingPoint: null, EmptyBranch: not true } && git.References.Find(name) is not null)
        {
            return Results.Ok(); // it may be there, and nobody says that it should be elsewhere
        }

        using var pack = git.NewPack();
        var start = asked.EmptyBranch is true
            ? pack.Write(Empty(GitAuthor.Of(access.Caller, clock), pack))
            : RevisionPath.OfRevision(git, asked.StartingPoint ?? "main").Commit;
        using var complete = pack.Complete();
        var old = asked.Overwrite is true ? git.References.Find(name) : null;
        var update = new RefUpdate(name, old, start);
        RequirePublished(await git.Publish([complete], [update], cancel), name);
        await refresh.AfterMoveAsync(repo.Id, git, [update], access.Caller.Id);
        return Results.Ok();
    }

    public static async Task<IResult> DeleteBranch(RepoRoute route, RepoAccess access, RepoStore store, RepoRefresh refresh, CancellationToken cancel)
    {
        var repo = await access.ToChangeAsync(route, cancel);
        if (route.Revision is "main")
        {
            throw new Refusal(RefusalCode.Forbidden, "Cannot delete refs/heads/main");
        }

        await DeleteAsync(store.Open(repo.Id), repo.Id, RefName.Branches + route.Revision, access, refresh, cancel);
        return Results.Ok();
    }

    public static async Task<IResult> CreateTag(
        NewTag asked, RepoRoute route, RepoAccess access, RepoStore store, RepoRefresh refresh, TimeProvider clock, CancellationToken cancel)
    {
        var repo = await access.ToChangeAsync(route, cancel);
        var git = store.Open(repo.Id);
        var commit = RevisionPath.OfRevision(git, route.Revision).Commit;
        if (asked.Tag is not { } tag || !RefName.IsValidTag(tag))
        {
            throw new Refusal(RefusalCode.Invalid, $"'{asked.Tag}' cannot be the name of a tag.") { Param = "tag" };
        }

        using var pack = git.NewPack();
        var target = asked.Message?.Replace("\0", "", StringComparison.Ordinal) is { Length: > 0 } message // git would end it there
            ? pack.Write(new GitTag(commit, GitObjectType.Commit, tag, GitAuthor.Of(access.Caller, clock), message))
            : commit;
        using var complete = pack.Complete();
        var update = new RefUpdate(RefName.Tags + tag, null, target);
        RequirePublished(await git.Publish([complete], [update], cancel), update.Name);
        await refresh.AfterMoveAsync(repo.Id, git, [update], access.Caller.Id);
        return Results.Ok();
    }

    public static async Task<IResult> DeleteTag(RepoRoute route, RepoAccess access, RepoStore store, RepoRefresh refresh, CancellationToken cancel)
    {
        var repo = await access.ToChangeAsync(route, cancel);
        await DeleteAsync(store.Open(repo.Id), repo.Id, RefName.Tags + route.Revision, access, refresh, cancel);
        return Results.Ok();
    }

    private static async Task DeleteAsync(GitRepository git, Guid repoId, string name, RepoAccess access, RepoRefresh refresh, CancellationToken cancel)
    {
        var old = git.References.Find(name) ?? throw HubRefusals.RevisionNotFound(name.Split('/', 3)[2]);
        var update = new RefUpdate(name, old, null);
        RequirePublished(await git.Publish([], [update], cancel), name);
        await refresh.AfterMoveAsync(repoId, git, [update], access.Caller.Id);
    }

    private static GitCommit Empty(GitSignature author, PackWriter pack) => new(pack.Write(GitObjectType.Tree, []), [], author, author, "initial commit");

    private static void RequirePublished(PublishOutcome outcome, string name)
    {
        if (outcome is not Published)
        {
            throw new Refusal(RefusalCode.Conflict, outcome is NameTaken taken ? $"{name} cannot be, because {taken.By} exists" : $"Reference {name} already exists");
        }
    }

    private static List<RepoRef> Under(GitRepository git, string prefix) =>
        [.. git.References.List(prefix).Select(r => new RepoRef(
            prefix is PullRequests.Prefix ? r.Name : r.Name[prefix.Length..], r.Name, (git.Revisions.Peel(r.Target) ?? r.Target).ToString()))];
}

/// <param name="PullRequests">Only where asked for.</param>
internal sealed record RepoRefs(
    IReadOnlyList<RepoRef> Branches, IReadOnlyList<RepoRef> Converts, IReadOnlyList<RepoRef> Tags, IReadOnlyList<RepoRef>? PullRequests);

/// <param name="Ref">In full: <c>refs/heads/main</c>.</param>
/// <param name="TargetCommit">Full commit id, annotated tags followed.</param>
internal sealed record RepoRef(string Name, string Ref, string TargetCommit);

/// <param name="StartingPoint">A revision; absent: main.</param>
/// <param name="EmptyBranch">Begins with one commit without files.</param>
/// <param name="Overwrite">A branch that exists is moved to the starting point, or left as it is where none is given.</param>
internal sealed record NewBranch(string? StartingPoint, bool? EmptyBranch, bool? Overwrite)
{
    /// <summary>Clients also send <c>null</c>, or nothing and no media type, which routing would take for another route's request.</summary>
    public static async ValueTask<NewBranch?> BindAsync(HttpContext context)
    {
        return await context.Request.ReadBodyAsync(HubJson.Default.NewBranch) ?? new NewBranch(null, null, null);
    }
}

/// <param name="Message">Makes it an annotated tag.</param>
internal sealed record NewTag(string? Tag, string? Message);
