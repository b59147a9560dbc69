namespace Lodestone.Hub;

/// <summary>What one side of a merge did to the files of the fork, with those that it renamed.</summary>
internal sealed class MergeSide
{
    private readonly Dictionary<string, TreeChange> _changes;

    private MergeSide(Dictionary<string, TreeChange> changes) => _changes = changes;

    public IReadOnlyCollection<TreeChange> Changes => _changes.Values;

    /// <summary>Where files went, by where they were.</summary>
    public IReadOnlyDictionary<string, string> Renames { get; private set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Folders that went as a whole to another place.</summary>
    public IReadOnlySet<string> MovedFolders { get; private set; } = new HashSet<string>(StringComparer.Ordinal);

    public static (MergeSide Ours, MergeSide Theirs) Of(GitRepository git, ObjectId? fork, ObjectId ours, ObjectId theirs)
    {
        var diff = new TreeDiff(git.Objects);
        var (mine, other) = (new MergeSide(diff.Between(fork, ours).ToDictionary(c => c.Path, StringComparer.Ordinal)), new MergeSide(diff.Between(fork, theirs).ToDictionary(c => c.Path, StringComparer.Ordinal)));
        mine.FindRenames(git, ours, other);
        other.FindRenames(git, theirs, mine);
        var both = mine.MovedFolders.Intersect(other.MovedFolders, StringComparer.Ordinal).ToHashSet(StringComparer.Ordinal);
        (mine.MovedFolders, other.MovedFolders) = (mine.MovedFolders.Except(both).ToHashSet(StringComparer.Ordinal), other.MovedFolders.Except(both).ToHashSet(StringComparer.Ordinal));
        return (mine, other);
    }

    public TreeChange? Of(string path) => _changes.GetValueOrDefault(path);

    /// <summary>Whether a new file of the other side is in a folder that this one moved elsewhere: nobody knows where it belongs.</summary>
    public bool HasMovedFolderOf(string path) => MovedFolders.Count > 0 && Folders(path).Any(MovedFolders.Contains);

    private void FindRenames(GitRepository git, ObjectId tree, MergeSide other)
    {
        var walk = new TreeWalk(git.Objects);
        var gone = _changes.Values.Where(c => c.New is null).SelectMany(c => Folders(c.Path)).ToHashSet(StringComparer.Ordinal);
        gone.RemoveWhere(folder => walk.Find(tree, folder) is { IsFolder: true });
        var filled = other.Changes.Where(c => c.Old is null).SelectMany(c => Folders(c.Path)).Where(gone.Contains).ToHashSet(StringComparer.Ordinal);
        Renames = Lodestone.Hub.Renames.Of(git, _changes.Values, path => other._changes.ContainsKey(path) || Folders(path).Any(filled.Contains));
        MovedFolders = Renames.SelectMany(r => Moved(r.Key, r.Value)).Where(gone.Contains).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>The file's folder, and those above it as long as below them the two paths are the same.</summary>
    private static IEnumerable<string> Moved(string from, string to)
    {
        for (var (old, @new) = (Parent(from), Parent(to)); old != @new && old.Length > 0; (old, @new) = (Parent(old), Parent(@new)))
        {
            yield return old;
            if (@new.Length == 0 || old[(old.LastIndexOf('/') + 1)..] != @new[(@new.LastIndexOf('/') + 1)..])
            {
                yield break;
            }
        }
    }

    private static IEnumerable<string> Folders(string path)
    {
        for (var folder = Parent(path); folder.Length > 0; folder = Parent(folder))
        {
            yield return folder;
        }
    }

    private static string Parent(string path) => path.LastIndexOf('/') is > 0 and var slash ? path[..slash] : "";
}
