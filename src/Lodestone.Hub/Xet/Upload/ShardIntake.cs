using System.Buffers;
using System.Security.Cryptography;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Registers the files of a shard for the repository of its token:
/// <list type="number">
/// <item>what the token may build on is looked up; the rest is as good as missing</item>
/// <item>terms, lengths and hashes are held against the stored xorbs</item>
/// <item>room is asked for, before work is spent on files there is no room for</item>
/// <item>files that are new are rebuilt once, which proves their SHA-256: so far it was a claim</item>
/// <item>everything is written down in one transaction</item>
/// </list>
/// </summary>
internal sealed class ShardIntake(HubDb db, XorbAccess access, XorbStore store, ChunkedFiles files, StorageQuota quota)
{
    private const int AtOnce = 500;
    private const int AtOnceBytes = 1024 * 1024;

    /// <param name="progress">Hears of each file that is proved, or was.</param>
    /// <returns>False when all of it was known.</returns>
    /// <exception cref="Refusal"><c>invalid_request</c>, <c>storage_quota_exceeded</c>, <c>not_found</c>; nothing is registered.</exception>
    public async Task<bool> TakeAsync(Shard shard, XetToken token, ShardProgress progress, CancellationToken cancel)
    {
        var named = shard.Files.SelectMany(f => f.Terms).Select(t => t.Xorb).Concat(shard.Xorbs.Select(x => x.Hash));
        var check = new ShardCheck(store, await access.UsableAsync(token, named, cancel)); // 1
        List<NewChunkedFile> wanted = [.. shard.Files.Select(file => check.Check(file, cancel))]; // 2
        foreach (var xorb in shard.Xorbs)
        {
            check.Check(xorb);
        }

        await RequireRoomAsync(wanted, token.RepoId, cancel); // 3
        await ProveAsync(wanted, progress, cancel); // 4
        progress.Commit();
        return await files.RegisterAsync(wanted, check.Known, token.RepoId, cancel); // 5
    }

    private async Task RequireRoomAsync(List<NewChunkedFile> wanted, Guid repoId, CancellationToken cancel)
    {
        if (await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == repoId, cancel) is { } repo) // gone: the last step says so
        {
            await quota.RequireRoomAsync(repo, [.. wanted.DistinctBy(f => f.Sha256).Select(f => f.Size)], cancel);
        }
    }

    private async Task ProveAsync(List<NewChunkedFile> wanted, ShardProgress progress, CancellationToken cancel)
    {
        foreach (var some in wanted.Chunk(AtOnce))
        {
            var hashes = some.Select(f => f.Hash).ToArray();
            var proved = await db.ChunkedFiles.Where(f => hashes.Contains(f.Hash)).ToDictionaryAsync(f => f.Hash, f => f.Sha256, cancel);
            foreach (var file in some)
            {
                var sha256 = proved.TryGetValue(file.Hash, out var known) ? Sha256Digest.Parse(known) : Rebuild(file, cancel);
                if (sha256 != file.Sha256)
                {
                    throw new Refusal(RefusalCode.Invalid, $"File {file.Hash} of the shard has the SHA-256 {sha256}, not {file.Sha256}. Nothing was registered; upload the file again.");
                }

                proved[file.Hash] = sha256.Hex;
                progress.Verified();
            }
        }
    }

    private Sha256Digest Rebuild(NewChunkedFile file, CancellationToken cancel)
    {
        using var content = new RebuiltStream(store, new FileTerms([.. file.Terms]));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(AtOnceBytes);
        try
        {
            for (int read; (read = content.Read(buffer)) > 0;)
            {
                cancel.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return Sha256Digest.FromHash(hash.GetHashAndReset());
    }
}
