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

/// <summary>What became of a thing.</summary>
public enum ChangeKind
{
    Create,
    Update,
    Delete,
}

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
