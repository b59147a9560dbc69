using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Takes shards in. The newer call says how far it is, because large files take a while to prove.</summary>
internal static class ShardUpload
{
    /// <summary>Bytes: 64 MiB, and the footer that some clients send.</summary>
    private const long MostBytes = (64 * 1024 * 1024) + 200;

    /// <summary>Clients give up after minutes of silence.</summary>
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    public static void MapShardUpload(this IEndpointRouteBuilder xet)
    {
        foreach (var place in (string[])["/v1/shards", "/shards", $"/shard/{Xet.Prefix}/{{hash}}"])
        {
            xet.MapPost(place, Upload).WithMetadata(new RequestSizeLimitAttribute(MostBytes));
        }

        xet.MapPost("/v2/shards", UploadAndTell).WithMetadata(new RequestSizeLimitAttribute(MostBytes));
    }

    private static async Task<IResult> Upload(XetTokens tokens, ShardIntake intake, HttpRequest request, CancellationToken cancel)
    {
        var token = await tokens.RequireAsync(request, XetScope.Write, cancel);
        var shard = await ShardReader.ReadAsync(request.BodyReader, cancel);
        var isNew = await intake.TakeAsync(shard, token, new ShardProgress(shard.Files.Count), cancel);
        return HubAnswer.Json(new TakenShard(isNew ? 1 : 0), HubJson.Default.TakenShard);
    }

    /// <summary>
    /// The answer begins when the work is done, or after ten seconds of it. So nearly every refusal still has its status; a late one
    /// is the last line.
    /// </summary>
    private static async Task UploadAndTell(XetTokens tokens, ShardIntake intake, TimeProvider clock, HttpContext context, CancellationToken cancel)
    {
        var token = await tokens.RequireAsync(context.Request, XetScope.Write, cancel);
        var shard = await ShardReader.ReadAsync(context.Request.BodyReader, cancel);
        var progress = new ShardProgress(shard.Files.Count);
        var work = Task.Run(() => intake.TakeAsync(shard, token, progress, cancel), CancellationToken.None); // it reads files and computes, and waits for little
        using (var timer = new PeriodicTimer(Every, clock))
        {
            // The tick is not cancelled: the work ends when the client leaves, and must not outlive the request.
            while (await Task.WhenAny(work, timer.WaitForNextTickAsync(CancellationToken.None).AsTask()) != work)
            {
                await WriteAsync(context.Response, progress.Now);
            }
        }

        try
        {
            await WriteAsync(context.Response, new ShardEvent("result") { Result = await work ? 1 : 0 });
        }
        catch (Refusal refusal) when (context.Response.HasStarted)
        {
            await WriteAsync(context.Response, new ShardEvent("error") { Message = refusal.Message, Retryable = false });
        }
        catch (Exception) when (context.Response.HasStarted && !cancel.IsCancellationRequested)
        {
            await WriteAsync(context.Response, new ShardEvent("error") { Message = "Something failed on our side. Send the shard again.", Retryable = true });
            throw;
        }
    }

    private static async Task WriteAsync(HttpResponse response, ShardEvent happened)
    {
        if (!response.HasStarted)
        {
            response.ContentType = "application/x-ndjson";
        }

        await response.BodyWriter.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(happened, HubJson.Default.ShardEvent), CancellationToken.None);
        await response.BodyWriter.WriteAsync("\n"u8.ToArray(), CancellationToken.None);
    }
}

/// <param name="Result">1; 0 when all of it was known.</param>
internal sealed record TakenShard(int Result);
