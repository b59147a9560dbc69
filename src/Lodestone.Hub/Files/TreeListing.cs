using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>Files and folders of a revision, page by page, and some of them by path.</summary>
internal static class TreeListing
{
    private const int PageSize = 1000;
    private const int ExpandedPageSize = 100;

    public static void MapTreeListing(this IEndpointRouteBuilder repo) => repo.MapGet("/tree/{**rest}", List);

    private static async Task<IResult> List(RepoRoute route, RepoAccess access, RepoStore store, HubDb db, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var git = store.Open(repo.Id);
        var at = RevisionPath.Read(git, route.Rest);
        var tree = new RepoTree(git, at.Commit);
        if (at.Path.Length > 0 && tree.FindEntry(at.Path) is not { IsFolder: true })
        {
            throw HubRefusals.EntryNotFound(at.Commit);
        }

        var query = context.Request.Query;
        var size = query.IsTrue("expand") ? ExpandedPageSize : PageSize;
        var limit = query.Whole("limit") is { } asked ? (int)Math.Clamp(asked, 1, size) : size;
        var page = tree.List(at.Path, query.IsTrue("recursive"), Cursor.Decode(query["cursor"])).Take(limit + 1).ToList();
        if (page.Count > limit)
        {
            page.RemoveAt(limit);
            Cursor.LinkNext(context, page[^1].Path);
        }

        var last = query.IsTrue("expand") ? LastChanges.Of(git, at.Commit, page, cancel) : null;
        var chunked = await db.XetHashesAsync(repo.Id, page, cancel);
        context.Response.Headers["X-Repo-Commit"] = at.Commit.ToString();
        return HubAnswer.Json<IReadOnlyList<TreeItem>>([.. page.Select(e => TreeItem.Of(e, last, chunked))], HubJson.Default.IReadOnlyListTreeItem);
    }
}

/// <param name="Type"><c>file</c> or <c>directory</c>.</param>
/// <param name="Oid">Git's id; of a large file's pointer.</param>
/// <param name="Size">Bytes of the content.</param>
/// <param name="LastCommit">Only where asked for.</param>
/// <param name="SecurityFileStatus">Likewise.</param>
/// <param name="XetHash">Of a file that can be had as chunks: clients may ask for it without looking further.</param>
internal sealed record TreeItem(string Type, string Oid, long Size, string Path, TreeLfs? Lfs, string? XetHash, LastCommit? LastCommit, FileScan? SecurityFileStatus)
{
    public static TreeItem Of(RepoEntry entry, IReadOnlyDictionary<string, LastCommit>? last, IReadOnlyDictionary<string, XetHash> chunked) => new(
        entry.IsFolder ? "directory" : "file", entry.Id.ToString(), entry.Size, entry.Path,
        entry.Large is { } large ? new TreeLfs(large.Digest.Hex, large.Size, entry.PointerSize) : null,
        entry.Large is { } file && chunked.TryGetValue(file.Digest.Hex, out var hash) ? hash.ToString() : null,
        last?.GetValueOrDefault(entry.Path),
        last is null || entry.IsFolder ? null : FileScan.None);
}

/// <summary>What scans of a file found. Nothing is scanned here, and clients are told so.</summary>
internal sealed record FileScan(string Status, FileScanner AvScan, FileScanner PickleImportScan)
{
    private const string Unscanned = "unscanned";

    public static FileScan None { get; } = new(Unscanned, new FileScanner(Unscanned), new FileScanner(Unscanned));
}

internal sealed record FileScanner(string Status);

/// <param name="Oid">SHA-256.</param>
/// <param name="PointerSize">Bytes of the pointer in git.</param>
internal sealed record TreeLfs(string Oid, long Size, long PointerSize);

internal static class QueryValues
{
    /// <summary><c>true</c>, <c>True</c>, <c>1</c> or the bare key: client generations differ.</summary>
    public static bool IsTrue(this IQueryCollection query, string name) =>
        query.TryGetValue(name, out var value) && value.ToString().ToLowerInvariant() is "true" or "1" or "";

    /// <summary>Repeated keys, <c>name[]=</c> and comma lists alike.</summary>
    public static IReadOnlyList<string> All(this IQueryCollection query, string name) =>
        [.. query[name].Concat(query[name + "[]"]).SelectMany(v => CardValues.Clean(v ?? "").Split(',')).Where(v => v.Length > 0)];

    /// <exception cref="Refusal">Not a whole number.</exception>
    public static long? Whole(this IQueryCollection query, string name)
    {
        if (query[name].ToString() is not { Length: > 0 } text)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new Refusal(RefusalCode.Invalid, $"\"{name}\" must be a whole number, 0 or more.") { Param = name };
    }
}
