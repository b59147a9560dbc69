using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Puts a commit on a branch. Whoever asks (the API, a page, a new repository's first commit) goes through here.</summary>
internal sealed class Committing(HubDb db, RepoRefresh refresh, TimeProvider clock)
{
    /// <param name="pack">Holds the contents that the changes name; disposed of by the caller.</param>
    /// <exception cref="Refusal">
    /// <c>revision_not_found</c>, <c>parent_outdated</c>, <c>entry_not_found</c>, <c>unprocessable</c> or <c>invalid_request</c>; nothing is changed.
    /// </exception>
    public async Task<ObjectId> CommitAsync(Repo repo, GitRepository git, string branch, NewCommit commit, PackWriter pack, Caller author, CancellationToken cancel)
    {
        var held = await db.HeldAsync(repo.Id, commit.Changes.OfType<PutLargeFile>().Select(f => f.Digest), cancel);
        var builder = new CommitBuilder(git, held);
        var refName = RefOf(git, branch);
        var update = await PublishAsync(git, builder, refName, commit, pack, GitAuthor.Of(author, clock), cancel);
        await refresh.AfterCommitAsync(repo, git, update, commit.Changes, author.Id);
        return update.New!.Value; // it was just made
    }

    /// <summary>On a reference that this makes, which begins at <paramref name="start"/>.</summary>
    /// <inheritdoc cref="CommitAsync"/>
    public async Task<ObjectId> CommitOnNewAsync(
        Repo repo, GitRepository git, string refName, ObjectId start, NewCommit commit, PackWriter pack, Caller author, CancellationToken cancel)
    {
        var held = await db.HeldAsync(repo.Id, commit.Changes.OfType<PutLargeFile>().Select(f => f.Digest), cancel);
        var made = new CommitBuilder(git, held).Build(commit, start, GitAuthor.Of(author, clock), pack);
        using var complete = pack.Complete();
        var update = new RefUpdate(refName, null, made);
        if (await git.Publish([complete], [update], cancel) is not Published)
        {
            throw new Refusal(RefusalCode.Conflict, $"{refName} is taken. Try again.");
        }

        await refresh.AfterMoveAsync(repo.Id, git, [update], author.Id);
        return made;
    }

    /// <summary>A repository's first commit, before anybody can see the repository.</summary>
    public async Task<ObjectId> BeginAsync(GitRepository git, NewCommit commit, PackWriter pack, Caller author, CancellationToken cancel)
    {
        var builder = new CommitBuilder(git, new Dictionary<string, long>(StringComparer.Ordinal));
        var update = await PublishAsync(git, builder, RefName.Branches + "main", commit, pack, GitAuthor.Of(author, clock), cancel);
        return update.New!.Value; // it was just made
    }

    /// <summary>
    /// Compare and swap. When the branch moved meanwhile and the client named no parent, the changes are applied to the new head:
    /// the first pack is installed for its contents, and a second one brings the new trees.
    /// </summary>
    private static async Task<RefUpdate> PublishAsync(
        GitRepository git, CommitBuilder builder, string refName, NewCommit commit, PackWriter pack, GitSignature author, CancellationToken cancel)
    {
        for (var writer = pack; ; writer = git.NewPack())
        {
            using (writer)
            {
                var head = git.References.Find(refName);
                RequireParent(git, commit.Parent, head);
                var made = builder.Build(commit, head, author, writer);
                using var complete = writer.Complete();
                var update = new RefUpdate(refName, head, made);
                if (await git.Publish([complete], [update], cancel) is Published)
                {
                    return update;
                }

                await git.Publish([complete], [], cancel);
            }
        }
    }

    private static string RefOf(GitRepository git, string branch)
    {
        var name = branch.StartsWith("refs/", StringComparison.Ordinal) ? branch : RefName.Branches + branch;
        var isWritable = name.StartsWith(RefName.Branches, StringComparison.Ordinal) || name.StartsWith(PullRequests.Prefix, StringComparison.Ordinal);
        return isWritable && git.References.Find(name) is not null ? name : throw HubRefusals.RevisionNotFound(branch);
    }

    private static void RequireParent(GitRepository git, string? parent, ObjectId? head)
    {
        if (parent is null)
        {
            return;
        }

        var isHead = parent.Length >= 5 && head is { } current && current.ToString().StartsWith(parent, StringComparison.OrdinalIgnoreCase);
        if (!isHead)
        {
            throw git.Revisions.Find(parent) is null ? HubRefusals.RevisionNotFound(parent) : HubRefusals.BranchMoved();
        }
    }
}
