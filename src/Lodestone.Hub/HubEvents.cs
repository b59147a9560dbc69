namespace Lodestone.Hub;

/// <summary>A repository's main branch has a new commit, or the repository is new.</summary>
/// <param name="Id"><c>owner/name</c>.</param>
/// <param name="Revision">Full commit id.</param>
public sealed record RepoPublished(Guid RepoId, string Id, string Revision);

/// <summary>A repository and everything in it is gone.</summary>
/// <param name="Id"><c>owner/name</c>.</param>
public sealed record RepoDeleted(Guid RepoId, string Id);

/// <summary>An administrator of the server took a repository down.</summary>
/// <param name="Id"><c>owner/name</c>.</param>
/// <param name="Reason">Told to everybody who comes.</param>
public sealed record RepoTakenDown(Guid RepoId, string Id, string Reason);

/// <summary>A repository that was taken down is served again.</summary>
/// <param name="Id"><c>owner/name</c>.</param>
public sealed record RepoRestored(Guid RepoId, string Id);

/// <summary>A public model says for the first time that it was made from another model of this server, which may be hidden.</summary>
/// <param name="BaseId">The model it was made from.</param>
/// <param name="RepoId">The model that names it.</param>
/// <param name="Relation"><c>finetune</c>, <c>adapter</c>, <c>merge</c>, <c>quantized</c> or <c>distilled</c>.</param>
public sealed record DerivativeDeclared(Guid BaseId, Guid RepoId, string Relation);

/// <summary>What became of a thing.</summary>
public enum ChangeKind
{
    Create,
    Update,
    Delete,

    /// <summary>It has another place now.</summary>
    Move,
}

/// <summary>Something happened to a repository: it was made, moved, hidden, deleted, or references of it changed; or to its discussions.</summary>
/// <param name="EventId">Of what happened; a repository's events are numbered in the order in which they happened.</param>
/// <param name="Scope"><c>repo</c>, <c>repo.content</c>, <c>repo.config</c>, <c>repo.derivative</c>, <c>discussion</c> or <c>discussion.comment</c>.</param>
/// <param name="UpdatedRefs">Where the scope is <c>repo.content</c>.</param>
/// <param name="ActorId">Empty: the server itself.</param>
public sealed record RepoChanged(Guid RepoId, Guid EventId, string Scope, ChangeKind Kind, IReadOnlyList<UpdatedRef>? UpdatedRefs, Guid ActorId);

/// <param name="Ref">In full, such as <c>refs/heads/main</c>.</param>
/// <param name="OldSha">Full id; null: it is new.</param>
/// <param name="NewSha">Full id; null: it is gone.</param>
public sealed record UpdatedRef(string Ref, string? OldSha, string? NewSha);

/// <summary>A discussion or pull request was opened; renamed, published, closed, reopened, merged, pinned or locked; or deleted.</summary>
/// <param name="Number">From 1, per repository.</param>
public sealed record DiscussionChanged(Guid RepoId, long Number, ChangeKind Kind, Guid ActorId);

/// <summary>A comment was written; edited or hidden.</summary>
/// <param name="Number">Of its discussion.</param>
public sealed record CommentChanged(Guid RepoId, long Number, Guid CommentId, ChangeKind Kind, Guid ActorId);

/// <summary>Somebody asked for access to a gated repository, or it was decided about them.</summary>
/// <param name="SubjectId">The user or organization whose access it is.</param>
/// <param name="State">The state that it has now: <c>pending</c>, <c>accepted</c>, <c>rejected</c>, <c>revoked</c>.</param>
public sealed record AccessChanged(Guid RepoId, Guid SubjectId, string State, Guid ActorId);

/// <summary>A webhook took no delivery for days, and is told nothing more until its owner enables it again.</summary>
public sealed record WebhookSuspended(Guid WebhookId, Guid OwnerId, string Url);
