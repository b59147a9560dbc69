using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>Where repositories are on disk. A repository's folder is named by its id, so that moving it moves no file.</summary>
internal sealed class RepoStore(StorageOptions storage, GitRepositories open)
{
    private readonly string _root = Path.Combine(storage.DataDirectory, "repositories");

    public GitRepository Open(Guid repoId) => open.Open(PathOf(repoId));

    /// <summary>Null when it was deleted.</summary>
    public GitRepository? TryOpen(Guid repoId) => Directory.Exists(PathOf(repoId)) ? Open(repoId) : null;

    /// <summary>Every repository's folder.</summary>
    public IEnumerable<string> Folders() =>
        Directory.Exists(_root) ? Directory.EnumerateDirectories(_root).SelectMany(part => Directory.EnumerateDirectories(part, "*.git")) : [];

    public GitRepository Create(Guid repoId)
    {
        GitRepository.Create(PathOf(repoId));
        return Open(repoId);
    }

    /// <summary>Deletes the files. Readers that have them open finish what they read.</summary>
    public void Delete(Guid repoId)
    {
        var path = PathOf(repoId);
        open.Forget(path);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    private string PathOf(Guid repoId)
    {
        var name = PublicId.ToHub(repoId);
        return Path.Combine(_root, name[^2..], name + ".git");
    }
}
