using System.Buffers;

namespace Lodestone.Hub;

/// <summary>How one edit of a tree ended. All but <see cref="Done"/> change nothing.</summary>
internal enum TreeEdit
{
    Done,

    /// <summary>There is nothing at the path to delete.</summary>
    Missing,

    /// <summary>A file is where the path needs a folder, or where a folder was to be deleted.</summary>
    FileInTheWay,

    /// <summary>A folder is where the path needs a file.</summary>
    FolderInTheWay,
}

/// <summary>
/// Edits a tree by paths, in order. Only the folders on the changed paths are read and written; a folder that loses its last
/// entry goes. Paths are components joined by slashes, see <see cref="GitPath.IsClean"/>. Not for concurrent use.
/// </summary>
/// <param name="baseTree">The tree to begin with; null for an empty one.</param>
internal sealed class TreeEditor(ObjectDatabase objects, ObjectId? baseTree)
{
    private readonly Folder _root = new(baseTree is { } id ? objects.Tree(id) : GitTree.Empty);

    /// <summary>What is at the path after the edits so far. Null where nothing is, and for folders that were changed, which have no id yet.</summary>
    public TreeEntry? Find(string path)
    {
        var (folders, name) = Descend(path);
        return folders?.Peek().Folder.Find(name) is { IsChanged: false } node ? node.Entry : null;
    }

    /// <summary>Adds or replaces a file. With an entry from elsewhere (also a folder's, where nothing is) this is a copy.</summary>
    public TreeEdit Put(string path, GitMode mode, ObjectId id)
    {
        var components = path.Split('/');
        if (Array.Exists(components, c => c is "" or "." or ".."))
        {
            throw new ArgumentException($"'{path}' is not the path of a file.", nameof(path));
        }

        var folder = _root;
        foreach (var component in components.AsSpan(0, components.Length - 1))
        {
            if (folder.Find(component) is { IsFolder: false })
            {
                return TreeEdit.FileInTheWay;
            }

            folder = folder.Enter(component, objects);
        }

        var name = components[^1];
        if (folder.Find(name) is { IsFolder: true })
        {
            return TreeEdit.FolderInTheWay;
        }

        folder.Set(name, new Node(new TreeEntry(name, mode, id), Opened: null));
        return TreeEdit.Done;
    }

    public TreeEdit DeleteFile(string path) => Delete(path, isFile: true);

    public TreeEdit DeleteFolder(string path) => Delete(path, isFile: false);

    /// <summary>Deletes whatever is at the path.</summary>
    public TreeEdit Delete(string path) => Delete(path, isFile: null);

    /// <summary>Writes the changed folders and returns the root's id.</summary>
    public ObjectId Write(PackWriter pack) => Write(_root, pack);

    private TreeEdit Delete(string path, bool? isFile)
    {
        var (folders, name) = Descend(path);
        if (folders is null || folders.Peek().Folder.Find(name) is not { } node)
        {
            return TreeEdit.Missing;
        }

        if (isFile == node.IsFolder)
        {
            return node.IsFolder ? TreeEdit.FolderInTheWay : TreeEdit.FileInTheWay;
        }

        while (folders.TryPop(out var place))
        {
            place.Folder.Set(name, null);
            if (!place.Folder.IsEmpty)
            {
                break;
            }

            name = place.Name;
        }

        return TreeEdit.Done;
    }

    /// <summary>The folders from the root to the one that holds the path's last component; null if one of them is not there.</summary>
    private (Stack<(Folder Folder, string Name)>? Folders, string Name) Descend(string path)
    {
        var components = path.Split('/');
        var folders = new Stack<(Folder Folder, string Name)>();
        folders.Push((_root, ""));
        foreach (var component in components.AsSpan(0, components.Length - 1))
        {
            var folder = folders.Peek().Folder;
            if (folder.Find(component) is not { IsFolder: true })
            {
                return (null, components[^1]);
            }

            folders.Push((folder.Enter(component, objects), component));
        }

        return (folders, components[^1]);
    }

    private ObjectId Write(Folder folder, PackWriter pack)
    {
        var tree = new GitTree(folder.Entries(inner => Write(inner, pack)));
        var content = ArrayPool<byte>.Shared.Rent(tree.MaxFormattedLength);
        try
        {
            var id = pack.Write(GitObjectType.Tree, content.AsSpan(0, tree.Format(content)));
            objects.Remember(id, tree);
            return id;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(content);
        }
    }

    /// <param name="Opened">The folder as it is being edited; if it is changed, the entry's id is out of date.</param>
    private sealed record Node(TreeEntry Entry, Folder? Opened)
    {
        public bool IsFolder => Entry.IsFolder;

        public bool IsChanged => Opened is { IsChanged: true };
    }

    /// <summary>A folder as it was, and what is different now (null: deleted).</summary>
    private sealed class Folder(GitTree before)
    {
        private readonly Dictionary<string, Node?> _changes = new(StringComparer.Ordinal);
        private int _count = before.Entries.Count;

        public bool IsEmpty => _count == 0;

        public bool IsChanged => _changes.Values.Any(n => n?.Opened is null || n.IsChanged);

        public Node? Find(string name)
        {
            if (_changes.TryGetValue(name, out var node))
            {
                return node;
            }

            return before.Find(name) is { } entry ? new Node(entry, Opened: null) : null;
        }

        public void Set(string name, Node? node)
        {
            _count += (node is null ? 0 : 1) - (Find(name) is null ? 0 : 1);
            _changes[name] = node;
        }

        /// <summary>The folder of this name, opened for editing; a new one if there is none.</summary>
        public Folder Enter(string name, ObjectDatabase objects)
        {
            var node = Find(name);
            if (node?.Opened is { } opened)
            {
                return opened;
            }

            var folder = new Folder(node is null ? GitTree.Empty : objects.Tree(node.Entry.Id));
            Set(name, new Node(node?.Entry ?? new TreeEntry(name, GitMode.Folder, ObjectId.Zero), folder));
            return folder;
        }

        /// <summary>All entries in git's order: the changes, and between them what stays, copied run by run.</summary>
        public TreeEntry[] Entries(Func<Folder, ObjectId> write)
        {
            var gone = _changes.Keys.Select(before.IndexOf).Where(i => i >= 0).Order().ToArray();
            var changes = _changes.Values.OfType<Node>().ToArray();
            Array.Sort(changes, (a, b) => GitName.Compare(a.Entry.Name, a.IsFolder, b.Entry.Name, b.IsFolder));
            var entries = new TreeEntry[_count];
            var (length, copied, skipped) = (0, 0, 0);
            foreach (var node in changes)
            {
                CopyUpTo(before.LowerBound(node.Entry.Name, node.IsFolder));
                entries[length++] = node is { IsChanged: true, Opened: { } inner } ? node.Entry with { Id = write(inner) } : node.Entry;
            }

            CopyUpTo(before.Entries.Count);
            return entries;

            void CopyUpTo(int end)
            {
                for (; skipped < gone.Length && gone[skipped] < end; skipped++)
                {
                    Copy(gone[skipped]);
                    copied++;
                }

                Copy(end);
            }

            void Copy(int end)
            {
                before.CopyTo(entries.AsSpan(length), copied, end);
                (length, copied) = (length + end - copied, end);
            }
        }
    }
}
