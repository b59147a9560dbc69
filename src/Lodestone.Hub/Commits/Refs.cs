using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Branches and tags.</summary>
internal static class Refs
{
    private const string Converts = "refs/convert/";
    private const string PullRequests = "refs/pr/";

    public static void MapRefs(this IEndpointRouteBuilder repo) => repo.MapGet("/refs", List);

    private static async Task<IResult> List(RepoRoute route, RepoAccess access, RepoStore store, HttpRequest request, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var git = store.Open(repo.Id);
        var isWithPullRequests = request.Query.IsTrue("include_prs") || request.Query.IsTrue("include_pull_requests");
        var refs = new RepoRefs(
            Under(git, RefName.Branches), Under(git, Converts), Under(git, RefName.Tags), isWithPullRequests ? Under(git, PullRequests) : null);
        return HubAnswer.Json(refs, HubJson.Default.RepoRefs);
    }

    private static List<RepoRef> Under(GitRepository git, string prefix) =>
        [.. git.References.List(prefix).Select(r => new RepoRef(
            prefix is PullRequests ? r.Name : r.Name[prefix.Length..], r.Name, (git.Revisions.Peel(r.Target) ?? r.Target).ToString()))];
}

/// <param name="PullRequests">Only where asked for.</param>
internal sealed record RepoRefs(
    IReadOnlyList<RepoRef> Branches, IReadOnlyList<RepoRef> Converts, IReadOnlyList<RepoRef> Tags, IReadOnlyList<RepoRef>? PullRequests);

/// <param name="Ref">In full: <c>refs/heads/main</c>.</param>
/// <param name="TargetCommit">Full commit id, annotated tags followed.</param>
internal sealed record RepoRef(string Name, string Ref, string TargetCommit);
