using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Lodestone.Hub;

/// <summary>Pushes over smart HTTP, protocol 0 and 1: git has no other for pushing.</summary>
internal static class GitWriting
{
    /// <summary>A client may be busy compressing between two parts of its pack.</summary>
    private static readonly MinDataRate SlowestPush = new(bytesPerSecond: 100, gracePeriod: TimeSpan.FromMinutes(1));

    public static void MapGitWriting(this IEndpointRouteBuilder repo) => repo.MapPost("/git-receive-pack", Receive);

    /// <summary>The answer to <c>GET info/refs?service=git-receive-pack</c>: every reference, so that the client sends only what is new.</summary>
    public static async Task AdvertiseAsync(RepoRoute route, RepoAccess access, PullRequests pullRequests, RepoStore store, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToPushAsync(route, pullRequests, cancel);
        var references = store.Open(repo.Id).References.List();
        var answer = new MemoryStream();
        answer.Write(PktLine.Of("# service=git-receive-pack\n"));
        answer.Write(PktLine.Flush);
        if (GitBody.Protocol(context.Request)?.Contains("version=1", StringComparison.Ordinal) == true)
        {
            answer.Write(PktLine.Of("version 1\n"));
        }

        var lines = references.Select(r => $"{r.Target} {r.Name}").DefaultIfEmpty($"{ObjectId.Zero} capabilities^{{}}");
        foreach (var (line, isFirst) in lines.Select((line, i) => (line, i == 0)))
        {
            answer.Write(PktLine.Of(isFirst ? $"{line}\0{PushRequest.Capabilities}\n" : $"{line}\n"));
        }

        answer.Write(PktLine.Flush);
        GitBody.Begin(context.Response, "application/x-git-receive-pack-advertisement");
        await context.Response.Body.WriteAsync(answer.GetBuffer().AsMemory(0, (int)answer.Length), cancel);
    }

    private static async Task Receive(
        RepoRoute route, RepoAccess access, PullRequests pullRequests, RepoStore store, Pushing pushing, PushLimits limits, TimeProvider clock, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToPushAsync(route, pullRequests, cancel);
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = SlowestPush;
        }

        await using var body = GitBody.Unzipped(context.Request);
        var push = await PushRequest.ReadAsync(body, limits.Commands, cancel);
        GitBody.Begin(context.Response, "application/x-git-receive-pack-result");
        if (push.Commands.Count > 0) // else the client only asks whether it may send: git does before a large push
        {
            await pushing.ReceiveAsync(repo, store.Open(repo.Id), push, body, new PushAnswer(push, context.Response.Body, clock), cancel);
        }
    }
}
