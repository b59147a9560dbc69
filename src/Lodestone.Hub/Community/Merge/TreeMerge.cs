namespace Lodestone.Hub;

/// <summary>
/// Brings what one commit changed since a fork into the tree of another. A file that only one side changed is taken as it is; of a
/// text that both changed the lines are merged; what is left are conflicts. A file that moved is one that went and one that came.
/// </summary>
internal sealed class TreeMerge(GitRepository git, LibGit lines)
{
    /// <param name="fork">Root folder of the commit that both came from; null when they have none in common.</param>
    /// <param name="ours">Root folder that the changes are brought into.</param>
    /// <param name="write">Keeps a merged text and says its id. A caller who only asks for conflicts need not keep it.</param>
    public MergedTree Merge(ObjectId? fork, ObjectId ours, ObjectId theirs, Func<byte[], ObjectId> write)
    {
        var diff = new TreeDiff(git.Objects);
        var mine = diff.Between(fork, ours).ToDictionary(c => c.Path, StringComparer.Ordinal);
        var editor = new TreeEditor(git.Objects, ours);
        var conflicts = new List<string>();
        foreach (var change in diff.Between(fork, theirs).OrderBy(c => c.New is not null)) // what goes first, so that a folder may come where a file was
        {
            if (!Apply(change, mine.GetValueOrDefault(change.Path), editor, write))
            {
                conflicts.Add(change.Path);
            }
        }

        return new MergedTree(editor, [.. conflicts.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    /// <summary>A text that both sides changed, with marks where they disagree.</summary>
    /// <returns>Null when it is not a text on both sides and at the fork.</returns>
    public MergedText? MergeText(TreeEntry? fork, TreeEntry? ours, TreeEntry? theirs, string oursName, string theirsName)
    {
        if (fork is not { } old || ours is not { } mine || theirs is not { } other || !Array.TrueForAll([old, mine, other], IsText))
        {
            return null;
        }

        return MergedText.Merge(Read(old), Read(mine), Read(other), lines.Changes(old.Id, mine.Id), lines.Changes(old.Id, other.Id), oursName, theirsName);
    }

    /// <returns>False when the two sides cannot both have what they want.</returns>
    private bool Apply(TreeChange change, TreeChange? mine, TreeEditor editor, Func<byte[], ObjectId> write)
    {
        if (mine?.New == change.New && mine is not null)
        {
            return true;
        }

        if (mine is null)
        {
            return change.New is { } brought
                ? editor.Put(change.Path, brought.Mode, brought.Id) is TreeEdit.Done
                : editor.DeleteFile(change.Path) is TreeEdit.Done;
        }

        if (change is not { Old: { } old, New: { } theirs } || mine.New is not { } ours)
        {
            return false; // both added it, or one changed what the other deleted
        }

        var mode = ours.Mode == old.Mode ? theirs.Mode : ours.Mode;
        if (ours.Id == old.Id || theirs.Id == old.Id)
        {
            return editor.Put(change.Path, mode, ours.Id == old.Id ? theirs.Id : ours.Id) is TreeEdit.Done;
        }

        return MergeText(old, ours, theirs, "", "") is { Conflicts: 0 } merged && editor.Put(change.Path, mode, write(merged.Content)) is TreeEdit.Done;
    }

    private bool IsText(TreeEntry entry) => entry.Mode is GitMode.File or GitMode.Executable && FileSide.Of(git, entry) is { IsText: true };

    private byte[] Read(TreeEntry entry) => git.Objects.Read(entry.Id)?.Content ?? [];
}

/// <param name="Editor">The merged tree; complete when there are no conflicts.</param>
/// <param name="Conflicts">Paths that both sides changed in ways that do not fit together.</param>
internal sealed record MergedTree(TreeEditor Editor, IReadOnlyList<string> Conflicts);
