using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Where clients get their Xet tokens. Newer ones read the body, older ones the headers.</summary>
internal static class XetTokenRoutes
{
    public static void MapXetTokens(this IEndpointRouteBuilder repo)
    {
        repo.MapGet("/xet-read-token/{**rev}", Read);
        repo.MapGet("/xet-write-token/{**rev}", Write);
    }

    private static async Task<IResult> Read(RepoRoute route, RepoAccess access, XetTokens tokens, HttpContext context, CancellationToken cancel)
    {
        var repo = (await access.ToReadContentAsync(route, cancel)).Repo;
        return await AnswerAsync(tokens.For(repo, XetScope.Read, access.Caller), tokens, context, cancel);
    }

    /// <summary>The revision may be one that is not there, which some clients call None: chunks belong to no revision, and the commit looks at its own.</summary>
    private static async Task<IResult> Write(
        RepoRoute route, RepoAccess access, PullRequests pullRequests, XetTokens tokens, HubOptions options, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToCommitAsync(route, context.Request.Query.IsTrue("create_pr"), pullRequests, cancel);
        if (!options.Xet)
        {
            throw new Refusal(RefusalCode.NotFound, "This server takes no uploads by Xet. Send large files by LFS: with HF_HUB_DISABLE_XET=1 the Python client does.");
        }

        return await AnswerAsync(tokens.For(repo, XetScope.Write, access.Caller), tokens, context, cancel);
    }

    private static async Task<IResult> AnswerAsync(XetToken token, XetTokens tokens, HttpContext context, CancellationToken cancel)
    {
        var answer = await tokens.GrantAsync(token, context.Request.BaseAddress(), cancel);
        foreach (var (name, value) in answer.ToHeaders())
        {
            context.Response.Headers[name] = value;
        }

        context.Response.Headers.CacheControl = "no-store";
        return HubAnswer.Json(answer, HubJson.Default.XetAnswer);
    }
}
