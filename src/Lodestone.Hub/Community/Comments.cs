using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What can be done with a comment: to edit it, to hide it for good, to leave a reaction at it.</summary>
internal sealed class Comments(HubDb db, TimeProvider clock)
{
    private const int MostHistory = 100;

    /// <summary>By whoever wrote it.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>forbidden</c>, <c>conflict</c>.</exception>
    public Task<Guid> EditAsync(Found found, string commentId, string text, Caller actor, CancellationToken cancel) => ChangeAsync(
        found, commentId, actor,
        (comment, happened, _) =>
        {
            if (happened.AuthorId != actor.Id)
            {
                throw new Refusal(RefusalCode.Forbidden, "A comment can be edited by who wrote it.");
            }

            if (comment.Edits >= MostHistory)
            {
                throw new Refusal(RefusalCode.Conflict, $"A comment can be edited {MostHistory} times. Write another one.");
            }

            db.CommentEdits.Add(comment.Edit(text, actor.Id, clock.GetUtcNow()));
            return Task.FromResult(true);
        },
        cancel);

    /// <summary>By whoever wrote it and those who may change the repository. What it said, and said before, is gone.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>forbidden</c>, <c>conflict</c>.</exception>
    public Task<Guid> HideAsync(Found found, string commentId, Caller actor, CancellationToken cancel) => ChangeAsync(
        found, commentId, actor,
        async (comment, happened, inner) =>
        {
            if (happened.AuthorId != actor.Id && !found.Repo.CanBeChangedBy(actor))
            {
                throw new Refusal(RefusalCode.Forbidden, $"A comment can be hidden by who wrote it and by those who may change {found.Repo.FullName}.");
            }

            comment.Hide(actor.Id, clock.GetUtcNow());
            await db.CommentEdits.Where(e => e.CommentId == comment.Id).ExecuteDeleteAsync(inner);
            return await db.Reactions.Where(r => r.CommentId == comment.Id).ExecuteDeleteAsync(inner) >= 0;
        },
        cancel);

    /// <summary>Leaves a reaction or takes it back; either twice is the same as once.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>conflict</c>, <c>invalid_request</c>.</exception>
    public async Task<Guid> ReactAsync(Found found, string commentId, string? emoji, bool isOn, Caller actor, CancellationToken cancel)
    {
        if (emoji is null || !Reaction.All.Contains(emoji, StringComparer.Ordinal))
        {
            throw new Refusal(RefusalCode.Invalid, $"\"reaction\" must be one of [{string.Join(", ", Reaction.All)}]") { Param = "reaction" };
        }

        return await ChangeAsync(
            found, commentId, actor: null,
            async (comment, _, inner) =>
            {
                var own = db.Reactions.Where(r => r.CommentId == comment.Id && r.UserId == actor.Id && r.Emoji == emoji);
                if (!isOn)
                {
                    return await own.ExecuteDeleteAsync(inner) > 0;
                }

                if (!await own.AnyAsync(inner))
                {
                    db.Reactions.Add(new Reaction(comment.Id, actor.Id, emoji, found.Discussion.Id, clock.GetUtcNow()));
                }

                return true;
            },
            cancel);
    }

    /// <param name="actor">Whose change others hear of; null: nobody's.</param>
    private async Task<Guid> ChangeAsync(
        Found found, string commentId, Caller? actor, Func<Comment, DiscussionEvent, CancellationToken, Task<bool>> change, CancellationToken cancel)
    {
        var discussion = found.Discussion;
        if (!PublicId.TryParseHub(commentId.ToLowerInvariant(), out var id))
        {
            throw NotFound();
        }

        return await db.WriteAsync(
            async inner =>
            {
                db.ChangeTracker.Clear(); // what was read before the lock may be out of date
                await db.LockAsync<Comment>(id, inner);
                var comment = await db.Comments.SingleOrDefaultAsync(c => c.Id == id && c.DiscussionId == discussion.Id, inner) ?? throw NotFound();
                if (comment.IsHidden)
                {
                    throw new Refusal(RefusalCode.Conflict, "The comment is hidden, which cannot be undone.");
                }

                await change(comment, await db.DiscussionEvents.AsNoTracking().SingleAsync(e => e.Id == id, inner), inner);
                if (actor is not null)
                {
                    db.Publish(new CommentChanged(discussion.RepoId, discussion.Number, id, ChangeKind.Update, actor.Id));
                }

                await db.SaveChangesAsync(inner);
                return id;
            },
            cancel);
    }

    private static Refusal NotFound() => new(RefusalCode.NotFound, "There is no such comment here.");
}
