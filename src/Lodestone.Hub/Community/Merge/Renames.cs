namespace Lodestone.Hub;

/// <summary>
/// Which files of one side of a merge are what the fork had under another name: those of the same content, then those of the same name
/// that are three quarters the same, then those that are half the same, the most alike first. As git finds them, in a bounded number
/// of comparisons: above that a moved file is one that went and one that came.
/// </summary>
internal sealed class Renames
{
    private const int Least = ContentShape.Whole / 2;
    private const int LeastOfSameName = ContentShape.Whole * 3 / 4;
    private const int MostComparisons = 40_000;
    private const int MostBytes = 1024 * 1024; // of a file that is compared
    private const long MostBytesInAll = 64 * 1024 * 1024;
    private const int CandidatesKept = 4; // for each new file, as git has it

    private static readonly ObjectId Empty = ObjectId.Of(GitObjectType.Blob, []);

    private readonly GitRepository _git;
    private readonly Dictionary<ObjectId, ContentShape?> _shapes = [];
    private readonly Dictionary<string, string> _found = new(StringComparer.Ordinal);
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    private long _bytes; // that were read

    private Renames(GitRepository git) => _git = git;

    /// <param name="side">What the side changed.</param>
    /// <param name="matters">Whether it matters what became of a file that went: the other side changed it, or a folder that it was in.</param>
    /// <returns>Where files went, by where they were.</returns>
    public static IReadOnlyDictionary<string, string> Of(GitRepository git, IReadOnlyCollection<TreeChange> side, Func<string, bool> matters)
    {
        var renames = new Renames(git);
        var gone = side.Where(c => c is { New: null, Old: { IsBlob: true } old } && old.Id != Empty).OrderBy(c => c.Path, StringComparer.Ordinal).ToList();
        var came = side.Where(c => c is { Old: null, New: { IsBlob: true } made } && made.Id != Empty).OrderBy(c => c.Path, StringComparer.Ordinal).ToList();
        if (gone.Count > 0 && came.Count > 0 && gone.Exists(c => matters(c.Path)))
        {
            renames.FindSame(gone, came);
            renames.FindOfSameName(gone.FindAll(renames.IsOpen), came.FindAll(renames.IsFree), matters);
            renames.FindAlike(gone.FindAll(c => renames.IsOpen(c) && matters(c.Path)), came.FindAll(renames.IsFree));
        }

        return renames._found;
    }

    private bool IsOpen(TreeChange gone) => !_found.ContainsKey(gone.Path);

    private bool IsFree(TreeChange came) => !_taken.Contains(came.Path);

    private void FindSame(List<TreeChange> gone, List<TreeChange> came)
    {
        var byContent = gone.ToLookup(g => g.Old!.Value.Id); // what went was there
        foreach (var to in came)
        {
            var made = to.New!.Value; // what came is there
            var open = byContent[made.Id].Where(g => IsOpen(g) && (IsRegular(made) || g.Old!.Value.Mode == made.Mode)).ToList();
            if ((open.Find(g => NameOf(g) == NameOf(to)) ?? open.FirstOrDefault()) is { } from)
            {
                Take(from, to);
            }
        }
    }

    private void FindOfSameName(List<TreeChange> gone, List<TreeChange> came, Func<string, bool> matters)
    {
        var (from, to) = (gone.ToLookup(NameOf, StringComparer.Ordinal), came.ToLookup(NameOf, StringComparer.Ordinal));
        foreach (var one in gone.Where(g => matters(g.Path) && from[NameOf(g)].Count() == 1 && to[NameOf(g)].Count() == 1))
        {
            var other = to[NameOf(one)].Single();
            if (Alike(one, other) >= LeastOfSameName)
            {
                Take(one, other);
            }
        }
    }

    private void FindAlike(List<TreeChange> gone, List<TreeChange> came)
    {
        if ((long)gone.Count * came.Count > MostComparisons)
        {
            return;
        }

        var pairs = came.SelectMany(to => gone.Select(from => (From: from, To: to, Alike: Alike(from, to), IsOfSameName: NameOf(from) == NameOf(to)))
            .Where(p => p.Alike >= Least).OrderByDescending(p => p.Alike).ThenByDescending(p => p.IsOfSameName).Take(CandidatesKept));
        foreach (var (from, to, _, _) in pairs.OrderByDescending(p => p.Alike).ThenByDescending(p => p.IsOfSameName).ToList())
        {
            if (IsOpen(from) && IsFree(to))
            {
                Take(from, to);
            }
        }
    }

    private void Take(TreeChange from, TreeChange to)
    {
        _found.Add(from.Path, to.Path);
        _taken.Add(to.Path);
    }

    private int Alike(TreeChange from, TreeChange to)
    {
        var (old, made) = (from.Old!.Value, to.New!.Value); // what went was there, what came is
        return IsRegular(old) && IsRegular(made) && Shape(old.Id) is { } one && Shape(made.Id) is { } other ? one.In(other) : 0;
    }

    private ContentShape? Shape(ObjectId id)
    {
        if (!_shapes.TryGetValue(id, out var shape))
        {
            var size = _git.Objects.Header(id)?.Size ?? long.MaxValue;
            var isRead = size <= Math.Min(MostBytes, MostBytesInAll - _bytes);
            _bytes += isRead ? size : 0;
            shape = isRead && _git.Objects.Read(id) is { } read ? new ContentShape(read.Content) : null;
            _shapes.Add(id, shape);
        }

        return shape;
    }

    private static bool IsRegular(TreeEntry entry) => entry.Mode is GitMode.File or GitMode.Executable;

    private static string NameOf(TreeChange change) => change.Path[(change.Path.LastIndexOf('/') + 1)..];
}
