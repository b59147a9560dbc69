namespace Lodestone.Hub;

/// <summary>
/// Brings what one commit changed since a fork into the tree of another. A file that only one side changed is taken as it is; of a
/// text that both changed the lines are merged; what is left are conflicts. A file that one side renamed gets what the other side
/// changed in it.
/// </summary>
internal sealed class TreeMerge(GitRepository git, LibGit lines)
{
    /// <param name="fork">Root folder of the commit that both came from; null when they have none in common.</param>
    /// <param name="ours">Root folder that the changes are brought into.</param>
    /// <param name="write">Keeps a merged text and says its id. A caller who only asks for conflicts need not keep it.</param>
    public MergedTree Merge(ObjectId? fork, ObjectId ours, ObjectId theirs, Func<byte[], ObjectId> write)
    {
        var (mine, other) = MergeSide.Of(git, fork, ours, theirs);
        var editor = new TreeEditor(git.Objects, ours);
        var conflicts = new SortedDictionary<string, ThreeSides>(StringComparer.Ordinal);
        var (moves, settled) = (Moves(mine, other), new HashSet<string>(StringComparer.Ordinal));
        foreach (var move in moves)
        {
            settled.UnionWith([move.From, move.To]);
        }

        var plain = other.Changes.Where(c => !settled.Contains(c.Path)).Select(c => (c.Path, Sides: new ThreeSides(c.Old, mine.Of(c.Path) is { } own ? own.New : c.Old, c.New)));
        foreach (var move in moves.Where(m => m.From != m.To && m.Leaves))
        {
            editor.DeleteFile(move.From);
        }

        foreach (var (path, sides) in plain.OrderBy(p => p.Sides.Theirs is not null)) // what goes first, so that a folder may come where a file was
        {
            if (!Apply(path, sides, editor, write))
            {
                conflicts[path] = sides;
            }
        }

        foreach (var move in moves)
        {
            if (move.Sides is { Ours: null } or { Theirs: null } || !Apply(move.To, move.Sides, editor, write)) // what one renamed the other may not delete
            {
                conflicts[move.To] = move.Sides;
            }
        }

        AddMisplaced(mine, other, conflicts);
        return new MergedTree(editor, conflicts);
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

    /// <summary>Files that one side renamed and the other changed as well, each at its new place.</summary>
    private static List<Move> Moves(MergeSide mine, MergeSide other)
    {
        var moves = new List<Move>();
        foreach (var from in mine.Renames.Keys.Union(other.Renames.Keys, StringComparer.Ordinal))
        {
            var (own, theirs) = (mine.Renames.GetValueOrDefault(from), other.Renames.GetValueOrDefault(from));
            if (mine.Of(from) is not { } changed || other.Of(from) is not { } brought)
            {
                continue; // the other side has it as it was
            }

            if (own is not null && theirs is not null && own != theirs)
            {
                moves.Add(new Move(from, own, new ThreeSides(changed.Old, mine.Of(own)?.New, null), Leaves: false)); // both renamed it, and not alike
                moves.Add(new Move(from, theirs, new ThreeSides(changed.Old, null, other.Of(theirs)?.New), Leaves: false));
            }
            else if (own is not null && (theirs is not null || other.Of(own) is null))
            {
                moves.Add(new Move(from, own, new ThreeSides(changed.Old, mine.Of(own)?.New, theirs is null ? brought.New : other.Of(own)?.New), Leaves: false));
            }
            else if (theirs is not null && own is null && mine.Of(theirs) is null)
            {
                moves.Add(new Move(from, theirs, new ThreeSides(changed.Old, changed.New, other.Of(theirs)?.New), Leaves: changed.New is not null));
            }
        }

        return moves;
    }

    /// <summary>New files of one side in folders that the other side moved elsewhere.</summary>
    private static void AddMisplaced(MergeSide mine, MergeSide other, SortedDictionary<string, ThreeSides> conflicts)
    {
        foreach (var added in other.Changes.Where(c => c.Old is null && mine.HasMovedFolderOf(c.Path)))
        {
            conflicts.TryAdd(added.Path, new ThreeSides(null, mine.Of(added.Path)?.New, added.New));
        }

        foreach (var added in mine.Changes.Where(c => c.Old is null && other.HasMovedFolderOf(c.Path)))
        {
            conflicts.TryAdd(added.Path, new ThreeSides(null, added.New, other.Of(added.Path)?.New));
        }
    }

    /// <returns>False when the two sides cannot both have what they want.</returns>
    private bool Apply(string path, ThreeSides sides, TreeEditor editor, Func<byte[], ObjectId> write)
    {
        var (old, ours, theirs) = (sides.Fork, sides.Ours, sides.Theirs);
        if (ours is null && theirs is null)
        {
            return true;
        }

        if (IsSame(ours, theirs) || IsSame(theirs, old))
        {
            return Set(editor, path, ours);
        }

        if (IsSame(ours, old))
        {
            return Set(editor, path, theirs);
        }

        if (old is not { } before || ours is not { } mine || theirs is not { } other)
        {
            return false; // both added it, or one changed what the other deleted
        }

        var mode = mine.Mode == before.Mode ? other.Mode : mine.Mode;
        if (mine.Id == before.Id || other.Id == before.Id || mine.Id == other.Id)
        {
            return editor.Put(path, mode, mine.Id == before.Id ? other.Id : mine.Id) is TreeEdit.Done;
        }

        return MergeText(old, ours, theirs, "", "") is { Conflicts: 0 } merged && editor.Put(path, mode, write(merged.Content)) is TreeEdit.Done;
    }

    private static bool Set(TreeEditor editor, string path, TreeEntry? entry) => entry is { } wanted
        ? editor.Put(path, wanted.Mode, wanted.Id) is TreeEdit.Done
        : editor.DeleteFile(path) is TreeEdit.Done or TreeEdit.Missing;

    private static bool IsSame(TreeEntry? one, TreeEntry? other) => (one?.Mode, one?.Id) == (other?.Mode, other?.Id); // names differ where it was renamed

    private bool IsText(TreeEntry entry) => entry.Mode is GitMode.File or GitMode.Executable && FileSide.Of(git, entry) is { IsText: true };

    private byte[] Read(TreeEntry entry) => git.Objects.Read(entry.Id)?.Content ?? [];

    /// <param name="Leaves">The file is still at its old place in the tree that the changes are brought into.</param>
    private sealed record Move(string From, string To, ThreeSides Sides, bool Leaves);
}

/// <summary>A file at the fork and on the two sides; null: it is not there.</summary>
internal readonly record struct ThreeSides(TreeEntry? Fork, TreeEntry? Ours, TreeEntry? Theirs);

/// <param name="Editor">The merged tree; complete when there are no conflicts.</param>
/// <param name="Sides">What both sides changed in ways that do not fit together, by path.</param>
internal sealed record MergedTree(TreeEditor Editor, IReadOnlyDictionary<string, ThreeSides> Sides)
{
    /// <summary>Paths, in order.</summary>
    public IReadOnlyList<string> Conflicts { get; } = [.. Sides.Keys];
}
