namespace Lodestone.Hub;

/// <param name="Commit">The commit meant, tags peeled.</param>
/// <param name="RefName">The reference by which it was named, in full; null for a commit id.</param>
internal sealed record Revision(ObjectId Commit, string? RefName);

/// <summary>Turns what a client wrote as a revision into a commit.</summary>
internal sealed class Revisions(GitRepository repository)
{
    private const int MaxTagDepth = 10;
    private const int MaxCandidates = 64;

    /// <summary>
    /// In this order: <c>HEAD</c>, a full reference (<c>refs/pr/12</c>), a branch, a tag, a commit id, an abbreviated commit id of at
    /// least five digits. Null if there is none of them, or if an abbreviation fits several commits.
    /// </summary>
    public Revision? Find(string revision) => FindReference(revision) ?? FindCommit(revision);

    /// <summary>The commit that an object leads to: itself, or the end of a chain of annotated tags.</summary>
    public ObjectId? Peel(ObjectId id)
    {
        for (var depth = 0; depth < MaxTagDepth; depth++)
        {
            if (repository.Objects.FindCommit(id) is not null)
            {
                return id;
            }

            if (repository.Objects.FindTag(id) is not { } tag)
            {
                return null;
            }

            id = tag.Target;
        }

        return null;
    }

    private Revision? FindReference(string revision)
    {
        if (revision == "HEAD")
        {
            return Named(repository.References.Head ?? revision);
        }

        return Named(revision) ?? Named(RefName.Branches + revision) ?? Named(RefName.Tags + revision);
    }

    private Revision? Named(string refName) =>
        repository.References.Find(refName) is { } target && Peel(target) is { } commit ? new Revision(commit, refName) : null;

    private Revision? FindCommit(string revision)
    {
        if (!ObjectIdPrefix.TryParse(revision, out var prefix))
        {
            return null;
        }

        // As with git, an id that names a tag object or a commit will do; blobs and trees that begin alike do not make it ambiguous.
        var ids = prefix.First == prefix.Last ? [prefix.First] : repository.Objects.Find(prefix, MaxCandidates);
        var commits = ids.Select(Peel).OfType<ObjectId>().Distinct().Take(2).ToList();
        return commits is [var only] ? new Revision(only, RefName: null) : null;
    }
}
