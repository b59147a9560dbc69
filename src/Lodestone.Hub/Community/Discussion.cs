using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>How far a discussion or a pull request has come.</summary>
internal enum DiscussionStatus
{
    /// <summary>A pull request that is not offered yet.</summary>
    Draft,
    Open,
    Closed,

    /// <summary>A pull request whose changes are in its base.</summary>
    Merged,
}

/// <summary>A discussion about a repository; a pull request when there are commits to it, under <see cref="RefName"/>.</summary>
internal sealed class Discussion
{
    public const int LeastTitle = 3;
    public const int MostTitle = 200;

    public required Guid Id { get; init; }

    public required Guid RepoId { get; init; }

    /// <summary>From 1, per repository.</summary>
    public required long Number { get; init; }

    public required bool IsPullRequest { get; init; }

    public required Guid AuthorId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The branch that a pull request is meant for, in full.</summary>
    public string? Base { get; init; }

    public string Title { get; private set; } = "";

    public string TitleLower { get; private set; } = "";

    public DiscussionStatus Status { get; private set; }

    /// <summary>When something happened last.</summary>
    public DateTimeOffset UpdatedAt { get; private set; }

    public bool IsPinned { get; private set; }

    /// <summary>Only those who may change the repository can write in it.</summary>
    public bool IsLocked { get; private set; }

    /// <summary>How many events it has had: the last one's position.</summary>
    public long Events { get; private set; }

    public long Comments { get; private set; }

    /// <summary>The newest commit that the events tell of.</summary>
    public string? Head { get; set; }

    /// <summary>Where the base was before the merge, or before one that was begun.</summary>
    public string? MergedOnto { get; private set; }

    /// <summary>Where the base was after it, or was to be.</summary>
    public string? MergeCommit { get; private set; }

    /// <summary>Where the base was after the merge; null while it is not merged.</summary>
    public string? MergedAs => Status is DiscussionStatus.Merged ? MergeCommit : null;

    /// <summary>The pull request's reference.</summary>
    public string RefName => RefNameOf(Number);

    /// <summary>It is neither closed nor merged.</summary>
    public bool IsUnderWay => Status is DiscussionStatus.Open or DiscussionStatus.Draft;

    public string Noun => IsPullRequest ? "pull request" : "discussion";

    public static string RefNameOf(long number) => string.Create(CultureInfo.InvariantCulture, $"{PullRequests.Prefix}{number}");

    /// <param name="base">The branch that a pull request is meant for; null for a discussion.</param>
    public static Discussion Open(Guid id, Guid repoId, long number, string title, DiscussionStatus status, string? @base, Guid authorId, DateTimeOffset now) => new()
    {
        Id = id,
        RepoId = repoId,
        Number = number,
        IsPullRequest = @base is not null,
        AuthorId = authorId,
        CreatedAt = now,
        Base = @base,
        Title = title,
        TitleLower = title.ToLowerInvariant(),
        Status = status,
        UpdatedAt = now,
    };

    /// <summary>The next event. Whoever adds it holds the row.</summary>
    public DiscussionEvent Happens(Guid eventId, string kind, Guid actorId, DateTimeOffset now, string value = "", string? detail = null)
    {
        UpdatedAt = now;
        Comments += kind is EventKind.Comment ? 1 : 0;
        return new DiscussionEvent(eventId, Id, ++Events, kind, actorId, now, value, detail);
    }

    public void Rename(string title) => (Title, TitleLower) = (title, title.ToLowerInvariant());

    public void Pin(bool isPinned) => IsPinned = isPinned;

    public void Lock(bool isLocked) => IsLocked = isLocked;

    /// <summary>Publishes a draft, closes, or opens again.</summary>
    /// <exception cref="Refusal"><c>conflict</c>: it is merged, or already so.</exception>
    public void Change(DiscussionStatus status)
    {
        if (Status is DiscussionStatus.Merged)
        {
            throw new Refusal(RefusalCode.Conflict, $"Pull request {Number} is merged. Open a new one for further changes.");
        }

        if (Status == status)
        {
            throw new Refusal(RefusalCode.Conflict, $"The {Noun} is {status.ToWire()} already.");
        }

        Status = status;
    }

    /// <summary>Written down before the base moves, so that a merge cut off by a crash is known for one.</summary>
    public void BeginMerge(string onto, string commit) => (MergedOnto, MergeCommit) = (onto, commit);

    public void Merge(string onto, string commit) => (Status, MergedOnto, MergeCommit) = (DiscussionStatus.Merged, onto, commit);

    /// <summary>More commits may come.</summary>
    /// <exception cref="Refusal"><c>conflict</c>.</exception>
    public void RequireUnderWay()
    {
        if (!IsUnderWay)
        {
            throw new Refusal(RefusalCode.Conflict, Status is DiscussionStatus.Merged
                ? $"Pull request {Number} is merged. Open a new one for further changes."
                : $"Pull request {Number} is closed. Open it again before you add to it.");
        }
    }

    /// <exception cref="Refusal"><c>conflict</c>, saying what comes first.</exception>
    public void RequireReadyToMerge()
    {
        RequireUnderWay();
        if (Status is DiscussionStatus.Draft)
        {
            throw new Refusal(RefusalCode.Conflict, $"Pull request {Number} is a draft. Publish it first: set its status to \"open\".");
        }
    }
}

internal static class DiscussionQueries
{
    public static IQueryable<Discussion> Of(this IQueryable<Discussion> discussions, Guid repoId, long number) =>
        discussions.Where(d => d.RepoId == repoId && d.Number == number);

    /// <summary>Open, or a draft.</summary>
    public static IQueryable<Discussion> UnderWay(this IQueryable<Discussion> discussions) =>
        discussions.Where(d => d.Status == DiscussionStatus.Open || d.Status == DiscussionStatus.Draft);
}

internal static class DiscussionStatuses
{
    /// <summary><c>draft</c>, <c>open</c>, <c>closed</c> or <c>merged</c>.</summary>
    public static string ToWire(this DiscussionStatus status) => status switch
    {
        DiscussionStatus.Draft => "draft",
        DiscussionStatus.Open => "open",
        DiscussionStatus.Closed => "closed",
        _ => "merged",
    };

    public static DiscussionStatus Parse(string status) => status switch
    {
        "draft" => DiscussionStatus.Draft,
        "open" => DiscussionStatus.Open,
        "merged" => DiscussionStatus.Merged,
        _ => DiscussionStatus.Closed,
    };
}
