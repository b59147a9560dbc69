namespace Lodestone.Hub;

/// <summary>A repository's main branch has a new commit, or the repository is new.</summary>
/// <param name="Id"><c>owner/name</c>.</param>
/// <param name="Revision">Full commit id.</param>
public sealed record RepoPublished(Guid RepoId, string Id, string Revision);

/// <summary>A repository and everything in it is gone.</summary>
/// <param name="Id"><c>owner/name</c>.</param>
public sealed record RepoDeleted(Guid RepoId, string Id);
