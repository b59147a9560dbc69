namespace Lodestone.Hub;

/// <summary>What can happen to a discussion, by the names that clients know.</summary>
internal static class EventKind
{
    public const string Comment = "comment";
    public const string Status = "status-change";
    public const string Title = "title-change";
    public const string Commit = "commit";
    public const string Pinning = "pinning-change";
    public const string Locking = "locking-change";
}

/// <summary>Something that happened to a discussion.</summary>
/// <param name="Position">From 1, without gaps.</param>
/// <param name="Kind">One of <see cref="EventKind"/>.</param>
/// <param name="Value">The new title or status, the commit's id, <c>true</c> or <c>false</c>.</param>
/// <param name="Detail">The old title, the reason, the commit's title.</param>
internal sealed record DiscussionEvent(Guid Id, Guid DiscussionId, long Position, string Kind, Guid AuthorId, DateTimeOffset CreatedAt, string Value, string? Detail);

/// <summary>The text of an event that is a comment, as it is now.</summary>
internal sealed class Comment
{
    /// <summary>The event's.</summary>
    public required Guid Id { get; init; }

    public required Guid DiscussionId { get; init; }

    /// <summary>Markdown; empty once it is hidden.</summary>
    public required string Text { get; set; }

    public long Edits { get; private set; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public required Guid UpdatedBy { get; set; }

    public Guid? HiddenBy { get; private set; }

    public bool IsHidden => HiddenBy is not null;

    /// <returns>What it said before, for its history.</returns>
    public CommentEdit Edit(string text, Guid editorId, DateTimeOffset now)
    {
        var before = new CommentEdit(Id, ++Edits, Text, UpdatedBy, UpdatedAt);
        (Text, UpdatedBy, UpdatedAt) = (text, editorId, now);
        return before;
    }

    /// <summary>For good: the text is gone.</summary>
    public void Hide(Guid actorId, DateTimeOffset now) => (Text, HiddenBy, UpdatedAt) = ("", actorId, now);
}

/// <summary>What a comment said before an edit.</summary>
/// <param name="Number">From 1, the oldest.</param>
/// <param name="AuthorId">Who had written it so.</param>
internal sealed record CommentEdit(Guid CommentId, long Number, string Text, Guid AuthorId, DateTimeOffset WrittenAt);

/// <summary>A sign that somebody leaves at a comment.</summary>
internal sealed record Reaction(Guid CommentId, Guid UserId, string Emoji, Guid DiscussionId, DateTimeOffset CreatedAt)
{
    /// <summary>Those that there are.</summary>
    public static IReadOnlyList<string> All { get; } = ["👍", "👎", "❤️", "🎉", "🚀", "👀", "😄", "😕"];
}
