using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What is done with the large files of a repository as such, whatever commits name them.</summary>
internal sealed class HeldFiles(HubDb db, RepoStore store, RepoRefresh refresh, LargeFileIntake intake, HeldLately lately, Caller caller)
{
    private const int AtOnce = 500;

    /// <summary>By SHA-256. Names are found by looking through the references, the newest commits first.</summary>
    /// <param name="isChunked">Only those that can be had as chunks, or only the others; null: both.</param>
    public async Task<IReadOnlyList<LfsFile>> ListAsync(Repo repo, bool? isChunked, string? after, int limit, CancellationToken cancel)
    {
        var rows = await db.LfsObjects.AsNoTracking()
            .Where(o => o.RepoId == repo.Id && (after == null || string.Compare(o.Sha256, after) > 0))
            .Where(o => isChunked == null || db.ChunkedFiles.Any(f => f.Sha256 == o.Sha256) == isChunked)
            .OrderBy(o => o.Sha256).Take(limit).ToListAsync(cancel);
        var names = Names(store.Open(repo.Id), rows.Select(o => o.Sha256), cancel);
        var chunked = await db.XetHashesAsync(repo.Id, rows.Select(o => o.Sha256), cancel);
        return [.. rows.Select(o =>
        {
            FoundPointer? name = names.TryGetValue(o.Sha256, out var found) ? found : null;
            var hash = chunked.TryGetValue(o.Sha256, out var xet) ? xet.ToString() : null;
            return new LfsFile(o.Sha256, o.Sha256, name?.Path ?? o.Sha256, o.Size, Instants.ToWire(o.CreatedAt), name?.RefName, hash);
        })];
    }

    /// <summary>History first: a crash in between leaves files that no commit names, not names without files.</summary>
    /// <returns>How many of them the repository held.</returns>
    public async Task<int> DeleteAsync(Repo repo, IReadOnlyList<string> digests, bool rewritesHistory, CancellationToken cancel)
    {
        var held = await db.HeldAsync(repo.Id, digests.Select(d => Sha256Digest.TryParse(d, out var digest) ? digest : (Sha256Digest?)null).OfType<Sha256Digest>(), cancel);
        if (rewritesHistory && held.Count > 0)
        {
            var git = store.Open(repo.Id);
            var updates = await HistoryRewrite.RunAsync(git, held.Keys.ToHashSet(StringComparer.Ordinal), cancel);
            await refresh.AfterMoveAsync(repo.Id, git, updates, caller.Id);
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
        var named = await Sha256sAsync(wanted, cancel);
        var held = await db.HeldAsync(source.Id, named.Select(n => Sha256Digest.TryParse(n, out var digest) ? digest : (Sha256Digest?)null).OfType<Sha256Digest>(), cancel);
        var failed = new List<LfsFailure>();
        foreach (var sha256 in named.Distinct(StringComparer.Ordinal))
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

    /// <summary>A file may be named by its Xet hash alone. What nobody knows keeps that for a name, and is not held.</summary>
    private async Task<IReadOnlyList<string>> Sha256sAsync(IReadOnlyList<LfsWanted> wanted, CancellationToken cancel)
    {
        var hashes = wanted.Where(w => w.Sha256 is null).Select(w => XetHash.TryParse(w.XetHash, out var hash) ? hash : (XetHash?)null).OfType<XetHash>().ToList();
        var known = await db.ChunkedFiles.Where(f => hashes.Contains(f.Hash)).Select(f => new { f.Hash, f.Sha256 }).ToDictionaryAsync(f => f.Hash.ToString(), f => f.Sha256, StringComparer.Ordinal, cancel);
        return [.. wanted.Select(w => w.Sha256 ?? known.GetValueOrDefault(w.XetHash ?? "") ?? w.XetHash ?? "")];
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
