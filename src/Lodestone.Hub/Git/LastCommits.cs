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
        var entries = _walk.FindFolder(objects.Commit(head).Tree, folder)?.Entries ?? [];
        var open = new Pending(objects);
        open.Add(head, [.. entries.Select(e => e.Name).Where(n => names?.Contains(n) != false)]);
        while (open.TryTake(out var next, out var sought))
        {
            cancel.ThrowIfCancellationRequested();
            foreach (var name in PassOn(next.Commit, folder, sought, open))
            {
                found[name] = next;
            }
        }

        return found;
    }

    /// <summary>Hands names on to parents that have their entries unchanged; returns those that none has.</summary>
    private HashSet<string> PassOn(GitCommit commit, string folder, HashSet<string> sought, Pending open)
    {
        var own = _walk.FindFolderId(commit.Tree, folder);
        foreach (var parent in commit.Parents)
        {
            var theirs = _walk.FindFolderId(objects.Commit(parent).Tree, folder);
            if (own is null || theirs is null)
            {
                continue;
            }

            // The set goes on to the parent whole but for what changed: it may be large, and what changed is little.
            var changed = theirs == own ? [] : objects.Tree(own.Value).NamesChangedFrom(objects.Tree(theirs.Value)).Where(sought.Contains).ToHashSet();
            sought.ExceptWith(changed);
            open.Add(parent, sought);
            sought = changed;
        }

        return sought;
    }

    /// <summary>Commits still to look at, the newest first, with the names that are looked for in each.</summary>
    private sealed class Pending(ObjectDatabase objects)
    {
        private readonly PriorityQueue<ObjectId, (long Age, int Turn)> _order = new();
        private readonly Dictionary<ObjectId, HashSet<string>> _sought = [];
        private int _turn;

        public void Add(ObjectId id, HashSet<string> names)
        {
            if (names.Count == 0)
            {
                return;
            }

            if (!_sought.TryAdd(id, names))
            {
                _sought[id].UnionWith(names);
                return;
            }

            _order.Enqueue(id, (-objects.Commit(id).Committer.When.ToUnixTimeSeconds(), _turn++));
        }

        public bool TryTake(out LoggedCommit next, out HashSet<string> sought)
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
