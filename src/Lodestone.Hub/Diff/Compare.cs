using System.Text;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>How two revisions differ: as a list of files, or with <c>?raw=true</c> as a unified diff.</summary>
internal static class Compare
{
    private const int MostFiles = 1000;
    private const int FlushAt = 64 * 1024; // characters

    public static void MapCompare(this IEndpointRouteBuilder repo) => repo.MapGet("/compare/{**range}", Read);

    private static async Task<IResult> Read(RepoRoute route, RepoAccess access, RepoStore store, HttpContext context, CancellationToken cancel)
    {
        var isRaw = context.Request.Query.IsTrue("raw");
        var repo = isRaw ? (await access.ToReadContentAsync(route, cancel)).Repo : await access.ToReadAsync(route, cancel);
        var git = store.Open(repo.Id);
        var range = RevisionRange.Read(git, route.Revision);
        context.Response.Headers["X-Repo-Commit"] = range.Head.ToString();
        if (!isRaw)
        {
            return HubAnswer.Json(Describe(git, range), HubJson.Default.ComparedRevisions);
        }

        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.ContentSecurityPolicy = HubAnswer.NotAPage;
        await WriteAsync(git, range, context.Response.Body, cancel);
        return Results.Empty;
    }

    private static ComparedRevisions Describe(GitRepository git, RevisionRange range)
    {
        using var history = new LibGit(git);
        var (ahead, behind) = range.Base is { } start ? history.Divergence(range.Head, start) : (0, 0);
        var changes = range.Changes(git).Take(MostFiles + 1).ToList();
        return new ComparedRevisions(range.Base?.ToString(), range.Head.ToString(), ahead, behind, [.. changes.Take(MostFiles).Select(c => ComparedFile.Of(git, c))], changes.Count > MostFiles ? true : null);
    }

    private static async Task WriteAsync(GitRepository git, RevisionRange range, Stream body, CancellationToken cancel)
    {
        using var lines = new LibGit(git);
        var diff = new UnifiedDiff(git, lines);
        await using var writer = new StreamWriter(body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), FlushAt, leaveOpen: true);
        foreach (var change in range.Changes(git))
        {
            cancel.ThrowIfCancellationRequested();
            await writer.WriteAsync(diff.Of(change).AsMemory(), cancel);
        }
    }
}

/// <summary>Two revisions to compare.</summary>
/// <param name="Base">Null: nothing, as before a first commit.</param>
internal sealed record RevisionRange(ObjectId? Base, ObjectId Head, string BaseName, string HeadName)
{
    /// <summary>Reads <c>base..head</c>, or <c>base...head</c>, which compares with where the two histories parted. Git's empty tree is a base too.</summary>
    /// <exception cref="Refusal"><c>revision_not_found</c> or <c>invalid_request</c>.</exception>
    public static RevisionRange Read(GitRepository git, string text)
    {
        // No name of git's has two dots in a row.
        var isFromFork = text.Contains("...", StringComparison.Ordinal);
        return text.Split(isFromFork ? "..." : "..") is [{ Length: > 0 } @base, { Length: > 0 } head]
            ? Of(git, @base, head, isFromFork)
            : throw new Refusal(RefusalCode.Invalid, "What to compare must be two revisions, as in main..v1.0.") { Param = "range" };
    }

    /// <exception cref="Refusal"><c>revision_not_found</c>.</exception>
    public static RevisionRange Of(GitRepository git, string @base, string head, bool isFromFork)
    {
        var to = RevisionPath.OfRevision(git, head).Commit;
        if (@base == GitTree.EmptyId.ToString())
        {
            return new RevisionRange(null, to, @base, head);
        }

        var from = RevisionPath.OfRevision(git, @base).Commit;
        using var history = new LibGit(git);
        return new RevisionRange(isFromFork ? history.MergeBase(from, to) : from, to, @base, head);
    }

    /// <summary>What a commit changed from its first parent.</summary>
    public static RevisionRange Of(GitRepository git, ObjectId commit)
    {
        var parents = git.Objects.Commit(commit).Parents;
        return new RevisionRange(parents.Count > 0 ? parents[0] : null, commit, parents.Count > 0 ? parents[0].ToString() : GitTree.EmptyId.ToString(), commit.ToString());
    }

    public IEnumerable<TreeChange> Changes(GitRepository git) =>
        new TreeDiff(git.Objects).Between(Base is { } start ? git.Objects.Commit(start).Tree : null, git.Objects.Commit(Head).Tree);
}

/// <param name="Base">Full commit id; absent when the comparison is with nothing.</param>
/// <param name="Ahead">Commits that head has and base has not.</param>
/// <param name="Behind">Commits that base has and head has not.</param>
/// <param name="Files">At most 1,000, by path.</param>
/// <param name="IsTruncated">There are more files; ask for the raw diff. Absent when there are not.</param>
internal sealed record ComparedRevisions(string? Base, string Head, int Ahead, int Behind, IReadOnlyList<ComparedFile> Files, bool? IsTruncated);

/// <param name="Status"><c>added</c>, <c>deleted</c> or <c>modified</c>.</param>
/// <param name="OldSize">Bytes; absent for an added file.</param>
/// <param name="NewSize">Bytes; absent for a deleted file.</param>
internal sealed record ComparedFile(string Path, string Status, long? OldSize, long? NewSize)
{
    public static ComparedFile Of(GitRepository git, TreeChange change) => new(
        change.Path,
        change.Old is null ? "added" : change.New is null ? "deleted" : "modified",
        FileSide.Of(git, change.Old)?.Size, FileSide.Of(git, change.New)?.Size);
}
