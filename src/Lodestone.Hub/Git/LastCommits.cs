namespace Lodestone.Hub;

/// <summary>
/// For each entry of one folder, the last commit that changed it. One walk answers for all entries: each is followed down the
/// first parent that has it unchanged, as <c>git log -1 -- path</c> does, and belongs to the commit where no parent has.
/// </summary>
internal sealed class LastCommits(ObjectDatabase objects)
{
    private readonly TreeWalk _walk = new(objects);

    /// <summary>Commits by the names of the folder's entries; empty if the folder is not there.</summary>
    /// <param name="names">Only these entries; null: all.</param>
    public IReadOnlyDictionary<string, LoggedCommit> Of(
        ObjectId head, string folder, IReadOnlySet<string>? names, CancellationToken cancel)
    {
        var found = new Dictionary<string, LoggedCommit>(StringComparer.Ordinal);
        var start = objects.Commit(head);
        var entries = FolderOf(start, folder)?.Entries ?? [];
        var open = new Pending(objects);
        open.Add(head, [.. entries.Where(e => names?.Contains(e.Name) != false)]);
        while (open.TryTake(out var next, out var sought))
        {
            cancel.ThrowIfCancellationRequested();
            foreach (var entry in PassOn(next.Commit, folder, sought, open))
            {
                found[entry.Name] = next;
            }
        }

        return found;
    }

    /// <summary>Hands entries on to parents that have them unchanged; returns those that none has.</summary>
    private List<TreeEntry> PassOn(GitCommit commit, string folder, List<TreeEntry> sought, Pending open)
    {
        var own = _walk.FindFolderId(commit.Tree, folder);
        foreach (var parent in commit.Parents)
        {
            var theirs = _walk.FindFolderId(objects.Commit(parent).Tree, folder);
            if (theirs is null)
            {
                continue;
            }

            var tree = objects.Tree(theirs.Value);
            var unchanged = theirs == own ? sought : sought.FindAll(e => tree.Find(e.Name) == e);
            open.Add(parent, unchanged);
            sought = theirs == own ? [] : sought.FindAll(e => tree.Find(e.Name) != e);
            if (sought.Count == 0)
            {
                break;
            }
        }

        return sought;
    }

    private GitTree? FolderOf(GitCommit commit, string folder) => _walk.FindFolder(commit.Tree, folder);

    /// <summary>Commits still to look at, the newest first, with the entries that are looked for in each.</summary>
    private sealed class Pending(ObjectDatabase objects)
    {
        private readonly PriorityQueue<ObjectId, (long Age, int Turn)> _order = new();
        private readonly Dictionary<ObjectId, List<TreeEntry>> _sought = [];
        private int _turn;

        public void Add(ObjectId id, List<TreeEntry> entries)
        {
            if (entries.Count == 0)
            {
                return;
            }

            if (_sought.TryGetValue(id, out var waiting))
            {
                waiting.AddRange(entries);
                return;
            }

            _sought.Add(id, [.. entries]);
            _order.Enqueue(id, (-objects.Commit(id).Committer.When.ToUnixTimeSeconds(), _turn++));
        }

        public bool TryTake(out LoggedCommit next, out List<TreeEntry> sought)
        {
            next = default;
            sought = [];
            if (!_order.TryDequeue(out var id, out _) || !_sought.Remove(id, out var waiting))
            {
                return false;
            }

            (next, sought) = (new LoggedCommit(id, objects.Commit(id)), waiting);
            return true;
        }
    }
}
