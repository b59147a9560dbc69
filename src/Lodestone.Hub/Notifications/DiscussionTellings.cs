using System.Globalization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Who wants to hear of a discussion: those who watch its repository or take part in it, and those who look after the repository.</summary>
internal sealed class DiscussionReaders(HubDb db, Namespaces namespaces, People people, Notifying notifying)
{
    private const int MostMentioned = 20;

    /// <summary>Tells all of them but the actor; those whom the text names are told that instead.</summary>
    /// <param name="what">What the actor did, between the actor's name and the discussion's title.</param>
    /// <param name="anchor">Of the comment; empty: the discussion.</param>
    public async Task TellAsync(Repo repo, Discussion discussion, string source, Guid actorId, string what, string? text, string anchor, CancellationToken cancel)
    {
        var actor = (await namespaces.ByIdAsync([actorId], cancel)).GetValueOrDefault(actorId)?.Name ?? "Somebody";
        var href = string.Create(CultureInfo.InvariantCulture, $"/{repo.Type.Prefix()}{repo.FullName}/discussions/{discussion.Number}{anchor}");
        var about = string.Create(CultureInfo.InvariantCulture, $"“{discussion.Title}” (#{discussion.Number}) of {repo.FullName}");
        var mentioned = (await MentionedAsync(text ?? "", cancel)).Select(id => new NewNotification(id, source, NotificationReason.Mention, $"{actor} mentioned you in {about}", href, repo.Id));
        var others = (await ListenersAsync(repo, discussion, cancel)).Select(id => new NewNotification(id, source, NotificationReason.Discussion, $"{actor} {what} {about}", href, repo.Id));
        await notifying.TellAsync([.. mentioned.Concat(others).Where(n => n.UserId != actorId)], cancel);
    }

    private async Task<IEnumerable<Guid>> ListenersAsync(Repo repo, Discussion discussion, CancellationToken cancel)
    {
        var watching = await db.Watches.Where(w => w.RepoId == repo.Id).Select(w => w.UserId).ToListAsync(cancel);
        var takingPart = await db.DiscussionEvents.Where(e => e.DiscussionId == discussion.Id).Select(e => e.AuthorId).Distinct().ToListAsync(cancel);
        return [.. watching, .. takingPart, .. await people.AdministratorsAsync(repo.OwnerId, cancel), repo.CreatedBy];
    }

    private async Task<IEnumerable<Guid>> MentionedAsync(string text, CancellationToken cancel)
    {
        var named = await namespaces.ByNameAsync([.. Mentions.In(text).Take(MostMentioned)], cancel);
        return named.Where(n => !n.IsOrganization).Select(n => n.Id);
    }
}

/// <summary>Tells of discussions that are opened, closed, opened again, merged.</summary>
internal sealed class TellOfDiscussion(HubDb db, DiscussionReaders readers) : IEventHandler<DiscussionChanged>
{
    public async Task HandleAsync(Guid eventId, DiscussionChanged happened, CancellationToken cancel)
    {
        var repo = await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == happened.RepoId, cancel);
        var discussion = await db.Discussions.AsNoTracking().Of(happened.RepoId, happened.Number).SingleOrDefaultAsync(cancel);
        if (repo is null || discussion is null || happened.Kind is ChangeKind.Delete)
        {
            return;
        }

        if (happened.Kind is ChangeKind.Create)
        {
            var opening = await db.OpeningAsync(discussion.Id, cancel);
            await readers.TellAsync(repo, discussion, $"discussion {discussion.Id:N}", happened.ActorId, $"opened the {discussion.Noun}", opening?.Content, "", cancel);
            return;
        }

        // Of all that can happen to one, people are told where it stands now.
        var last = await db.DiscussionEvents.AsNoTracking().Where(e => e.DiscussionId == discussion.Id).OrderByDescending(e => e.Position).FirstAsync(cancel);
        if (last.Kind is EventKind.Status)
        {
            await readers.TellAsync(repo, discussion, $"discussion {last.Id:N}", happened.ActorId, Verb(last.Value), text: null, "", cancel);
        }
    }

    private static string Verb(string status) => status switch
    {
        "merged" => "merged",
        "closed" => "closed",
        _ => "opened again",
    };
}

/// <summary>Tells of comments as they are written; the one that opens a discussion is told with it.</summary>
internal sealed class TellOfComment(HubDb db, DiscussionReaders readers) : IEventHandler<CommentChanged>
{
    public async Task HandleAsync(Guid eventId, CommentChanged happened, CancellationToken cancel)
    {
        if (happened.Kind is not ChangeKind.Create)
        {
            return;
        }

        var repo = await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == happened.RepoId, cancel);
        var discussion = await db.Discussions.AsNoTracking().Of(happened.RepoId, happened.Number).SingleOrDefaultAsync(cancel);
        var written = await db.DiscussionEvents.AsNoTracking().SingleOrDefaultAsync(e => e.Id == happened.CommentId, cancel);
        var comment = await db.Comments.AsNoTracking().SingleOrDefaultAsync(c => c.Id == happened.CommentId, cancel);
        if (repo is not null && discussion is not null && written is { Position: > 1 } && comment is { IsHidden: false })
        {
            var id = PublicId.ToHub(comment.Id);
            await readers.TellAsync(repo, discussion, $"comment {id}", happened.ActorId, "commented on", comment.Text, $"#comment-{id}", cancel);
        }
    }
}
