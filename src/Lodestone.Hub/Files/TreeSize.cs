using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>How many bytes the files below a folder have.</summary>
internal static class TreeSize
{
    private const int MostRemembered = 100_000;

    // By tree, whose id stands for its content in whichever repository: after a commit only the folders that it changed are read again.
    private static readonly ConcurrentDictionary<ObjectId, long> Known = new();

    public static void MapTreeSize(this IEndpointRouteBuilder repo) => repo.MapGet("/treesize/{**rest}", Describe);

    /// <param name="tree">Id of a folder.</param>
    public static long Of(GitRepository git, ObjectId tree)
    {
        if (Known.TryGetValue(tree, out var known))
        {
            return known;
        }

        var size = git.Objects.Tree(tree).Entries.Sum(e => e.IsFolder ? Of(git, e.Id) : RepoTree.SizeOf(git, e));
        if (Known.Count >= MostRemembered)
        {
            Known.Clear();
        }

        return Known[tree] = size;
    }

    private static async Task<IResult> Describe(RepoRoute route, RepoAccess access, RepoStore store, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var git = store.Open(repo.Id);
        var at = RevisionPath.Read(git, route.Rest);
        var tree = new RepoTree(git, at.Commit);
        var folder = at.Path.Length == 0 ? tree.Root : tree.FindEntry(at.Path) is { IsFolder: true } entry ? entry.Id : (ObjectId?)null;
        var size = folder is { } id ? Of(git, id) : tree.Find(at.Path)?.Size ?? throw HubRefusals.EntryNotFound(at.Commit);
        context.Response.Headers["X-Repo-Commit"] = at.Commit.ToString();
        return HubAnswer.Json(new PathSize(at.Path, size), HubJson.Default.PathSize);
    }
}

/// <param name="Path">Empty for the root.</param>
/// <param name="Size">Bytes of the file, or of all files below the folder.</param>
internal sealed record PathSize(string Path, long Size);
