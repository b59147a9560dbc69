using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Numbers what happens to discussions among the events of their repository, once for each announcement.</summary>
internal sealed class RecordDiscussion(HubDb db, TimeProvider clock) : IEventHandler<DiscussionChanged>
{
    private const int MostLookedAt = 500;

    public async Task HandleAsync(Guid eventId, DiscussionChanged happened, CancellationToken cancel)
    {
        if (await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == happened.RepoId, cancel) is not { } repo)
        {
            return;
        }

        var found = await db.Discussions.AsNoTracking().Of(repo.Id, happened.Number).SingleOrDefaultAsync(cancel);
        var told = found is null ? await LastToldAsync(happened, cancel) : ToldDiscussion.Of(found);
        if (told is null || (found is null && happened.Kind is not ChangeKind.Delete))
        {
            return; // gone already: its deletion is announced too
        }

        var opening = happened.Kind is ChangeKind.Create ? await db.OpeningAsync(found!.Id, cancel) : null; // not gone, as seen above
        await db.RecordOnceAsync(eventId, repo, new NewRepoEvent(RepoEvent.OfDiscussion, happened.Kind, new EventDetails { Discussion = told, Comment = opening }, happened.ActorId), clock.GetUtcNow(), cancel);
    }

    /// <summary>Of one that is gone: as it was when something was told of it last.</summary>
    private async Task<ToldDiscussion?> LastToldAsync(DiscussionChanged happened, CancellationToken cancel)
    {
        var events = await db.RepoEvents.AsNoTracking().Where(e => e.RepoId == happened.RepoId && e.Scope == RepoEvent.OfDiscussion)
            .OrderByDescending(e => e.Number).Take(MostLookedAt).ToListAsync(cancel);
        return events.Select(e => e.Read().Discussion).FirstOrDefault(d => d?.Num == happened.Number);
    }
}

/// <summary>Likewise comments. The one that opens a discussion is told with it.</summary>
internal sealed class RecordComment(HubDb db, TimeProvider clock) : IEventHandler<CommentChanged>
{
    public async Task HandleAsync(Guid eventId, CommentChanged happened, CancellationToken cancel)
    {
        var repo = await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == happened.RepoId, cancel);
        var discussion = await db.Discussions.AsNoTracking().Of(happened.RepoId, happened.Number).SingleOrDefaultAsync(cancel);
        var written = await db.DiscussionEvents.AsNoTracking().SingleOrDefaultAsync(e => e.Id == happened.CommentId, cancel);
        var comment = await db.Comments.AsNoTracking().SingleOrDefaultAsync(c => c.Id == happened.CommentId, cancel);
        if (repo is null || discussion is null || written is null || comment is null || (written.Position == 1 && happened.Kind is ChangeKind.Create))
        {
            return;
        }

        var details = new EventDetails { Discussion = ToldDiscussion.Of(discussion), Comment = ToldComment.Of(written, comment) };
        await db.RecordOnceAsync(eventId, repo, new NewRepoEvent(RepoEvent.OfComment, happened.Kind, details, happened.ActorId), clock.GetUtcNow(), cancel);
    }
}

internal static class DiscussionEvents
{
    /// <summary>The comment that opens a discussion.</summary>
    public static async Task<ToldComment?> OpeningAsync(this HubDb db, Guid discussionId, CancellationToken cancel)
    {
        var first = await db.DiscussionEvents.AsNoTracking().SingleOrDefaultAsync(e => e.DiscussionId == discussionId && e.Position == 1, cancel);
        var comment = first is null ? null : await db.Comments.AsNoTracking().SingleOrDefaultAsync(c => c.Id == first.Id, cancel);
        return comment is null ? null : ToldComment.Of(first!, comment); // there is no comment without one
    }

    /// <summary>Records what was announced, unless it is recorded.</summary>
    public static async Task RecordOnceAsync(this HubDb db, Guid eventId, Repo repo, NewRepoEvent happened, DateTimeOffset now, CancellationToken cancel)
    {
        await db.WriteAsync(
            async inner =>
            {
                await db.LockAsync<Repo>(repo.Id, inner);
                if (!await db.RepoEvents.AnyAsync(e => e.Id == eventId, inner))
                {
                    await db.RecordAsync(repo, happened with { Id = eventId }, now, inner);
                    await db.SaveChangesAsync(inner);
                }

                return true;
            },
            cancel);
        db.ChangeTracker.Clear();
    }
}

/// <summary>A discussion as webhooks tell of it.</summary>
/// <param name="Id">24 hex digits.</param>
/// <param name="Status"><c>draft</c>, <c>open</c>, <c>closed</c> or <c>merged</c>.</param>
/// <param name="Changes">Of a pull request.</param>
internal sealed record ToldDiscussion(string Id, long Num, string Title, string Status, EventOwner Author, bool IsPullRequest, ToldChanges? Changes, bool Pinned)
{
    public static ToldDiscussion Of(Discussion discussion) => new(
        PublicId.ToHub(discussion.Id), discussion.Number, discussion.Title, discussion.Status.ToWire(), new EventOwner(PublicId.ToHub(discussion.AuthorId)), discussion.IsPullRequest,
        discussion.Base is { } branch ? new ToldChanges(branch, discussion.MergedAs) : null, discussion.IsPinned);

    /// <summary>The page, as a path below the repository's.</summary>
    public string Path() => string.Create(CultureInfo.InvariantCulture, $"discussions/{Num}");
}

/// <param name="Base">The branch that it is meant for, in full.</param>
/// <param name="MergeCommitId">Where the base was after the merge; absent before it.</param>
internal sealed record ToldChanges(string Base, string? MergeCommitId);

/// <param name="Id">24 hex digits.</param>
/// <param name="Content">Markdown; absent where it is hidden.</param>
internal sealed record ToldComment(string Id, EventOwner Author, string? Content, bool Hidden)
{
    public static ToldComment Of(DiscussionEvent written, Comment comment) =>
        new(PublicId.ToHub(comment.Id), new EventOwner(PublicId.ToHub(written.AuthorId)), comment.IsHidden ? null : comment.Text, comment.IsHidden);
}
