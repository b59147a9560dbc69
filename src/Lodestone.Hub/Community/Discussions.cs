using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What can be done with a discussion as a whole. Each change, its event and what other modules hear of it are one save.</summary>
internal sealed class Discussions(HubDb db, TimeProvider clock)
{
    /// <summary>A number that no other discussion of the repository has had.</summary>
    public Task<long> NextNumberAsync(Guid repoId, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            await db.LockAsync<Repo>(repoId, inner);
            await db.Repos.Where(r => r.Id == repoId).ExecuteUpdateAsync(r => r.SetProperty(x => x.LastNumber, x => x.LastNumber + 1), inner);
            return await db.Repos.Where(r => r.Id == repoId).Select(r => r.LastNumber).SingleAsync(inner);
        },
        cancel);

    /// <param name="opening">What it is about.</param>
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public async Task<Discussion> OpenAsync(Guid repoId, Opening opening, Guid authorId, CancellationToken cancel) =>
        await AddAsync(repoId, await NextNumberAsync(repoId, cancel), opening, DiscussionStatus.Open, @base: null, commit: null, authorId, cancel);

    /// <summary>Adds one whose number is taken already.</summary>
    /// <param name="commit">A first commit to tell of, with its title.</param>
    public async Task<Discussion> AddAsync(
        Guid repoId, long number, Opening opening, DiscussionStatus status, string? @base, (ObjectId Id, string Title)? commit, Guid authorId, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var discussion = Discussion.Open(PublicId.New(clock), repoId, number, opening.Title, status, @base, authorId, now);
        AddComment(discussion, opening.Text, authorId, now);
        if (commit is { } first)
        {
            db.DiscussionEvents.Add(discussion.Happens(PublicId.New(clock), EventKind.Commit, authorId, now, first.Id.ToString(), first.Title));
            discussion.Head = first.Id.ToString();
        }

        db.Discussions.Add(discussion);
        db.Publish(new DiscussionChanged(repoId, number, ChangeKind.Create, authorId));
        await db.SaveChangesAsync(cancel);
        return discussion;
    }

    /// <exception cref="Refusal"><c>not_found</c>: it was deleted meanwhile.</exception>
    public Task<DiscussionEvent> CommentAsync(Discussion seen, string text, Guid actorId, CancellationToken cancel) =>
        ChangeAsync(seen, (discussion, _) => Task.FromResult(AddComment(discussion, text, actorId, clock.GetUtcNow())), cancel);

    /// <inheritdoc cref="CommentAsync"/>
    public Task<DiscussionEvent> RenameAsync(Discussion seen, string title, Guid actorId, CancellationToken cancel) => HappensAsync(
        seen, actorId,
        discussion =>
        {
            var before = discussion.Title;
            discussion.Rename(title);
            return (EventKind.Title, title, before);
        },
        cancel);

    /// <param name="comment">Said with it; null or empty: nothing.</param>
    /// <exception cref="Refusal"><c>not_found</c>, <c>conflict</c>.</exception>
    public Task<DiscussionEvent> ChangeStatusAsync(Discussion seen, DiscussionStatus status, string? comment, Guid actorId, CancellationToken cancel) => HappensAsync(
        seen, actorId,
        discussion =>
        {
            discussion.Change(status);
            if (!string.IsNullOrWhiteSpace(comment))
            {
                AddComment(discussion, comment, actorId, clock.GetUtcNow());
            }

            return (EventKind.Status, status.ToWire(), null);
        },
        cancel);

    /// <inheritdoc cref="CommentAsync"/>
    public Task PinAsync(Discussion seen, bool isPinned, Guid actorId, CancellationToken cancel) => MarkAsync(seen, EventKind.Pinning, d => d.IsPinned, (d, on) => d.Pin(on), isPinned, actorId, cancel);

    /// <inheritdoc cref="CommentAsync"/>
    public Task LockAsync(Discussion seen, bool isLocked, Guid actorId, CancellationToken cancel) => MarkAsync(seen, EventKind.Locking, d => d.IsLocked, (d, on) => d.Lock(on), isLocked, actorId, cancel);

    /// <summary>With all that was said in it. Its number is not given again.</summary>
    /// <inheritdoc cref="CommentAsync"/>
    public Task DeleteAsync(Discussion seen, Guid actorId, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            if (await db.Discussions.Where(d => d.Id == seen.Id).ExecuteDeleteAsync(inner) == 0)
            {
                throw new Refusal(RefusalCode.NotFound, "It is deleted already.");
            }

            db.Publish(new DiscussionChanged(seen.RepoId, seen.Number, ChangeKind.Delete, actorId));
            return await db.SaveChangesAsync(inner);
        },
        cancel);

    /// <summary>Changes the row as it is now, held until the change is saved.</summary>
    /// <exception cref="Refusal"><c>not_found</c>: it was deleted meanwhile; and what <paramref name="change"/> refuses.</exception>
    public Task<T> ChangeAsync<T>(Discussion seen, Func<Discussion, CancellationToken, Task<T>> change, CancellationToken cancel) => db.WriteAsync(
        async inner =>
        {
            db.ChangeTracker.Clear(); // what was read before the lock may be out of date
            await db.LockAsync<Discussion>(seen.Id, inner);
            var discussion = await db.Discussions.SingleOrDefaultAsync(d => d.Id == seen.Id, inner)
                ?? throw new Refusal(RefusalCode.NotFound, "It was deleted meanwhile.");
            var result = await change(discussion, inner);
            await db.SaveChangesAsync(inner);
            return result;
        },
        cancel);

    /// <summary>A comment and its event; the caller saves.</summary>
    public DiscussionEvent AddComment(Discussion discussion, string text, Guid actorId, DateTimeOffset now)
    {
        var happened = discussion.Happens(PublicId.New(clock), EventKind.Comment, actorId, now);
        db.DiscussionEvents.Add(happened);
        db.Comments.Add(new Comment { Id = happened.Id, DiscussionId = discussion.Id, Text = text, UpdatedAt = now, UpdatedBy = actorId });
        db.Publish(new CommentChanged(discussion.RepoId, discussion.Number, happened.Id, ChangeKind.Create, actorId));
        return happened;
    }

    /// <param name="change">Says what happened.</param>
    private Task<DiscussionEvent> HappensAsync(
        Discussion seen, Guid actorId, Func<Discussion, (string Kind, string Value, string? Detail)> change, CancellationToken cancel) => ChangeAsync(
        seen,
        (discussion, _) =>
        {
            var (kind, value, detail) = change(discussion);
            var happened = discussion.Happens(PublicId.New(clock), kind, actorId, clock.GetUtcNow(), value, detail);
            db.DiscussionEvents.Add(happened);
            db.Publish(new DiscussionChanged(discussion.RepoId, discussion.Number, ChangeKind.Update, actorId));
            return Task.FromResult(happened);
        },
        cancel);

    /// <summary>To set what is set already is nothing.</summary>
    private Task<bool> MarkAsync(Discussion seen, string kind, Func<Discussion, bool> read, Action<Discussion, bool> mark, bool isOn, Guid actorId, CancellationToken cancel) => ChangeAsync(
        seen,
        (discussion, _) =>
        {
            if (read(discussion) == isOn)
            {
                return Task.FromResult(false);
            }

            mark(discussion, isOn);
            db.DiscussionEvents.Add(discussion.Happens(PublicId.New(clock), kind, actorId, clock.GetUtcNow(), isOn ? "true" : "false"));
            db.Publish(new DiscussionChanged(discussion.RepoId, discussion.Number, ChangeKind.Update, actorId));
            return Task.FromResult(true);
        },
        cancel);
}

/// <summary>What somebody opens a discussion with.</summary>
internal sealed record Opening(string Title, string Text)
{
    public const int MostText = 65_536;

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static Opening Read(string? title, string? text) => new(TitleOf(title), (TextOf(text) ?? "").Trim());

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static string TitleOf(string? text)
    {
        var title = CardValues.Clean(text ?? "").ReplaceLineEndings(" ").Trim();
        return title.Length is >= Discussion.LeastTitle and <= Discussion.MostTitle
            ? title
            : throw new Refusal(RefusalCode.Invalid, $"A title has {Discussion.LeastTitle} to {Discussion.MostTitle} characters.") { Param = "title" };
    }

    /// <exception cref="Refusal"><c>invalid_request</c>: empty or too long.</exception>
    public static string CommentOf(string? text, string param) => TextOf(text) is { } said && !string.IsNullOrWhiteSpace(said)
        ? said
        : throw new Refusal(RefusalCode.Invalid, "Say something: the comment is empty.") { Param = param };

    /// <returns>Null when there is none.</returns>
    /// <exception cref="Refusal"><c>invalid_request</c>: too long.</exception>
    public static string? TextOf(string? text) => text is null ? null : text.Length <= MostText
        ? CardValues.Clean(text)
        : throw new Refusal(RefusalCode.Invalid, $"A comment has at most {MostText:N0} characters. Put longer texts into a file.");
}
