using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Changes that somebody proposes to a repository, whether or not they may change it: a numbered reference in the same repository,
/// and a row that says what is proposed and by whom.
/// </summary>
internal sealed class PullRequests(HubDb db, Committing committing, TimeProvider clock)
{
    public const string Prefix = "refs/pr/";

    /// <summary>Opens one with its first commit. Of a server that dies in between a number is lost, never a commit that was acknowledged.</summary>
    /// <param name="branch">What it is meant for. A commit's parent, where given, is where it begins; else it begins at the branch's head.</param>
    /// <exception cref="Refusal"><c>revision_not_found</c>, <c>entry_not_found</c>, <c>unprocessable</c> or <c>invalid_request</c>; nothing is changed.</exception>
    public async Task<(ObjectId Commit, long Number)> OpenAsync(
        Repo repo, GitRepository git, string branch, NewCommit commit, PackWriter pack, Caller author, CancellationToken cancel)
    {
        var (baseRef, start) = Base(git, branch, commit.Parent);
        var number = await NextNumberAsync(repo.Id, cancel);
        var made = await committing.CommitOnNewAsync(repo, git, NameOf(number), start, commit with { Parent = null }, pack, author, cancel);
        db.PullRequests.Add(new PullRequest(repo.Id, number, commit.Summary, commit.Description ?? "", author.Id, baseRef, clock.GetUtcNow()));
        await db.SaveChangesAsync(CancellationToken.None);
        return (made, number);
    }

    /// <summary>Whether the reference is that of a pull request of the caller's own, which they may go on with without further rights.</summary>
    public async Task<bool> IsOwnAsync(Repo repo, string revision, Caller caller, CancellationToken cancel) =>
        revision.StartsWith(Prefix, StringComparison.Ordinal)
        && long.TryParse(revision.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && await db.PullRequests.AnyAsync(p => p.RepoId == repo.Id && p.Number == number && p.AuthorId == caller.Id, cancel);

    private static string NameOf(long number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number}");

    private static (string Base, ObjectId Start) Base(GitRepository git, string branch, string? parent)
    {
        var name = branch.StartsWith(RefName.Branches, StringComparison.Ordinal) ? branch : RefName.Branches + branch;
        var head = git.References.Find(name) ?? throw HubRefusals.RevisionNotFound(branch);
        return (name, parent is null ? head : RevisionPath.OfRevision(git, parent).Commit);
    }

    private Task<long> NextNumberAsync(Guid repoId, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            await db.LockAsync<Repo>(repoId, inner);
            await db.Repos.Where(r => r.Id == repoId).ExecuteUpdateAsync(r => r.SetProperty(x => x.LastNumber, x => x.LastNumber + 1), inner);
            return await db.Repos.Where(r => r.Id == repoId).Select(r => r.LastNumber).SingleAsync(inner);
        },
        cancel);
}

/// <param name="Number">From 1, per repository.</param>
/// <param name="Base">The branch that it is meant for: <c>refs/heads/main</c>.</param>
internal sealed record PullRequest(Guid RepoId, long Number, string Title, string Description, Guid AuthorId, string Base, DateTimeOffset CreatedAt);
