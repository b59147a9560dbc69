using System.Text.Json.Serialization;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>Discussions and their events in the shapes that clients read.</summary>
internal sealed class DiscussionAnswers(HubDb db, Namespaces namespaces, Conversations conversations, CommentText comments, MergeChecks checks)
{
    private const int MostDiff = 4 * 1024 * 1024; // characters
    private const int MostTop = 3;

    /// <summary>For lists.</summary>
    public async Task<IReadOnlyList<DiscussionItem>> ItemsAsync(Repo repo, IReadOnlyList<Discussion> discussions, CancellationToken cancel)
    {
        var ids = discussions.Select(d => d.Id).ToList();
        var people = await namespaces.ByIdAsync([.. discussions.Select(d => d.AuthorId).Append(repo.OwnerId).Distinct()], cancel);
        var reactions = (await db.Reactions.AsNoTracking().Where(r => ids.Contains(r.DiscussionId)).ToListAsync(cancel)).ToLookup(r => r.DiscussionId);
        return [.. discussions.Select(d => Fill(new DiscussionItem(), repo, d, people, [.. reactions[d.Id]]))];
    }

    /// <param name="isWithDiff">With the unified diff against the base.</param>
    public async Task<DiscussionDetails> DetailsAsync(Repo repo, GitRepository git, Discussion discussion, bool isWithDiff, CancellationToken cancel)
    {
        var conversation = await conversations.ReadAsync(discussion, cancel);
        var owner = await namespaces.ByIdAsync([repo.OwnerId], cancel);
        var people = conversation.People.Concat(owner.Where(o => !conversation.People.ContainsKey(o.Key))).ToDictionary();
        var details = Fill(new DiscussionDetails(), repo, discussion, people, [.. conversation.Items.SelectMany(i => i.Reactions)]);
        details.Events = [.. conversation.Items.Select(i => EventOf(repo, i, people, conversation.Mentioned))];
        return discussion.IsPullRequest ? await WithChangesAsync(details, repo, git, discussion, isWithDiff, cancel) : details;
    }

    public async Task<EventItem> EventAsync(Repo repo, Discussion discussion, Guid eventId, CancellationToken cancel)
    {
        var conversation = await conversations.ReadAsync(discussion, eventId, cancel);
        return EventOf(repo, conversation.Items.Single(), conversation.People, conversation.Mentioned);
    }

    public static IReadOnlyList<ReactionCount> Counts(IEnumerable<Reaction> reactions, IReadOnlyDictionary<Guid, Namespace>? people) =>
    [
        .. reactions.GroupBy(r => r.Emoji, StringComparer.Ordinal).OrderByDescending(g => g.Count()).ThenBy(g => Reaction.All.ToList().IndexOf(g.Key))
            .Select(g => new ReactionCount(g.Key, g.Count(), people is null ? null : [.. g.Select(r => people.GetValueOrDefault(r.UserId)?.Name).OfType<string>()])),
    ];

    private static T Fill<T>(T item, Repo repo, Discussion discussion, IReadOnlyDictionary<Guid, Namespace> people, IReadOnlyList<Reaction> reactions)
        where T : DiscussionItem
    {
        item.Id = PublicId.ToHub(discussion.Id);
        item.Num = discussion.Number;
        item.Title = discussion.Title;
        item.Status = discussion.Status.ToWire();
        item.IsPullRequest = discussion.IsPullRequest;
        item.CreatedAt = Instants.ToWire(discussion.CreatedAt);
        item.Author = Participant.Of(people.GetValueOrDefault(discussion.AuthorId));
        item.Repo = new DiscussionRepo(repo.FullName, repo.Type.Singular());
        item.RepoOwner = Participant.Of(people.GetValueOrDefault(repo.OwnerId));
        item.Pinned = discussion.IsPinned;
        item.Locked = discussion.IsLocked;
        item.NumComments = discussion.Comments;
        item.TopReactions = [.. Counts(reactions, people: null).Take(MostTop)];
        item.NumReactionUsers = reactions.Select(r => r.UserId).Distinct().Count();
        return item;
    }

    private async Task<DiscussionDetails> WithChangesAsync(DiscussionDetails details, Repo repo, GitRepository git, Discussion discussion, bool isWithDiff, CancellationToken cancel)
    {
        var proposal = Proposal.Read(git, discussion);
        details.Changes = new DiscussionChanges(discussion.Base ?? "", discussion.MergedAs);
        details.FilesWithConflicts = discussion.IsUnderWay ? proposal?.Conflicts() ?? [] : [];
        details.Checks = discussion.IsUnderWay ? await checks.RunAsync(repo, discussion, proposal, cancel) : null;
        if ((Proposal.Merged(git, discussion) ?? proposal?.Range) is { } range)
        {
            details.DiffUrl = $"/api/{repo.Type.Segment()}/{repo.FullName}/compare/{range.BaseName}..{range.HeadName}?raw=true";
            details.Diff = isWithDiff ? DiffOf(git, range, cancel) : null;
        }

        return details;
    }

    /// <summary>Whole files, until it is long; all of it is at <see cref="DiscussionDetails.DiffUrl"/>.</summary>
    private static string DiffOf(GitRepository git, RevisionRange range, CancellationToken cancel)
    {
        using var lines = new LibGit(git);
        var diff = new UnifiedDiff(git, lines);
        var text = new System.Text.StringBuilder();
        foreach (var change in range.Changes(git))
        {
            cancel.ThrowIfCancellationRequested();
            text.Append(diff.Of(change));
            if (text.Length > MostDiff)
            {
                break;
            }
        }

        return text.ToString();
    }

    private EventItem EventOf(Repo repo, ConversationItem item, IReadOnlyDictionary<Guid, Namespace> people, IReadOnlyDictionary<string, string> mentioned)
    {
        var happened = item.Event;
        return new EventItem(PublicId.ToHub(happened.Id), happened.Kind, Instants.ToWire(happened.CreatedAt), Participant.Of(people.GetValueOrDefault(happened.AuthorId)), happened.Kind switch
        {
            EventKind.Comment when item.Comment is { } comment => CommentOf(repo, item, comment, people, mentioned),
            EventKind.Status => new EventContent { Status = happened.Value, Reason = happened.Detail },
            EventKind.Title => new EventContent { From = happened.Detail, To = happened.Value },
            EventKind.Commit => new EventContent { Oid = happened.Value, Subject = happened.Detail ?? "" },
            EventKind.Pinning => new EventContent { Pinned = happened.Value is "true" },
            EventKind.Locking => new EventContent { Locked = happened.Value is "true" },
            _ => new EventContent(),
        });
    }

    private EventContent CommentOf(Repo repo, ConversationItem item, Comment comment, IReadOnlyDictionary<Guid, Namespace> people, IReadOnlyDictionary<string, string> mentioned) => new()
    {
        Edited = comment.Edits > 0,
        Hidden = comment.IsHidden,
        HiddenBy = comment.HiddenBy is { } who ? people.GetValueOrDefault(who)?.Name : null,
        Latest = new CommentVersion(comment.Text, comment.IsHidden ? "" : comments.Html(repo, comment.Text, mentioned), Instants.ToWire(comment.UpdatedAt), Participant.Of(people.GetValueOrDefault(comment.UpdatedBy))),
        NumEdits = comment.Edits,
        History = [.. item.History.Select(e => new CommentVersion(e.Text, null, Instants.ToWire(e.WrittenAt), Participant.Of(people.GetValueOrDefault(e.AuthorId))))],
        Editors = [.. item.History.Select(e => e.AuthorId).Append(comment.UpdatedBy).Distinct().Select(id => people.GetValueOrDefault(id)?.Name).OfType<string>()],
        Reactions = Counts(item.Reactions, people),
    };
}

/// <summary>A discussion in a list. Members without a value are left out.</summary>
internal class DiscussionItem
{
    [JsonPropertyName("_id")]
    public string Id { get; set; } = "";

    public long Num { get; set; }

    public string Title { get; set; } = "";

    public string Status { get; set; } = "";

    public bool IsPullRequest { get; set; }

    public string CreatedAt { get; set; } = "";

    /// <summary>Absent when the account is gone.</summary>
    public Participant? Author { get; set; }

    public DiscussionRepo? Repo { get; set; }

    public Participant? RepoOwner { get; set; }

    public bool Pinned { get; set; }

    public bool Locked { get; set; }

    public long NumComments { get; set; }

    public IReadOnlyList<ReactionCount> TopReactions { get; set; } = [];

    public long NumReactionUsers { get; set; }
}

/// <summary>A discussion with all that happened; of a pull request, what it changes.</summary>
internal sealed class DiscussionDetails : DiscussionItem
{
    public IReadOnlyList<EventItem> Events { get; set; } = [];

    public DiscussionChanges? Changes { get; set; }

    public IReadOnlyList<string>? FilesWithConflicts { get; set; }

    /// <summary>While it is under way.</summary>
    public IReadOnlyList<MergeCheck>? Checks { get; set; }

    public string? Diff { get; set; }

    /// <summary>A path on this server.</summary>
    public string? DiffUrl { get; set; }
}

/// <param name="Base">In full: <c>refs/heads/main</c>.</param>
/// <param name="MergeCommitId">Once it is merged.</param>
internal sealed record DiscussionChanges(string Base, string? MergeCommitId);

/// <param name="Name"><c>owner/name</c>.</param>
internal sealed record DiscussionRepo(string Name, string Type);

/// <summary>Somebody in a discussion.</summary>
/// <param name="Type"><c>user</c> or <c>org</c>.</param>
internal sealed record Participant([property: JsonPropertyName("_id")] string Id, string Name, string Fullname, string? AvatarUrl, string Type)
{
    public static Participant? Of(Namespace? one) =>
        one is null ? null : new Participant(PublicId.ToHub(one.Id), one.Name, one.FullName, one.AvatarUrl, one.IsOrganization ? "org" : "user");
}

internal sealed record ReactionCount(string Reaction, int Count, IReadOnlyList<string>? Users);

/// <param name="Type">One of <see cref="EventKind"/>.</param>
internal sealed record EventItem(string Id, string Type, string CreatedAt, Participant? Author, EventContent Data);

/// <summary>Of what members an event has, its type says.</summary>
internal sealed record EventContent
{
    public bool? Edited { get; init; }

    public bool? Hidden { get; init; }

    public string? HiddenBy { get; init; }

    public CommentVersion? Latest { get; init; }

    public long? NumEdits { get; init; }

    public IReadOnlyList<CommentVersion>? History { get; init; }

    public IReadOnlyList<string>? Editors { get; init; }

    public IReadOnlyList<ReactionCount>? Reactions { get; init; }

    public string? Status { get; init; }

    public string? Reason { get; init; }

    public string? From { get; init; }

    public string? To { get; init; }

    public string? Oid { get; init; }

    public string? Subject { get; init; }

    public bool? Pinned { get; init; }

    public bool? Locked { get; init; }
}

/// <param name="Raw">Markdown; empty when hidden.</param>
/// <param name="Html">Sanitised; absent in a history.</param>
internal sealed record CommentVersion(string Raw, string? Html, string UpdatedAt, Participant? Author);
