using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>The bytes of large files, by signed links.</summary>
internal static class LargeFileTransfer
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    public static void MapLargeFileTransfer(this IEndpointRouteBuilder routes)
    {
        routes.MapPut("/api/lfs/{repo}/{oid}", Upload).WithMetadata(new DisableRequestSizeLimitAttribute());
        routes.MapMethods("/api/lfs/{repo}/{oid}", Reading, Download);
    }

    /// <summary>
    /// The bytes are hashed as they come, and durable before the row says that the repository holds them. Sending them again changes nothing.
    /// </summary>
    private static async Task<IResult> Upload(
        [AsParameters] SignedLink signed, HubDb db, IBlobStore blobs, LinkKeys keys, TimeProvider clock, HttpContext context, CancellationToken cancel)
    {
        var link = signed.Read(LargeFileOperation.Upload, await keys.CurrentAsync(cancel), clock);
        await RequireRepoAsync(db, link.RepoId, cancel);
        var blob = await blobs.WriteAsync(context.Request.Body, link.Digest, link.Size, cancel);
        db.LfsObjects.Add(new LfsObject(link.RepoId, blob.Digest.Hex, blob.Size, clock.GetUtcNow()));
        await db.TrySaveAsync(cancel); // false: it was held already
        context.Response.Headers.ETag = $"\"{blob.Digest}\"";
        return Results.Ok();
    }

    private static async Task<IResult> Download(
        [AsParameters] SignedLink signed, HubDb db, IBlobStore blobs, LinkKeys keys, TimeProvider clock, HttpContext context, CancellationToken cancel)
    {
        var link = signed.Read(LargeFileOperation.Download, await keys.CurrentAsync(cancel), clock);
        await RequireRepoAsync(db, link.RepoId, cancel);
        context.Response.ContentType = "application/octet-stream";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return new Delivery(link.Size, link.Digest.Hex, async (start, stop) =>
        {
            var content = await blobs.OpenAsync(link.Digest, stop);
            content.Seek(start, SeekOrigin.Begin);
            return content;
        });
    }

    /// <summary>A link outlives neither its hours nor its repository. Who may use it was settled when it was made.</summary>
    private static async Task RequireRepoAsync(HubDb db, Guid repoId, CancellationToken cancel)
    {
        if (!await db.Repos.AnyAsync(r => r.Id == repoId, cancel))
        {
            throw new Refusal(RefusalCode.NotFound, "The repository is gone.");
        }
    }
}

/// <summary>A link's parts as they come in.</summary>
internal readonly record struct SignedLink(string Repo, string Oid, long Size, long Expires, string Signature)
{
    public LargeFileLink Read(LargeFileOperation operation, byte[] secret, TimeProvider clock) =>
        LargeFileLink.Read(Repo, Oid, Size, Expires, Signature, operation, secret, clock);
}
