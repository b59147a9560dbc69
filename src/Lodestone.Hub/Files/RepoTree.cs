namespace Lodestone.Hub;

/// <summary>A file or folder of a revision.</summary>
/// <param name="Path">From the root, without a leading slash.</param>
/// <param name="Id">Of the blob, which for a large file is its pointer, or of the folder's tree.</param>
/// <param name="Size">Bytes of the content; 0 for folders.</param>
/// <param name="Large">Where the content is, if git holds only a pointer.</param>
internal sealed record RepoEntry(string Path, bool IsFolder, ObjectId Id, long Size, LfsPointer? Large)
{
    /// <summary>What names the content: the git id, or the SHA-256 of a large file.</summary>
    public string ETag => Large is { } large ? large.Digest.Hex : Id.ToString();
}

/// <summary>The files and folders of one commit.</summary>
internal sealed class RepoTree(GitRepository git, ObjectId commit)
{
    public ObjectId Commit => commit;

    public ObjectId Root { get; } = git.Objects.Commit(commit).Tree;

    /// <returns>Null when there is nothing at the path.</returns>
    public RepoEntry? Find(string path) => FindEntry(path) is { } entry ? Describe(path, entry) : null;

    /// <summary>As git has it.</summary>
    public TreeEntry? FindEntry(string path)
    {
        var tree = git.Objects.Tree(Root);
        var components = path.Split('/');
        for (var i = 0; i < components.Length; i++)
        {
            if (tree.Find(components[i]) is not { } entry)
            {
                return null;
            }

            if (i == components.Length - 1)
            {
                return entry;
            }

            if (!entry.IsFolder)
            {
                return null;
            }

            tree = git.Objects.Tree(entry.Id);
        }

        return null;
    }

    /// <summary>What is under a folder, in git's order. Sizes are looked up as the list is read.</summary>
    /// <param name="folder">Empty for the root; must be a folder.</param>
    /// <param name="isRecursive">Folders come before what is in them.</param>
    /// <param name="after">Passes over everything up to this path.</param>
    public IEnumerable<RepoEntry> List(string folder, bool isRecursive, string? after = null)
    {
        var tree = folder.Length == 0 ? Root : Find(folder) is { IsFolder: true } found ? found.Id : throw new ArgumentException("Not a folder", nameof(folder));
        var entries = Walk(tree, folder.Length == 0 ? "" : folder + "/", isRecursive);
        return (after is null ? entries : entries.SkipWhile(e => e.Path != after).Skip(1)).Select(e => Describe(e.Path, e.Entry));
    }

    /// <summary>Every file's path, in git's order.</summary>
    public IEnumerable<string> Paths() => Walk(Root, "", isRecursive: true).Where(e => !e.Entry.IsFolder).Select(e => e.Path);

    /// <summary>A file's content as git has it.</summary>
    public BlobStream Open(RepoEntry file) => git.Objects.OpenBlob(file.Id) ?? throw new CorruptRepositoryException($"Object {file.Id} is missing.");

    private IEnumerable<(string Path, TreeEntry Entry)> Walk(ObjectId tree, string prefix, bool isRecursive)
    {
        foreach (var entry in git.Objects.Tree(tree).Entries)
        {
            var path = prefix + entry.Name;
            yield return (path, entry);
            if (isRecursive && entry.IsFolder)
            {
                foreach (var inner in Walk(entry.Id, path + "/", isRecursive))
                {
                    yield return inner;
                }
            }
        }
    }

    private RepoEntry Describe(string path, TreeEntry entry)
    {
        if (!entry.IsBlob)
        {
            return new RepoEntry(path, entry.IsFolder, entry.Id, 0, null);
        }

        var size = git.Objects.Header(entry.Id)?.Size ?? throw new CorruptRepositoryException($"Object {entry.Id} is missing.");
        var pointer = size is > 0 and <= LfsPointer.MaxLength && git.Objects.Read(entry.Id) is { } blob && LfsPointer.TryParse(blob.Content, out var parsed) ? parsed : null;
        return new RepoEntry(path, IsFolder: false, entry.Id, pointer?.Size ?? size, pointer);
    }
}
