using Lodestone.Core;
using Microsoft.Extensions.Caching.Memory;

namespace Lodestone.Hub;

/// <summary>Where repositories are on disk, and those opened lately. A repository's folder is named by its id, so that moving it moves no file.</summary>
internal sealed class RepoStore : IDisposable
{
    private const int KeptOpen = 1000;

    private readonly string _root;
    private readonly ObjectCache _objects;
    private readonly MemoryCache _open = new(new MemoryCacheOptions { SizeLimit = KeptOpen });

    public RepoStore(StorageOptions storage, ObjectCache objects)
    {
        _root = Path.Combine(storage.DataDirectory, "repositories");
        _objects = objects;
    }

    /// <summary>Two callers may get different instances of one repository now and then; both are right, lock files keep them in order.</summary>
    public GitRepository Open(Guid repoId) => _open.GetOrCreate(repoId, entry =>
    {
        entry.Size = 1;
        return GitRepository.Open(PathOf(repoId), _objects);
    })!; // the factory never returns null

    public GitRepository Create(Guid repoId)
    {
        GitRepository.Create(PathOf(repoId));
        return Open(repoId);
    }

    /// <summary>Deletes the files. Readers that have them open finish what they read.</summary>
    public void Delete(Guid repoId)
    {
        _open.Remove(repoId);
        var path = PathOf(repoId);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    public void Dispose() => _open.Dispose();

    private string PathOf(Guid repoId)
    {
        var name = PublicId.ToHub(repoId);
        return Path.Combine(_root, name[^2..], name + ".git");
    }
}
