using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>
/// Files by revision and path: <c>resolve</c> gives contents, <c>raw</c> what git has (a large file's pointer). Never anything
/// that a browser would run: what is uploaded here must not act in our name.
/// </summary>
internal static class Resolve
{
    private static readonly string[] Verbs = [HttpMethods.Get, HttpMethods.Head];

    public static void MapResolve(this IEndpointRouteBuilder repo)
    {
        repo.MapMethods("/resolve/{**rest}", Verbs, Content);
        repo.MapMethods("/raw/{**rest}", Verbs, Raw);
    }

    private static async Task<IResult> Content(
        RepoRoute route, RepoAccess access, RepoStore store, RepoContent content, HeldLately held, TrafficLog traffic, GatedDownloads gated, HttpContext context, CancellationToken cancel)
    {
        var (readable, tree, file, stands) = await FindAsync(route, access, store, context, cancel);
        var repo = readable.Repo;
        var (response, offer) = (context.Response, default(XetOffer));
        if (file.Large is { } large)
        {
            // Deleted for good where it is not held: the pointer leads nowhere.
            var known = await held.FindAsync(repo.Id, large.Digest, cancel) ?? throw HubRefusals.EntryNotFound(tree.Commit);
            offer = known.Xet is { } hash ? XetOffer.Make(context, repo, tree.Commit, large, hash) : null;
            response.Headers["X-Linked-Etag"] = $"\"{large.Digest}\"";
            response.Headers["X-Linked-Size"] = large.Size.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        Describe(context, file);
        if (offer is not null && XetOffer.IsAskedFor(context.Request))
        {
            return HubAnswer.Json(offer, HubJson.Default.XetOffer, XetOffer.MediaType);
        }

        var seen = traffic.Begin(context, repo.Id, access.Caller.Id) with { Revision = tree.Commit.ToString(), Path = file.Path };
        return new Delivery(file.Size, file.ETag, (start, stop) => content.OpenAsync(tree, file, start, stop))
        {
            Stands = stands,
            Sending = gated.Watch(readable, access.Caller, DownloadWay.File, tree.Commit, file.Path),
            Sent = (start, length) => traffic.Add(seen with { Start = start, Length = length }),
        };
    }

    private static async Task<IResult> Raw(RepoRoute route, RepoAccess access, RepoStore store, GatedDownloads gated, HttpContext context, CancellationToken cancel)
    {
        var (readable, tree, file, _) = await FindAsync(route, access, store, context, cancel);
        Describe(context, file);
        var size = file.Large is null ? file.Size : file.PointerSize;
        return new Delivery(size, file.Id.ToString(), (start, _) => Task.FromResult(RepoContent.OpenInGit(tree, file, start)))
        {
            Sending = gated.Watch(readable, access.Caller, DownloadWay.Raw, tree.Commit, file.Path),
        };
    }

    private static async Task<(ReadableRepo Repo, RepoTree Tree, RepoEntry File, Func<bool> Stands)> FindAsync(
        RepoRoute route, RepoAccess access, RepoStore store, HttpContext context, CancellationToken cancel)
    {
        var readable = await access.ToReadContentAsync(route, cancel);
        var git = store.Open(readable.Repo.Id);
        var generation = git.References.Generation; // before they are read
        var at = RevisionPath.Read(git, route.Rest);
        var tree = new RepoTree(git, at.Commit);
        var file = tree.Find(at.Path) is { IsFolder: false } found ? found : throw HubRefusals.EntryNotFound(at.Commit);
        context.Response.Headers["X-Repo-Commit"] = at.Commit.ToString();
        return (readable, tree, file, () => git.References.Generation == generation);
    }

    private static void Describe(HttpContext context, RepoEntry file)
    {
        var (query, headers) = (context.Request.Query, context.Response.Headers);
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = FileViews.IsDrawing(file.Path) ? HubAnswer.Drawing : HubAnswer.NotAPage;
        context.Response.ContentType = FileKinds.ContentType(file.Path);
        if (!query.IsTrue("noContentDisposition"))
        {
            headers.ContentDisposition = FileKinds.Disposition(file.Path, isAttachment: query.IsTrue("download"));
        }
    }
}
