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
        RepoRoute route, RepoAccess access, RepoStore store, Committing committing, HttpRequest request, CancellationToken cancel)
    {
        var repo = await access.ToChangeAsync(route, cancel);
        var git = store.Open(repo.Id);
        using var pack = git.NewPack();
        var commit = await new CommitReader(pack).ReadAsync(request.BodyReader, cancel);
        var made = await committing.CommitAsync(repo, git, route.Revision, commit, pack, access.Caller, cancel);
        var url = $"{request.BaseAddress()}/{repo.Type.Prefix()}{repo.FullName}/commit/{made}";
        return HubAnswer.Json(new CommitAnswer(Success: true, made.ToString(), url, HookOutput: ""), HubJson.Default.CommitAnswer);
    }
}

/// <param name="CommitOid">Full commit id.</param>
/// <param name="CommitUrl">Of the commit's page, on the host that the client called.</param>
internal sealed record CommitAnswer(bool Success, string CommitOid, string CommitUrl, string HookOutput);
