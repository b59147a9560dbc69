using System.IO.Compression;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Clones and fetches by git itself (gitprotocol-http).</summary>
internal static class GitReading
{
    private static readonly RefusalCode NoPush = new("push_not_served", 403);

    public static void MapGitReading(this IEndpointRouteBuilder repo)
    {
        repo.MapGet("/info/refs", Advertise);
        repo.MapPost("/git-upload-pack", Serve);
        repo.MapPost("/git-receive-pack", (Action)RefusePush);
    }

    private static async Task Advertise(
        string? service, RepoRoute route, RepoAccess access, RepoStore store, UploadPack uploadPack, HttpContext context, CancellationToken cancel)
    {
        if (service is "git-receive-pack")
        {
            await access.ToChangeAsync(route, cancel);
            RefusePush();
        }

        var repo = await access.ToReadAsync(route, cancel);
        if (service is not "git-upload-pack")
        {
            throw new Refusal(RefusalCode.Forbidden, "This server speaks git's smart HTTP protocol only. Use git 1.6.6 or newer.");
        }

        Answer(context, "application/x-git-upload-pack-advertisement");
        await uploadPack.AdvertiseAsync(store.Open(repo.Id), Protocol(context), context.Response.Body, cancel);
    }

    private static async Task Serve(RepoRoute route, RepoAccess access, RepoStore store, UploadPack uploadPack, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var isZipped = context.Request.Headers.ContentEncoding.ToString() is "gzip" or "x-gzip";
        await using var body = isZipped ? new GZipStream(context.Request.Body, CompressionMode.Decompress) : context.Request.Body;
        Answer(context, "application/x-git-upload-pack-result");
        await uploadPack.ServeAsync(store.Open(repo.Id), Protocol(context), body, context.Response.Body, cancel);
    }

    private static void RefusePush() => throw new Refusal(NoPush, "Pushing with git is not served yet. Upload with a hub client instead.");

    private static void Answer(HttpContext context, string mediaType)
    {
        context.Response.ContentType = mediaType;
        context.Response.Headers.CacheControl = "no-cache, max-age=0, must-revalidate";
    }

    private static string? Protocol(HttpContext context) => context.Request.Headers["Git-Protocol"] is [{ } protocol] ? protocol : null;
}

internal static class BasicChallenge
{
    /// <summary>Says with every 401 how to sign in: git asks for a password only then, and git-lfs looks at its own header.</summary>
    public static RouteGroupBuilder WithBasicChallenge(this RouteGroupBuilder routes) => routes.AddEndpointFilter(static async (call, next) =>
    {
        try
        {
            return await next(call);
        }
        catch (Refusal refusal) when (refusal.Code.Status is StatusCodes.Status401Unauthorized)
        {
            var response = call.HttpContext.Response;
            response.OnStarting(() =>
            {
                response.Headers.WWWAuthenticate = "Basic realm=\"Lodestone\"";
                response.Headers["LFS-Authenticate"] = "Basic realm=\"Lodestone\"";
                return Task.CompletedTask;
            });
            throw;
        }
    });
}
