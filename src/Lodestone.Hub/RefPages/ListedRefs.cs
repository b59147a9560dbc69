namespace Lodestone.Hub;

/// <summary>A branch or a tag as its page shows it.</summary>
/// <param name="Ref">In full: <c>refs/heads/main</c>.</param>
/// <param name="Note">An annotated tag's message; else null.</param>
/// <param name="Distance">Commits that it has and main has not, and the other way round; null where that was not counted.</param>
internal sealed record ListedRef(string Name, string Ref, LoggedCommit Last, string? Note, (int Ahead, int Behind)? Distance);

/// <summary>The references of one kind.</summary>
/// <param name="Total">How many fit what was looked for.</param>
internal sealed record ListedRefs(IReadOnlyList<ListedRef> Shown, int Total)
{
    private const int MostShown = 200;

    // Counting walks both histories.
    private const int MostCounted = 25;

    /// <param name="prefix">As <see cref="RefName.Branches"/>.</param>
    /// <param name="sought">A part of the name; null for all.</param>
    public static ListedRefs Read(GitRepository git, string prefix, string? sought, CancellationToken cancel)
    {
        var all = git.References.List(prefix).Where(r => sought is null || r.Name[prefix.Length..].Contains(sought, StringComparison.OrdinalIgnoreCase)).ToList();
        var main = git.References.Find(RefName.Branches + RepoView.MainBranch);
        using var history = new LibGit(git);
        var shown = new List<ListedRef>();
        foreach (var reference in all.Take(MostShown))
        {
            cancel.ThrowIfCancellationRequested();
            if (git.Revisions.Peel(reference.Target) is not { } id)
            {
                continue; // a tag of something else than a commit
            }

            var isCounted = prefix == RefName.Branches && all.Count <= MostCounted && main is not null && reference.Name != RefName.Branches + RepoView.MainBranch;
            shown.Add(new ListedRef(
                reference.Name[prefix.Length..], reference.Name, new LoggedCommit(id, git.Objects.Commit(id)), git.Objects.FindTag(reference.Target)?.Message.Trim(),
                isCounted ? history.Divergence(id, main!.Value) : null)); // the line above says that there is a main
        }

        return new ListedRefs([.. shown.OrderByDescending(r => r.Name == RepoView.MainBranch).ThenByDescending(r => r.Last.Commit.Committer.When)], all.Count);
    }
}
