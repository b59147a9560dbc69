using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Clones and fetches (gitprotocol-http).</summary>
internal static class GitReading
{
    public static void MapGitReading(this IEndpointRouteBuilder repo)
    {
        repo.MapGet("/info/refs", Advertise);
        repo.MapPost("/git-upload-pack", Serve);
    }

    private static async Task Advertise(
        string? service, RepoRoute route, RepoAccess access, RepoStore store, UploadPack uploadPack, HttpContext context, CancellationToken cancel)
    {
        if (service is "git-receive-pack")
        {
            await GitWriting.AdvertiseAsync(route, access, store, context, cancel);
            return;
        }

        var repo = await access.ToServeAsync(route, cancel);
        if (service is not "git-upload-pack")
        {
            throw new Refusal(RefusalCode.Forbidden, "This server speaks git's smart HTTP protocol only. Use git 1.6.6 or newer.");
        }

        GitBody.Begin(context.Response, "application/x-git-upload-pack-advertisement");
        await uploadPack.AdvertiseAsync(store.Open(repo.Id), GitBody.Protocol(context.Request), context.Response.Body, cancel);
    }

    private static async Task Serve(
        RepoRoute route, RepoAccess access, RepoStore store, UploadPack uploadPack, TrafficLog traffic, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToServeAsync(route, cancel);
        traffic.Add(traffic.Begin(context, repo.Id, access.Caller.Id) with { Path = "" });
        await using var body = GitBody.Unzipped(context.Request);
        GitBody.Begin(context.Response, "application/x-git-upload-pack-result");
        await uploadPack.ServeAsync(store.Open(repo.Id), GitBody.Protocol(context.Request), body, context.Response.Body, cancel);
    }
}
