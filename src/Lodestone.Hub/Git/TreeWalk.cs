namespace Lodestone.Hub;

/// <param name="Path">From the repository's root.</param>
internal readonly record struct TreePath(string Path, TreeEntry Entry);

/// <summary>Finds and lists what a tree holds.</summary>
internal sealed class TreeWalk(ObjectDatabase objects)
{
    /// <summary>The entry at a path, or null. The root itself has no entry.</summary>
    public TreeEntry? Find(ObjectId rootTree, string path)
    {
        var slash = path.LastIndexOf('/');
        return FindFolder(rootTree, slash < 0 ? "" : path[..slash])?.Find(path[(slash + 1)..]);
    }

    /// <summary>The folder at a path (empty: the root), or null if there is nothing, or a file.</summary>
    public GitTree? FindFolder(ObjectId rootTree, string path) => FindFolderId(rootTree, path) is { } id ? objects.Tree(id) : null;

    /// <inheritdoc cref="FindFolder"/>
    public ObjectId? FindFolderId(ObjectId rootTree, string path)
    {
        var tree = rootTree;
        foreach (var range in path.AsSpan().Split('/'))
        {
            if (path.Length == 0)
            {
                break;
            }

            if (objects.Tree(tree).Find(path[range]) is not { IsFolder: true } entry)
            {
                return null;
            }

            tree = entry.Id;
        }

        return tree;
    }

    /// <summary>
    /// What is in a folder, in git's order, read as it is asked for. With <paramref name="isRecursive"/> all that is below, each folder
    /// before what it holds.
    /// </summary>
    /// <param name="folder">A path; empty: the root. Nothing is listed if there is no such folder.</param>
    /// <param name="after">Begin after this path from the root, which an earlier listing ended with; it need not exist any more.</param>
    public IEnumerable<TreePath> List(ObjectId rootTree, string folder = "", bool isRecursive = false, string? after = null)
    {
        if (FindFolder(rootTree, folder) is not { } start)
        {
            yield break;
        }

        var open = Resume(start, folder.Length == 0 ? "" : folder + "/", isRecursive, after);
        while (open.TryPop(out var place))
        {
            if (place.Next == place.Tree.Entries.Count)
            {
                continue;
            }

            var entry = place.Tree.Entries[place.Next];
            var path = place.Prefix + entry.Name;
            open.Push(place with { Next = place.Next + 1 });
            yield return new TreePath(path, entry);
            if (isRecursive && entry.IsFolder)
            {
                open.Push(new Place(objects.Tree(entry.Id), path + "/", 0));
            }
        }
    }

    /// <summary>The folders on the way to where the listing goes on, the deepest on top.</summary>
    private Stack<Place> Resume(GitTree tree, string prefix, bool isRecursive, string? after)
    {
        var open = new Stack<Place>();
        var isBelow = after?.StartsWith(prefix, StringComparison.Ordinal) == true;
        var rest = isBelow ? after![prefix.Length..] : ""; // not null, or it would not be below
        while (rest.Length > 0)
        {
            var slash = rest.IndexOf('/');
            var name = slash < 0 ? rest : rest[..slash];
            var entry = tree.Find(name);
            open.Push(new Place(tree, prefix, entry is { } e ? tree.LowerBound(name, e.IsFolder) + 1 : tree.LowerBound(name, slash >= 0)));
            if (!isRecursive || entry is not { IsFolder: true } inner)
            {
                return open;
            }

            tree = objects.Tree(inner.Id);
            prefix += name + "/";
            rest = slash < 0 ? "" : rest[(slash + 1)..];
        }

        open.Push(new Place(tree, prefix, 0));
        return open;
    }

    private readonly record struct Place(GitTree Tree, string Prefix, int Next);
}
