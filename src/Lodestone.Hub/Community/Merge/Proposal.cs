namespace Lodestone.Hub;

/// <summary>A pull request as git has it: where it is, where its base is, and where they parted.</summary>
/// <param name="Fork">Null when they have nothing in common.</param>
internal sealed record Proposal(GitRepository Git, ObjectId Head, ObjectId Base, ObjectId? Fork)
{
    /// <summary>The base has every commit of it.</summary>
    public bool IsContained => Fork == Head;

    /// <summary>The base has not moved since.</summary>
    public bool IsForward => Fork == Base;

    /// <summary>What it changes, as its page and <c>diff=1</c> show it.</summary>
    public RevisionRange Range => new(Fork, Head, Fork?.ToString() ?? GitTree.EmptyId.ToString(), Head.ToString());

    /// <returns>Null when its reference or its base is gone.</returns>
    public static Proposal? Read(GitRepository git, Discussion discussion)
    {
        if (discussion.Base is not { } name || git.References.Find(name) is not { } @base || git.References.Find(discussion.RefName) is not { } head)
        {
            return null;
        }

        using var history = new LibGit(git);
        return new Proposal(git, head, @base, history.MergeBase(@base, head));
    }

    /// <summary>What a merged one brought: its base after and before.</summary>
    public static RevisionRange? Merged(GitRepository git, Discussion discussion) =>
        ObjectId.TryParse(discussion.MergedOnto, out var onto) && ObjectId.TryParse(discussion.MergedAs, out var made) && git.Objects.Contains(onto) && git.Objects.Contains(made)
            ? new RevisionRange(onto, made, onto.ToString(), made.ToString())
            : null;

    /// <summary>Files that it and its base changed in ways that do not fit together.</summary>
    public IReadOnlyList<string> Conflicts() => [.. ConflictedSides().Keys];

    /// <summary>Likewise, with what each has there: where one renamed a file, at its new place.</summary>
    public IReadOnlyDictionary<string, ThreeSides> ConflictedSides() =>
        IsForward || IsContained ? new Dictionary<string, ThreeSides>(StringComparer.Ordinal) : Merge(_ => ObjectId.Zero).Sides;

    /// <inheritdoc cref="TreeMerge.Merge"/>
    public MergedTree Merge(Func<byte[], ObjectId> write)
    {
        using var history = new LibGit(Git);
        return new TreeMerge(Git, history).Merge(Fork is { } fork ? TreeOf(fork) : null, TreeOf(Base), TreeOf(Head), write);
    }

    /// <summary>The commits that the base has not, oldest first.</summary>
    public IReadOnlyList<LoggedCommit> Commits(int most)
    {
        using var history = new LibGit(Git);
        return [.. history.Since(Base, Head).Take(most).Select(id => new LoggedCommit(id, Git.Objects.Commit(id))).Reverse()];
    }

    public ObjectId TreeOf(ObjectId commit) => Git.Objects.Commit(commit).Tree;
}
