namespace Lodestone.Hub;

/// <summary>A file or folder of a revision.</summary>
/// <param name="Path">From the root, without a leading slash.</param>
/// <param name="Id">Of the blob, which for a large file is its pointer, or of the folder's tree.</param>
/// <param name="Size">Bytes of the content; 0 for folders.</param>
/// <param name="Large">Where the content is, if git holds only a pointer.</param>
/// <param name="PointerSize">Bytes of that pointer.</param>
internal sealed record RepoEntry(string Path, bool IsFolder, ObjectId Id, long Size, LfsPointer? Large = null, long PointerSize = 0)
{
    /// <summary>What names the content: the git id, or the SHA-256 of a large file.</summary>
    public string ETag => Large is { } large ? large.Digest.Hex : Id.ToString();
}

/// <summary>The files and folders of one commit.</summary>
internal sealed class RepoTree(GitRepository git, ObjectId commit)
{
    private readonly TreeWalk _walk = new(git.Objects);

    public ObjectId Commit => commit;

    public ObjectId Root { get; } = git.Objects.Commit(commit).Tree;

    /// <returns>Null when there is nothing at the path.</returns>
    public RepoEntry? Find(string path) => FindEntry(path) is { } entry ? Describe(path, entry) : null;

    /// <summary>As git has it.</summary>
    public TreeEntry? FindEntry(string path) => _walk.Find(Root, path);

    /// <summary>What is under a folder, in git's order. Sizes are looked up as the list is read.</summary>
    /// <param name="folder">Empty for the root.</param>
    /// <param name="isRecursive">Folders come before what is in them.</param>
    /// <param name="after">Passes over everything up to this path.</param>
    public IEnumerable<RepoEntry> List(string folder, bool isRecursive, string? after = null) =>
        _walk.List(Root, folder, isRecursive, after).Select(found => Describe(found.Path, found.Entry));

    /// <summary>Every file's path, in git's order.</summary>
    public IEnumerable<string> Paths() => _walk.List(Root, isRecursive: true).Where(found => !found.Entry.IsFolder).Select(found => found.Path);

    /// <summary>A file's content as git has it.</summary>
    public BlobStream Open(RepoEntry file) => git.Objects.OpenBlob(file.Id) ?? throw Missing(file.Id);

    /// <summary>Bytes of a file's content, wherever it is; 0 for what is not a file.</summary>
    public static long SizeOf(GitRepository git, TreeEntry entry) => Describe(git, "", entry).Size;

    private RepoEntry Describe(string path, TreeEntry entry) => Describe(git, path, entry);

    private static RepoEntry Describe(GitRepository git, string path, TreeEntry entry)
    {
        if (!entry.IsBlob)
        {
            return new RepoEntry(path, entry.IsFolder, entry.Id, 0);
        }

        var (size, pointer) = git.Objects.FactsOf(entry.Id) ?? throw Missing(entry.Id);
        return new RepoEntry(path, IsFolder: false, entry.Id, pointer?.Size ?? size, pointer, pointer is null ? 0 : size);
    }

    private static CorruptRepositoryException Missing(ObjectId id) => new($"Object {id} is missing.");
}
