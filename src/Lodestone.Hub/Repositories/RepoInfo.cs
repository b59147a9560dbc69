using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>One repository, with what the files of a revision say of it.</summary>
internal static class RepoInfo
{
    public static void MapRepoInfo(this IEndpointRouteBuilder repo)
    {
        repo.MapGet("", Info);
        repo.MapGet("/revision/{**rev}", Info);
    }

    private static async Task<IResult> Info(RepoRoute route, RepoAccess access, RepoStore store, RepoSummaries summaries, HttpContext context, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        var fields = SummaryFields.OfInfo(repo.Type, context.Request.Query);
        var git = store.Open(repo.Id);
        var at = RevisionPath.OfRevision(git, route.Rest.Count > 0 ? route.Revision : "main");
        context.Response.Headers["X-Repo-Commit"] = at.Commit.ToString();
        var summary = await summaries.OfAsync(repo, git, at.Commit, fields, context.Request.Query.IsTrue("blobs"), cancel);
        return HubAnswer.Json(summary, HubJson.Default.RepoSummary);
    }
}

/// <summary>Gathers what a <see cref="RepoSummary"/> shows of one repository.</summary>
internal sealed class RepoSummaries(HubDb db, RepoRefresh refresh, RepoFactsReader reader, RepoRelations relations, HubOptions options, TimeProvider clock)
{
    /// <param name="withBlobs">Whether siblings tell their sizes.</param>
    public async Task<RepoSummary> OfAsync(Repo repo, GitRepository git, ObjectId commit, SummaryFields fields, bool withBlobs, CancellationToken cancel)
    {
        var isMain = git.References.Find(RefName.Branches + "main") == commit;
        var tree = new RepoTree(git, commit);
        var facts = isMain ? await refresh.FactsAsync(repo, git, cancel) : await reader.ReadAsync(repo.Type, tree, cancel);
        var summary = RepoSummary.Of(repo, facts, commit.ToString(), fields, clock.GetUtcNow());
        var related = await relations.OfAsync([(repo, facts)], fields, cancel);
        return related.Add(repo, summary) with
        {
            Siblings = fields.Has("siblings") ? Siblings(tree, withBlobs) : null,
            UsedStorage = fields.Has("usedStorage") ? await db.LfsObjects.Where(o => o.RepoId == repo.Id).SumAsync(o => o.Size, cancel) : null,
            MainSize = fields.Has("mainSize") ? TreeSize.Of(git, tree.Root) : null,
            XetEnabled = fields.Has("xetEnabled") ? options.Xet : null,
        };
    }

    public static IReadOnlyList<Sibling> Siblings(RepoTree tree, bool withBlobs) => withBlobs
        ? [.. tree.List("", isRecursive: true).Where(e => !e.IsFolder).Select(Sibling.Of)]
        : [.. tree.Paths().Select(p => new Sibling(p))];
}
