namespace Lodestone.Hub;

/// <summary>A file that two trees have differently.</summary>
/// <param name="Path">From the root.</param>
/// <param name="Old">Null when it was added.</param>
/// <param name="New">Null when it was deleted.</param>
internal sealed record TreeChange(string Path, TreeEntry? Old, TreeEntry? New);

/// <summary>Which files differ between two trees, in git's order, found as they are asked for. Folders that are the same are not opened.</summary>
internal sealed class TreeDiff(ObjectDatabase objects)
{
    /// <param name="old">Null: nothing, so that every file is new.</param>
    public IEnumerable<TreeChange> Between(ObjectId? old, ObjectId @new) => Compare(old, @new, "");

    private IEnumerable<TreeChange> Compare(ObjectId? old, ObjectId? @new, string prefix)
    {
        if (old == @new)
        {
            yield break;
        }

        foreach (var (before, after) in Paired(Entries(old), Entries(@new)))
        {
            if (before == after)
            {
                continue;
            }

            var path = prefix + (before ?? after)!.Value.Name; // a pair has at least one side
            var isFolder = (before ?? after)!.Value.IsFolder;
            if (!isFolder)
            {
                yield return new TreeChange(path, before, after);
                continue;
            }

            foreach (var inner in Compare(before?.Id, after?.Id, path + "/"))
            {
                yield return inner;
            }
        }
    }

    private IReadOnlyList<TreeEntry> Entries(ObjectId? tree) => tree is { } id ? objects.Tree(id).Entries : [];

    /// <summary>Entries of the same name side by side. A file and a folder of one name are two entries, as git sorts them apart.</summary>
    private static IEnumerable<(TreeEntry? Old, TreeEntry? New)> Paired(IReadOnlyList<TreeEntry> old, IReadOnlyList<TreeEntry> @new)
    {
        var (i, j) = (0, 0);
        while (i < old.Count || j < @new.Count)
        {
            var order = i == old.Count ? 1 : j == @new.Count ? -1 : GitName.Compare(old[i].Name, old[i].IsFolder, @new[j].Name, @new[j].IsFolder);
            yield return (order <= 0 ? old[i] : null, order >= 0 ? @new[j] : null);
            i += order <= 0 ? 1 : 0;
            j += order >= 0 ? 1 : 0;
        }
    }
}
