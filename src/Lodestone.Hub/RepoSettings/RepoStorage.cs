using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What a repository takes up, and what of it would stay if it went.</summary>
/// <param name="Large">Bytes of its large files.</param>
/// <param name="LargeCount">How many those are.</param>
/// <param name="Shared">Bytes of those that other repositories, which the caller may see, hold too.</param>
/// <param name="Git">Bytes of everything else: texts, folders and history, as git has packed them.</param>
/// <param name="Largest">The largest of the large files.</param>
/// <param name="Owner">What all repositories of the owner store.</param>
/// <param name="Counted">What its large files need on disk; null where it was not counted yet.</param>
internal sealed record RepoStorageUse(long Large, int LargeCount, long Shared, long Git, IReadOnlyList<StoredFile> Largest, StorageUse Owner, StorageCount? Counted);

/// <param name="Path">Where it is on main; null when only earlier commits or other branches have it.</param>
/// <param name="Size">Bytes.</param>
internal sealed record StoredFile(Sha256Digest Digest, string? Path, long Size);

internal sealed class RepoStorage(HubDb db, StorageQuota quota, StorageFigures figures, Caller caller)
{
    private const int MostListed = 20;
    private const int MostSearched = 20_000; // files of main in which paths are looked for

    public async Task<RepoStorageUse> OfAsync(RepoView view, CancellationToken cancel)
    {
        var repoId = view.Repo.Id;
        var own = db.LfsObjects.AsNoTracking().Where(o => o.RepoId == repoId);
        var others = db.Repos.VisibleTo(caller).Where(r => r.Id != repoId).Select(r => r.Id);
        var shared = own.Where(o => db.LfsObjects.Any(x => x.Sha256 == o.Sha256 && others.Contains(x.RepoId)));
        var largest = await own.OrderByDescending(o => o.Size).ThenBy(o => o.Sha256).Take(MostListed).ToListAsync(cancel);
        return new RepoStorageUse(
            await own.SumAsync(o => o.Size, cancel), await own.CountAsync(cancel), await shared.SumAsync(o => o.Size, cancel), GitBytes(view.Git.Path), Placed(view, largest),
            await quota.OfAsync(view.Repo.OwnerId, cancel), await figures.OfAsync(view.Repo, cancel));
    }

    private static List<StoredFile> Placed(RepoView view, IReadOnlyList<LfsObject> files)
    {
        var sought = files.Select(f => f.Sha256).ToHashSet(StringComparer.Ordinal);
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in sought.Count == 0 ? [] : view.Tree.List("", isRecursive: true).Where(e => !e.IsFolder).Take(MostSearched))
        {
            if (entry.Large is { } large && sought.Contains(large.Digest.Hex))
            {
                places.TryAdd(large.Digest.Hex, entry.Path);
            }
        }

        return [.. files.Select(f => new StoredFile(Sha256Digest.Parse(f.Sha256), places.GetValueOrDefault(f.Sha256), f.Size))];
    }

    private static long GitBytes(string folder)
    {
        var files = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true };
        return new DirectoryInfo(folder).EnumerateFiles("*", files).Sum(f => f.Length);
    }
}
