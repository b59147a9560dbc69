using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>How the commits of a pull request come into its base.</summary>
internal enum MergeMethod
{
    /// <summary>As one, which names all who made them.</summary>
    Squash,

    /// <summary>As they are: the base moves on to the last one.</summary>
    FastForward,
}

/// <summary>
/// Merges a pull request. The base moves by compare-and-swap like at every other write, while the pull request's row is held: of two
/// merges one wins, and the other finds it merged. What moved the base meanwhile is merged too.
/// </summary>
internal sealed class Merging(HubDb db, Discussions discussions, Namespaces namespaces, RepoRefresh refresh, MergeChecks checks, TimeProvider clock)
{
    private const int MostAttempts = 20;
    private const int MostNamed = 100;

    /// <param name="comment">Said with it; null or empty: nothing.</param>
    /// <returns>Where the base is now.</returns>
    /// <exception cref="Refusal"><c>conflict</c>, saying what stands in the way; <c>not_found</c>.</exception>
    public async Task<string> MergeAsync(Found found, GitRepository git, MergeMethod method, string? comment, Caller actor, CancellationToken cancel)
    {
        var (repo, discussion) = found;
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            discussion = await db.Discussions.AsNoTracking().SingleOrDefaultAsync(d => d.Id == discussion.Id, cancel) ?? throw DiscussionAccess.NotFound(repo, discussion.Number);
            RequirePullRequest(discussion);
            discussion.RequireReadyToMerge();
            var proposal = Proposal.Read(git, discussion) ?? throw Stands($"{discussion.RefName}, or {discussion.Base}, is gone.");
            await RequireFitAsync(repo, discussion, proposal, cancel);
            using var pack = git.NewPack();
            var made = proposal.IsContained ? proposal.Base
                : method is MergeMethod.FastForward ? Forward(proposal)
                : pack.Write(await SquashedAsync(proposal, discussion, actor, pack, cancel));
            using var complete = pack.Complete();
            await BeginAsync(discussion, d => d.BeginMerge(proposal.Base.ToString(), made.ToString()), cancel);
            if (await PublishAsync(git, discussion, proposal, made, complete, comment, actor))
            {
                await refresh.AfterMoveAsync(repo.Id, git, [new RefUpdate(discussion.Base!, proposal.Base, made)], actor.Id); // a pull request has a base
                return made.ToString();
            }
        }

        throw new Refusal(RefusalCode.Unavailable, "The branch gets commits faster than it can be merged into. Try again in a moment.");
    }

    private static void RequirePullRequest(Discussion discussion)
    {
        if (!discussion.IsPullRequest)
        {
            throw new Refusal(RefusalCode.Invalid, "This is a discussion. Only pull requests can be merged.");
        }
    }

    private async Task RequireFitAsync(Repo repo, Discussion discussion, Proposal proposal, CancellationToken cancel)
    {
        if ((await checks.RunAsync(repo, discussion, proposal, cancel)).FirstOrDefault(c => c.IsInTheWay) is { } obstacle)
        {
            throw Stands(obstacle.Name is "conflicts" ? $"{obstacle.Message} Bring the changes of {discussion.Base} into {discussion.RefName}, or edit those files there." : obstacle.Message);
        }
    }

    private static ObjectId Forward(Proposal proposal) =>
        proposal.IsForward ? proposal.Head : throw Stands("The base has moved on since. Merge as one commit, or bring its changes into the pull request first.");

    /// <summary>One commit by whoever opened the pull request, or else made its first commit; the others are named in its message.</summary>
    private async Task<GitCommit> SquashedAsync(Proposal proposal, Discussion discussion, Caller actor, PackWriter pack, CancellationToken cancel)
    {
        var tree = proposal.IsForward
            ? proposal.TreeOf(proposal.Head)
            : proposal.Merge(content => pack.Write(GitObjectType.Blob, content)).Editor.Write(pack);
        if (tree == proposal.TreeOf(proposal.Base))
        {
            await BeginAsync(discussion, begin: null, cancel); // another merge of it may have moved the base, and holds the row until it says so
            throw Stands($"{discussion.Base} has everything that this pull request changes. Close it.");
        }

        var authors = await AuthorsAsync(discussion, cancel);
        var committer = GitAuthor.Of(actor, clock);
        var author = committer with { Name = authors[0], Email = GitAuthor.AddressOf(authors[0]) };
        return new GitCommit(tree, [proposal.Base], author, committer, Message(proposal, discussion, authors));
    }

    /// <summary>Names of those who brought commits, whoever opened it first; that one alone where nobody else is known.</summary>
    private async Task<IReadOnlyList<string>> AuthorsAsync(Discussion discussion, CancellationToken cancel)
    {
        var ids = await db.DiscussionEvents.AsNoTracking()
            .Where(e => e.DiscussionId == discussion.Id && e.Kind == EventKind.Commit)
            .OrderBy(e => e.Position).Select(e => e.AuthorId).ToListAsync(cancel);
        var brought = (ids.Count == 0 ? [discussion.AuthorId] : ids).Distinct().OrderBy(id => id != discussion.AuthorId).ToList();
        var people = await namespaces.ByIdAsync(brought, cancel);
        var names = brought.Select(id => people.GetValueOrDefault(id)?.Name).OfType<string>().ToList();
        return names.Count > 0 ? names : ["deleted"];
    }

    private static string Message(Proposal proposal, Discussion discussion, IReadOnlyList<string> authors)
    {
        var commits = proposal.Commits(MostNamed);
        var told = commits.Count > 1 ? string.Join('\n', commits.Select(c => $"- {c.Commit.Title}")) : "";
        var others = string.Join('\n', authors.Skip(1).Select(GitAuthor.CoAuthor));
        var paragraphs = new[] { string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{discussion.Title} (#{discussion.Number})"), told, others };
        return string.Join("\n\n", paragraphs.Where(p => p.Length > 0));
    }

    /// <summary>Says in the row what a merge that was cut off did to the base, as by whoever opened the pull request: nobody knows any more who merged it.</summary>
    /// <returns>The discussion as it is now.</returns>
    public async Task<Discussion> FinishAsync(GitRepository git, Discussion seen, CancellationToken cancel) => IsCutOff(git, seen)
        ? await discussions.ChangeAsync(
            seen,
            (discussion, _) =>
            {
                if (IsCutOff(git, discussion))
                {
                    MergeRow(discussion, discussion.MergedOnto!, discussion.MergeCommit!, discussion.AuthorId); // written when it was begun
                }

                return Task.FromResult(discussion);
            },
            cancel)
        : seen;

    private static bool IsCutOff(GitRepository git, Discussion discussion)
    {
        if (!discussion.IsUnderWay || !ObjectId.TryParse(discussion.MergeCommit, out var made) || !git.Objects.Contains(made) || git.References.Find(discussion.Base ?? "") is not { } head)
        {
            return false;
        }

        using var history = new LibGit(git);
        return history.MergeBase(head, made) == made;
    }

    /// <exception cref="Refusal"><c>conflict</c>: it is merged or closed by now.</exception>
    private Task<bool> BeginAsync(Discussion seen, Action<Discussion>? begin, CancellationToken cancel) => discussions.ChangeAsync(
        seen,
        (discussion, _) =>
        {
            discussion.RequireReadyToMerge();
            begin?.Invoke(discussion);
            return Task.FromResult(true);
        },
        cancel);

    /// <summary>Not cancellable: once the base has moved, the row must say so.</summary>
    /// <returns>False when a reference has moved since the proposal was read.</returns>
    private Task<bool> PublishAsync(
        GitRepository git, Discussion seen, Proposal proposal, ObjectId made, NewPack? pack, string? comment, Caller actor) => discussions.ChangeAsync(
        seen,
        async (discussion, inner) =>
        {
            discussion.RequireReadyToMerge();
            if (git.References.Find(discussion.RefName) != proposal.Head
                || await git.Publish([pack], [new RefUpdate(discussion.Base!, proposal.Base, made)], inner) is not Published) // a pull request has one
            {
                return false;
            }

            if (!string.IsNullOrWhiteSpace(comment))
            {
                discussions.AddComment(discussion, comment, actor.Id, clock.GetUtcNow());
            }

            MergeRow(discussion, proposal.Base.ToString(), made.ToString(), actor.Id);
            return true;
        },
        CancellationToken.None);

    private void MergeRow(Discussion discussion, string onto, string made, Guid actorId)
    {
        discussion.Merge(onto, made);
        db.DiscussionEvents.Add(discussion.Happens(PublicId.New(clock), EventKind.Status, actorId, clock.GetUtcNow(), DiscussionStatus.Merged.ToWire()));
        db.Publish(new DiscussionChanged(discussion.RepoId, discussion.Number, ChangeKind.Update, actorId));
    }

    private static Refusal Stands(string message) => new(RefusalCode.Conflict, message);
}
