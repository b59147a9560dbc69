using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Changes that somebody proposes to a repository, whether or not they may change it: a discussion with a numbered reference in the
/// same repository.
/// </summary>
internal sealed class PullRequests(HubDb db, Discussions discussions, Committing committing)
{
    public const string Prefix = "refs/pr/";

    /// <summary>Opens one with its first commit. Of a server that dies in between a number is lost, never a commit that was acknowledged.</summary>
    /// <param name="branch">What it is meant for. A commit's parent, where given, is where it begins; else it begins at the branch's head.</param>
    /// <exception cref="Refusal"><c>revision_not_found</c>, <c>entry_not_found</c>, <c>unprocessable</c> or <c>invalid_request</c>; nothing is changed.</exception>
    public async Task<(ObjectId Commit, long Number)> OpenAsync(
        Repo repo, GitRepository git, string branch, NewCommit commit, PackWriter pack, Caller author, CancellationToken cancel)
    {
        var (baseRef, start) = Base(git, branch, commit.Parent);
        var opening = new Opening(TitleOf(commit.Summary), CardValues.Clean(commit.Description ?? "").Trim());
        var number = await discussions.NextNumberAsync(repo.Id, cancel);
        var made = await committing.CommitOnNewAsync(repo, git, Discussion.RefNameOf(number), start, commit with { Parent = null }, pack, author, cancel);
        await discussions.AddAsync(repo.Id, number, opening, DiscussionStatus.Open, baseRef, (made, commit.Summary), author.Id, CancellationToken.None);
        return (made, number);
    }

    /// <summary>A draft without commits: its reference is there at once, where main is, and more may follow on it.</summary>
    /// <exception cref="Refusal"><c>conflict</c>.</exception>
    public async Task<Discussion> DraftAsync(Repo repo, GitRepository git, Opening opening, Caller author, CancellationToken cancel)
    {
        var (baseRef, start) = Base(git, RepoView.MainBranch, parent: null);
        var number = await discussions.NextNumberAsync(repo.Id, cancel);
        if (await git.Publish([], [new RefUpdate(Discussion.RefNameOf(number), null, start)], cancel) is not Published)
        {
            throw new Refusal(RefusalCode.Conflict, $"{Discussion.RefNameOf(number)} is taken. Try again.");
        }

        return await discussions.AddAsync(repo.Id, number, opening, DiscussionStatus.Draft, baseRef, commit: null, author.Id, CancellationToken.None);
    }

    /// <summary>The pull request whose reference this is; null for any other revision.</summary>
    public async Task<Discussion?> FindAsync(Guid repoId, string revision, CancellationToken cancel) =>
        ProposedCommits.NumberOf(revision) is { } number
            ? await db.Discussions.AsNoTracking().Of(repoId, number).SingleOrDefaultAsync(d => d.IsPullRequest, cancel)
            : null;

    /// <summary>Numbers of those that the caller opened and that are under way.</summary>
    public Task<List<long>> OwnAsync(Guid repoId, Caller caller, CancellationToken cancel) =>
        db.Discussions.AsNoTracking().UnderWay().Where(d => d.RepoId == repoId && d.IsPullRequest && d.AuthorId == caller.Id).Select(d => d.Number).ToListAsync(cancel);

    /// <summary>Deletes the reference of one that is closed or merged. What only it led to is reclaimed in time.</summary>
    /// <exception cref="Refusal"><c>conflict</c>, <c>revision_not_found</c>.</exception>
    public static async Task DeleteRefAsync(GitRepository git, Discussion discussion, CancellationToken cancel)
    {
        if (discussion.IsUnderWay)
        {
            throw new Refusal(RefusalCode.Conflict, "Close the pull request first. Without its reference it has no commits.");
        }

        var head = git.References.Find(discussion.RefName) ?? throw HubRefusals.RevisionNotFound(discussion.RefName);
        if (await git.Publish([], [new RefUpdate(discussion.RefName, head, null)], cancel) is not Published)
        {
            throw HubRefusals.BranchMoved();
        }
    }

    // Summaries have no bounds; titles do.
    private static string TitleOf(string summary)
    {
        var title = CardValues.Clean(summary).ReplaceLineEndings(" ").Trim();
        return title.Length <= Discussion.MostTitle ? title : string.Create(CultureInfo.InvariantCulture, $"{title.AsSpan(0, Discussion.MostTitle - 1)}…");
    }

    private static (string Base, ObjectId Start) Base(GitRepository git, string branch, string? parent)
    {
        var name = branch.StartsWith(RefName.Branches, StringComparison.Ordinal) ? branch : RefName.Branches + branch;
        var head = git.References.Find(name) ?? throw HubRefusals.RevisionNotFound(branch);
        return (name, parent is null ? head : RevisionPath.OfRevision(git, parent).Commit);
    }
}
