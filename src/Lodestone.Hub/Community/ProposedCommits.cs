using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Tells in a pull request's events of the commits on its reference, however they came there: git is the truth, and a request that
/// finds the events behind it writes what is missing.
/// </summary>
internal sealed class ProposedCommits(HubDb db, Caller caller, TimeProvider clock)
{
    // Of a longer history the newest are told.
    private const int MostTold = 200;

    /// <summary>After a reference has moved; one that is no pull request's is nobody's business here.</summary>
    public async Task TellAsync(Guid repoId, GitRepository git, string refName)
    {
        if (NumberOf(refName) is { } number && await db.Discussions.AsNoTracking().Of(repoId, number).SingleOrDefaultAsync(CancellationToken.None) is { } discussion)
        {
            await TellAsync(git, discussion, caller.IsAuthenticated ? caller.Id : discussion.AuthorId, CancellationToken.None);
        }
    }

    /// <summary>Where a request reads the events: as by whoever opened it, when nobody told at the time.</summary>
    public Task CatchUpAsync(GitRepository git, Discussion discussion, CancellationToken cancel) =>
        discussion.IsPullRequest && discussion.IsUnderWay ? TellAsync(git, discussion, discussion.AuthorId, cancel) : Task.CompletedTask;

    /// <returns>The number in <c>refs/pr/12</c>; null for any other name.</returns>
    public static long? NumberOf(string refName) =>
        refName.StartsWith(PullRequests.Prefix, StringComparison.Ordinal)
        && long.TryParse(refName.AsSpan(PullRequests.Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && refName == Discussion.RefNameOf(number)
            ? number
            : null;

    private async Task TellAsync(GitRepository git, Discussion seen, Guid actorId, CancellationToken cancel)
    {
        while (git.References.Find(seen.RefName) is { } head && seen.Head != head.ToString())
        {
            var commits = New(git, seen, head);
            if (await WriteAsync(seen, head, commits, actorId, cancel) || await db.Discussions.AsNoTracking().SingleOrDefaultAsync(d => d.Id == seen.Id, cancel) is not { } now)
            {
                return;
            }

            seen = now;
        }
    }

    /// <returns>False when somebody else has written meanwhile.</returns>
    private Task<bool> WriteAsync(Discussion seen, ObjectId head, IReadOnlyList<LoggedCommit> commits, Guid actorId, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            db.ChangeTracker.Clear(); // what was read before the lock may be out of date
            await db.LockAsync<Discussion>(seen.Id, inner);
            var discussion = await db.Discussions.SingleOrDefaultAsync(d => d.Id == seen.Id, inner);
            if (discussion is null || discussion.Head != seen.Head)
            {
                return discussion is null;
            }

            discussion.Head = head.ToString();
            foreach (var logged in commits)
            {
                db.DiscussionEvents.Add(discussion.Happens(PublicId.New(clock), EventKind.Commit, actorId, clock.GetUtcNow(), logged.Id.ToString(), logged.Commit.Title));
            }

            await db.SaveChangesAsync(inner);
            return true;
        },
        cancel);

    /// <summary>Oldest first: what neither the base nor the commits told of already have.</summary>
    private static List<LoggedCommit> New(GitRepository git, Discussion discussion, ObjectId head)
    {
        using var history = new LibGit(git);
        var told = ObjectId.TryParse(discussion.Head, out var before) && git.Objects.Contains(before) ? before : (ObjectId?)null;
        ObjectId?[] known = [told, git.References.Find(discussion.Base ?? "")];
        return [.. history.Since([.. known.OfType<ObjectId>()], head).Take(MostTold).Select(id => new LoggedCommit(id, git.Objects.Commit(id))).Reverse()];
    }
}
