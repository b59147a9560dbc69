using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What happened, who did it, and of a comment all that belongs to it.</summary>
/// <param name="Comment">Null when it is no comment.</param>
/// <param name="History">What the comment said before, the oldest first.</param>
internal sealed record ConversationItem(DiscussionEvent Event, Comment? Comment, IReadOnlyList<CommentEdit> History, IReadOnlyList<Reaction> Reactions);

/// <summary>A discussion with its events in order and everybody in it.</summary>
/// <param name="People">By id; those whose account is gone are missing.</param>
internal sealed record Conversation(Discussion Discussion, IReadOnlyList<ConversationItem> Items, IReadOnlyDictionary<Guid, Namespace> People)
{
    /// <summary>Those whom its texts name with an @ and who are here: from names in any case to names as their owners write them.</summary>
    public required IReadOnlyDictionary<string, string> Mentioned { get; init; }
}

/// <summary>Reads conversations.</summary>
internal sealed class Conversations(HubDb db, Namespaces namespaces)
{
    private const int MostMentioned = 200;

    public async Task<Conversation> ReadAsync(Discussion discussion, CancellationToken cancel)
    {
        var events = await db.DiscussionEvents.AsNoTracking().Where(e => e.DiscussionId == discussion.Id).OrderBy(e => e.Position).ToListAsync(cancel);
        return await AroundAsync(discussion, events, db.Comments.Where(c => c.DiscussionId == discussion.Id), cancel);
    }

    /// <summary>One event alone.</summary>
    public async Task<Conversation> ReadAsync(Discussion discussion, Guid eventId, CancellationToken cancel)
    {
        var events = await db.DiscussionEvents.AsNoTracking().Where(e => e.Id == eventId && e.DiscussionId == discussion.Id).ToListAsync(cancel);
        return await AroundAsync(discussion, events, db.Comments.Where(c => c.Id == eventId), cancel);
    }

    private async Task<Conversation> AroundAsync(Discussion discussion, IReadOnlyList<DiscussionEvent> events, IQueryable<Comment> which, CancellationToken cancel)
    {
        var comments = await which.AsNoTracking().ToDictionaryAsync(c => c.Id, cancel);
        var edits = await db.CommentEdits.AsNoTracking().Where(e => which.Any(c => c.Id == e.CommentId)).OrderBy(e => e.Number).ToListAsync(cancel);
        var reactions = await db.Reactions.AsNoTracking().Where(r => which.Any(c => c.Id == r.CommentId)).OrderBy(r => r.CreatedAt).ToListAsync(cancel);
        var (editsOf, reactionsOf) = (edits.ToLookup(e => e.CommentId), reactions.ToLookup(r => r.CommentId));
        var ids = events.Select(e => e.AuthorId)
            .Concat(comments.Values.SelectMany(c => (Guid[])[c.UpdatedBy, c.HiddenBy ?? c.UpdatedBy]))
            .Concat(edits.Select(e => e.AuthorId)).Concat(reactions.Select(r => r.UserId)).Append(discussion.AuthorId);
        var people = await namespaces.ByIdAsync([.. ids.Distinct()], cancel);
        var names = comments.Values.Select(c => c.Text).Concat(edits.Select(e => e.Text)).SelectMany(Mentions.In).Distinct(StringComparer.OrdinalIgnoreCase).Take(MostMentioned);
        var mentioned = await namespaces.ByNameAsync([.. names], cancel);
        return new Conversation(discussion, [.. events.Select(e => new ConversationItem(e, comments.GetValueOrDefault(e.Id), [.. editsOf[e.Id]], [.. reactionsOf[e.Id]]))], people)
        {
            Mentioned = mentioned.ToDictionary(n => n.Name, n => n.Name, StringComparer.OrdinalIgnoreCase),
        };
    }
}
