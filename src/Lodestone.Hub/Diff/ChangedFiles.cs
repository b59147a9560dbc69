namespace Lodestone.Hub;

/// <summary>A file of a comparison as its page shows it.</summary>
/// <param name="OldPath">Where the same content was before; null when it has not moved.</param>
/// <param name="Lines">Null when the sides are not both texts.</param>
/// <param name="Rows">As many as the page has room for.</param>
/// <param name="Hidden">How many more there are.</param>
internal sealed record FileDiff(string Path, string? OldPath, FileSide? Old, FileSide? New, LineDifference? Lines, IReadOnlyList<DiffRow> Rows, int Hidden)
{
    /// <summary>By rows and columns, where the file has such.</summary>
    public TableDiff? Table { get; init; }

    public string Status => OldPath is not null ? "moved" : Old is null ? "added" : New is null ? "deleted" : "changed";
}

/// <summary>The files of a comparison, as many and as much of them as one page shows.</summary>
/// <param name="IsCut">There are more files.</param>
internal sealed record ChangedFiles(IReadOnlyList<FileDiff> Files, bool IsCut)
{
    private const int MostFiles = 300;
    private const int MostRows = 3000;
    private const int MostRowsOfFile = 500;
    private const int MostRowsAlone = 20_000;

    public int Added => Files.Sum(f => f.Lines?.Added ?? 0);

    public int Deleted => Files.Sum(f => f.Lines?.Deleted ?? 0);

    /// <param name="only">The path of one file to show alone; null for all.</param>
    public static ChangedFiles Read(GitRepository git, RevisionRange range, string? only, CancellationToken cancel)
    {
        var changes = range.Changes(git).Take(MostFiles + 1).ToList();
        var isCut = changes.Count > MostFiles;
        using var history = new LibGit(git);
        var (files, room) = (new List<FileDiff>(), only is null ? MostRows : MostRowsAlone);
        var moved = Moves(changes);
        foreach (var change in changes.Take(MostFiles).Where(c => !moved.ContainsValue(c.Path)))
        {
            cancel.ThrowIfCancellationRequested();
            if (only is not null && only != change.Path)
            {
                continue;
            }

            var file = Compared(git, history, change, moved.GetValueOrDefault(change.Path), only is null ? Math.Min(room, MostRowsOfFile) : room);
            room -= file.Rows.Count;
            files.Add(file);
        }

        return new ChangedFiles(files, isCut);
    }

    private static FileDiff Compared(GitRepository git, LibGit history, TreeChange change, string? from, int room)
    {
        var (old, @new) = (FileSide.Of(git, change.Old), FileSide.Of(git, change.New));
        if (from is not null || old is { IsText: false } || @new is { IsText: false } || change.Old?.Id == change.New?.Id)
        {
            return new FileDiff(change.Path, from, from is null ? old : @new, @new, null, [], 0);
        }

        var lines = history.Lines(change.Old?.Id, change.New?.Id);
        var rows = DiffRows.Of(lines.Patch);
        return new FileDiff(change.Path, null, old, @new, lines, [.. rows.Take(room)], Math.Max(0, rows.Count - room))
        {
            Table = RowsOfFile.Has(change.Path) && old is not null && @new is not null ? TableDiff.Of(change.Path, Text(git, old), Text(git, @new)) : null,
        };
    }

    private static string Text(GitRepository git, FileSide side) => System.Text.Encoding.UTF8.GetString(git.Objects.Read(side.Entry.Id)?.Content ?? []);

    /// <summary>New paths whose content, unchanged, went away elsewhere, with where that was.</summary>
    private static Dictionary<string, string> Moves(IReadOnlyList<TreeChange> changes)
    {
        var moves = new Dictionary<string, string>(StringComparer.Ordinal);
        var gone = changes.Where(c => c.New is null).GroupBy(c => c.Old!.Value.Id).ToDictionary(g => g.Key, g => new Queue<TreeChange>(g)); // a change has a side
        foreach (var change in changes.Where(c => c.Old is null))
        {
            if (gone.TryGetValue(change.New!.Value.Id, out var sources) && sources.TryDequeue(out var source)) // likewise
            {
                moves[change.Path] = source.Path;
            }
        }

        return moves;
    }
}
