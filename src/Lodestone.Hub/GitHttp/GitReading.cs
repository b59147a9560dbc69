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
        string? service, RepoRoute route, RepoAccess access, PullRequests pullRequests, RepoStore store, UploadPack uploadPack, HttpContext context, CancellationToken cancel)
    {
        if (service is "git-receive-pack")
        {
            await GitWriting.AdvertiseAsync(route, access, pullRequests, store, context, cancel);
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
        RepoRoute route, RepoAccess access, Gates gates, GatedDownloads gated, TrafficLog traffic, RepoStore store, UploadPack uploadPack, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToServeAsync(route, cancel);
        traffic.Add(traffic.Begin(context, repo.Id, access.Caller.Id) with { Path = "" });
        var admission = await gates.OfAsync(repo, access.Caller, cancel);
        await using var body = GitBody.Unzipped(context.Request);
        if (!admission.IsAdmitted)
        {
            await ServeReferencesAsync(repo, route, access, store, body, context, cancel);
            return;
        }

        GitBody.Begin(context.Response, "application/x-git-upload-pack-result");
        await using var answer = new CountingStream(context.Response.Body);
        var isFetch = true;
        try
        {
            isFetch = await uploadPack.ServeAsync(store.Open(repo.Id), GitBody.Protocol(context.Request), body, answer, cancel);
        }
        finally
        {
            if (isFetch)
            {
                gated.Note(new ReadableRepo(repo, admission.Through), access.Caller, DownloadWay.Git, null, "", answer.Written);
            }
        }
    }

    /// <summary>At a gate that is closed: the names of branches and tags, and no objects. Git prints what the line says and nothing else.</summary>
    private static async Task ServeReferencesAsync(
        Repo repo, RepoRoute route, RepoAccess access, RepoStore store, Stream body, HttpContext context, CancellationToken cancel)
    {
        var isVersion2 = GitBody.Protocol(context.Request)?.Contains("version=2", StringComparison.Ordinal) is true;
        if (isVersion2 && ListRefs.IsAsked(await PktLine.ReadAsync(body, cancel)))
        {
            GitBody.Begin(context.Response, "application/x-git-upload-pack-result");
            await ListRefs.AnswerAsync(store.Open(repo.Id), body, context.Response.Body, cancel);
            return;
        }

        try
        {
            await access.ToReadContentAsync(route, cancel);
        }
        catch (Refusal refusal) when (refusal.Code.Status is StatusCodes.Status403Forbidden) // a 401 has git ask for a password; of any other status it shows the number alone
        {
            context.Response.Headers["X-Error-Code"] = refusal.Code.HubCode;
            GitBody.Begin(context.Response, "application/x-git-upload-pack-result");
            await context.Response.Body.WriteAsync(PktLine.Of($"ERR {refusal.Message}\n"), cancel);
        }
    }
}
