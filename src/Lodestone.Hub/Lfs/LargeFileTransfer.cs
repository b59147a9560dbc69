using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>The bytes of large files, by signed links.</summary>
internal static class LargeFileTransfer
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    public static void MapLargeFileTransfer(this IEndpointRouteBuilder routes)
    {
        routes.MapPut("/api/lfs/{repo}/{oid}", Upload).WithMetadata(new DisableRequestSizeLimitAttribute());
        routes.MapPut("/api/lfs/{repo}/{oid}/{number:int}", UploadPart).WithMetadata(new DisableRequestSizeLimitAttribute());
        routes.MapPost("/api/lfs/{repo}/{oid}", Complete);
        routes.MapPost("/api/lfs/{repo}/{oid}/verify", Verify);
        routes.MapMethods("/api/lfs/{repo}/{oid}", Reading, Download);
    }

    /// <summary>
    /// The bytes are hashed as they come, and durable before the row says that the repository holds them. Sending them again changes nothing.
    /// </summary>
    private static async Task<IResult> Upload(
        [AsParameters] SignedLink signed, LargeFileIntake intake, IBlobStore blobs, LinkKeys keys, TimeProvider clock, HttpContext context, CancellationToken cancel)
    {
        var link = LargeFileLink.Read(signed, LargeFileOperation.Upload, await keys.CurrentAsync(cancel), clock);
        await intake.RequireRepoAsync(link.RepoId, cancel);
        var blob = await blobs.WriteAsync(context.Request.BodyReader, link.Digest, link.Size, cancel);
        await intake.HoldAsync(link.RepoId, blob, cancel);
        context.Response.Headers.ETag = $"\"{blob.Digest}\"";
        return Results.Ok();
    }

    /// <summary>A part that is there is answered before its bytes are read: a client that starts over is soon where it was.</summary>
    private static async Task<IResult> UploadPart(
        [AsParameters] SignedLink signed, int number, LargeFileIntake intake, PartialBlobs partials, LinkKeys keys, TimeProvider clock, HttpContext context, CancellationToken cancel)
    {
        var link = LargeFileLink.Read(signed, LargeFileOperation.UploadParts, await keys.CurrentAsync(cancel), clock);
        if (number < 1 || number > link.Upload.Parts)
        {
            throw new Refusal(RefusalCode.NotFound, $"The upload has {link.Upload.Parts} parts, and no part {number}.");
        }

        await intake.RequireRepoAsync(link.RepoId, cancel);
        if (!await intake.IsHeldAsync(link.RepoId, link.Digest, cancel))
        {
            await partials.WriteAsync(link.Upload, number, context.Request.BodyReader, cancel);
        }

        context.Response.Headers.ETag = UploadParts.ETag(link.Digest, number);
        return Results.Ok();
    }

    /// <summary>Not cancellable: all bytes are here, and a client that gave up waiting asks again.</summary>
    private static async Task<IResult> Complete(
        LfsCompletion sent, [AsParameters] SignedLink signed, LargeFileIntake intake, PartialBlobs partials, LinkKeys keys, TimeProvider clock, CancellationToken cancel)
    {
        var link = LargeFileLink.Read(signed, LargeFileOperation.UploadParts, await keys.CurrentAsync(cancel), clock);
        RequireParts(sent, link);
        await intake.RequireRepoAsync(link.RepoId, cancel);
        if (!await intake.IsHeldAsync(link.RepoId, link.Digest, cancel))
        {
            await partials.CompleteAsync(link.Upload, blob => intake.HoldAsync(link.RepoId, blob, CancellationToken.None));
        }

        return Results.Ok();
    }

    /// <summary>
    /// The upload itself was checked byte by byte; this only tells the client so. By a signed link like the rest: git-lfs sends no
    /// token where the batch said that the links are authenticated.
    /// </summary>
    private static async Task<IResult> Verify(
        LfsRequestObject asked, [AsParameters] SignedLink signed, HubDb db, LinkKeys keys, TimeProvider clock, CancellationToken cancel)
    {
        var link = LargeFileLink.Read(signed, LargeFileOperation.Verify, await keys.CurrentAsync(cancel), clock);
        if (asked.Digest() != link.Digest || !(await db.HeldAsync(link.RepoId, [link.Digest], cancel)).TryGetValue(link.Digest.Hex, out var size))
        {
            throw new Refusal(RefusalCode.NotFound, "The repository does not hold this object. Upload it first.");
        }

        return size == asked.Size ? Results.Ok() : throw new Refusal(RefusalCode.Unprocessable, $"The object has {size} bytes, not {asked.Size}.");
    }

    private static async Task<IResult> Download(
        [AsParameters] SignedLink signed, HeldLately held, LargeFiles files, LinkKeys keys, TrafficLog traffic, TimeProvider clock, HttpContext context, CancellationToken cancel)
    {
        var link = LargeFileLink.Read(signed, LargeFileOperation.Download, await keys.CurrentAsync(cancel), clock);
        if (!await held.HoldsAsync(link.RepoId, link.Digest, cancel))
        {
            throw new Refusal(RefusalCode.NotFound, "The repository does not hold this file any more.");
        }

        context.Response.ContentType = "application/octet-stream";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        var seen = traffic.Begin(context, link.RepoId, Guid.Empty) with { Sha256 = link.Digest.Hex };
        return new Delivery(link.Size, link.Digest.Hex, async (start, stop) =>
        {
            var content = await files.OpenAsync(link.Digest, stop);
            content.Seek(start, SeekOrigin.Begin);
            return content;
        })
        {
            Stands = () => link.ExpiresAt > clock.GetUtcNow(),
            Sent = (start, length) => traffic.Add(seen with { Start = start, Length = length }),
        };
    }

    private static void RequireParts(LfsCompletion sent, LargeFileLink link)
    {
        if (sent.Oid != link.Digest.Hex)
        {
            throw new Refusal(RefusalCode.Invalid, $"\"oid\" must be {link.Digest}, which the link is for.") { Param = "oid" };
        }

        var etags = (sent.Parts ?? []).OfType<LfsPart>().Select(p => (p.PartNumber, Etag: $"\"{p.Etag?.Trim('"')}\"")).Distinct().OrderBy(p => p.PartNumber);
        var expected = Enumerable.Range(1, link.Upload.Parts).Select(number => (number, UploadParts.ETag(link.Digest, number)));
        if (!etags.SequenceEqual(expected))
        {
            throw new Refusal(RefusalCode.Invalid, $"\"parts\" must list the numbers 1 to {link.Upload.Parts}, each with the ETag that its upload was answered with.") { Param = "parts" };
        }
    }
}
