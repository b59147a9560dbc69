using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What is done with the large files of a repository as such, whatever commits name them.</summary>
internal sealed class HeldFiles(HubDb db, RepoStore store, RepoRefresh refresh, LargeFileIntake intake, HeldLately lately)
{
    private const int AtOnce = 500;

    /// <summary>By SHA-256. Names are found by looking through the references, the newest commits first.</summary>
    public async Task<IReadOnlyList<LfsFile>> ListAsync(Repo repo, string? after, int limit, CancellationToken cancel)
    {
        var rows = await db.LfsObjects.AsNoTracking()
            .Where(o => o.RepoId == repo.Id && (after == null || string.Compare(o.Sha256, after) > 0))
            .OrderBy(o => o.Sha256).Take(limit).ToListAsync(cancel);
        var names = Names(store.Open(repo.Id), rows.Select(o => o.Sha256), cancel);
        return [.. rows.Select(o => names.TryGetValue(o.Sha256, out var found)
            ? new LfsFile(o.Sha256, o.Sha256, found.Path, o.Size, Instants.ToWire(o.CreatedAt), found.RefName)
            : new LfsFile(o.Sha256, o.Sha256, o.Sha256, o.Size, Instants.ToWire(o.CreatedAt), null))];
    }

    /// <summary>History first: a crash in between leaves files that no commit names, not names without files.</summary>
    /// <returns>How many of them the repository held.</returns>
    public async Task<int> DeleteAsync(Repo repo, IReadOnlyList<string> digests, bool rewritesHistory, CancellationToken cancel)
    {
        var held = await db.HeldAsync(repo.Id, digests.Select(d => Sha256Digest.TryParse(d, out var digest) ? digest : (Sha256Digest?)null).OfType<Sha256Digest>(), cancel);
        if (rewritesHistory && held.Count > 0)
        {
            var git = store.Open(repo.Id);
            await HistoryRewrite.RunAsync(git, held.Keys.ToHashSet(StringComparer.Ordinal), cancel);
            await refresh.AfterMoveAsync(repo.Id, git, RefName.Branches + "main");
        }

        foreach (var some in held.Keys.Chunk(AtOnce))
        {
            await db.WriteAsync(inner => db.LfsObjects.Where(o => o.RepoId == repo.Id && some.Contains(o.Sha256)).ExecuteDeleteAsync(inner), cancel);
        }

        lately.Forget(repo.Id);
        return held.Count;
    }

    /// <returns>What could not be had, and why.</returns>
    public async Task<IReadOnlyList<LfsFailure>> DuplicateAsync(Repo source, Repo target, IReadOnlyList<LfsWanted> wanted, CancellationToken cancel)
    {
        var held = await db.HeldAsync(source.Id, wanted.Select(w => Sha256Digest.TryParse(w.Sha256, out var digest) ? digest : (Sha256Digest?)null).OfType<Sha256Digest>(), cancel);
        var failed = new List<LfsFailure>();
        foreach (var sha256 in wanted.Select(w => w.Sha256 ?? "").Distinct(StringComparer.Ordinal))
        {
            if (!held.TryGetValue(sha256, out var size))
            {
                failed.Add(new LfsFailure(sha256, $"{source.FullName} does not hold this file."));
                continue;
            }

            try
            {
                await intake.HoldAsync(target.Id, new Blob(Sha256Digest.Parse(sha256), size), cancel);
            }
            catch (Refusal refusal)
            {
                failed.Add(new LfsFailure(sha256, refusal.Message));
            }
        }

        return failed;
    }

    private static Dictionary<string, FoundPointer> Names(GitRepository git, IEnumerable<string> digests, CancellationToken cancel)
    {
        var (wanted, names) = (digests.ToHashSet(StringComparer.Ordinal), new Dictionary<string, FoundPointer>(StringComparer.Ordinal));
        foreach (var found in new PointerScan(git).From(git.References.List(), cancel))
        {
            if (names.Count == wanted.Count)
            {
                break;
            }

            if (wanted.Contains(found.Pointer.Digest.Hex))
            {
                names.TryAdd(found.Pointer.Digest.Hex, found);
            }
        }

        return names;
    }
}
