using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Commits as hub clients send them: lines of JSON, streamed.</summary>
internal static class CommitUpload
{
    public static void MapCommitUpload(this IEndpointRouteBuilder repo) => repo.MapPost("/commit/{**rev}", Commit).WithMetadata(new DisableRequestSizeLimitAttribute());

    private static async Task<IResult> Commit(
        RepoRoute route, RepoAccess access, RepoStore store, Committing committing, StorageQuota quota, HttpRequest request, CancellationToken cancel)
    {
        NoPullRequests.Refuse(request);
        var repo = await access.ToChangeAsync(route, cancel);
        var git = store.Open(repo.Id);
        using var pack = git.NewPack();
        var commit = await new CommitReader(pack).ReadAsync(request.BodyReader, cancel);
        if (commit.Changes.Any(change => change is not DeleteEntry))
        {
            await quota.RequireWritableAsync(repo, cancel);
        }

        var made = await committing.CommitAsync(repo, git, route.Revision, commit, pack, access.Caller, cancel);
        var url = $"{request.BaseAddress()}/{repo.Type.Prefix()}{repo.FullName}/commit/{made}";
        return HubAnswer.Json(new CommitAnswer(Success: true, made.ToString(), url, HookOutput: ""), HubJson.Default.CommitAnswer);
    }
}

internal static class NoPullRequests
{
    private static readonly RefusalCode NotServed = new("pull_requests_not_served", 501);

    /// <summary>Somebody who asks for a pull request must not find the change on the branch itself.</summary>
    public static void Refuse(HttpRequest request)
    {
        if (request.Query.IsTrue("create_pr"))
        {
            throw new Refusal(NotServed, "Pull requests are not served yet. Commit to a branch of your own instead.");
        }
    }
}

/// <param name="CommitOid">Full commit id.</param>
/// <param name="CommitUrl">Of the commit's page, on the host that the client called.</param>
internal sealed record CommitAnswer(bool Success, string CommitOid, string CommitUrl, string HookOutput);
