using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// A large file that a repository holds. Its bytes may be in the blob store for another repository's sake too; only this row
/// lets a repository's readers have them, so nobody learns of a file elsewhere by its hash.
/// </summary>
/// <param name="Sha256">64 lower-case hex digits.</param>
/// <param name="Size">Bytes.</param>
internal sealed record LfsObject(Guid RepoId, string Sha256, long Size, DateTimeOffset CreatedAt)
{
    /// <summary>When it was first seen that no reference reaches the file; it is reclaimed some days later. Null: a reference does, or somebody relies on it.</summary>
    public DateTimeOffset? UnreferencedSince { get; init; }
}

/// <summary>A large file as a repository holds it.</summary>
/// <param name="Xet">What readers may ask for to get it as chunks; null: it is not chunked.</param>
internal sealed record HeldFile(XetHash? Xet);

internal static class LfsObjectQueries
{
    private const int AtOnce = 500;

    /// <summary>Whether the repository's readers may have the file. Relies on nothing: a file that waits to be reclaimed goes on waiting.</summary>
    /// <returns>Null when it does not hold the file.</returns>
    public static async Task<HeldFile?> FindHeldAsync(this HubDb db, Guid repoId, Sha256Digest digest, CancellationToken cancel)
    {
        var sha256 = digest.Hex;
        return await db.LfsObjects.Where(o => o.RepoId == repoId && o.Sha256 == sha256)
            .Select(o => new HeldFile(db.ChunkedFiles.Where(f => f.Sha256 == sha256).OrderBy(f => f.CreatedAt).ThenBy(f => f.Hash).Select(f => (XetHash?)f.Hash).FirstOrDefault()))
            .SingleOrDefaultAsync(cancel);
    }

    /// <inheritdoc cref="XetHashesAsync(HubDb, Guid, IEnumerable{string}, CancellationToken)"/>
    public static Task<Dictionary<string, XetHash>> XetHashesAsync(this HubDb db, Guid repoId, IEnumerable<RepoEntry> files, CancellationToken cancel) =>
        db.XetHashesAsync(repoId, files.Select(f => f.Large?.Digest.Hex).OfType<string>(), cancel);

    /// <summary>By SHA-256, the hashes of those of the given that the repository holds and that are chunked.</summary>
    public static async Task<Dictionary<string, XetHash>> XetHashesAsync(this HubDb db, Guid repoId, IEnumerable<string> digests, CancellationToken cancel)
    {
        var hashes = new Dictionary<string, XetHash>(StringComparer.Ordinal);
        foreach (var some in digests.Distinct(StringComparer.Ordinal).Chunk(AtOnce))
        {
            var held = db.ChunkedFiles.Where(f => some.Contains(f.Sha256) && db.LfsObjects.Any(o => o.RepoId == repoId && o.Sha256 == f.Sha256));
            foreach (var file in await held.InOrder().Select(f => new { f.Sha256, f.Hash }).ToListAsync(cancel))
            {
                hashes.TryAdd(file.Sha256, file.Hash);
            }
        }

        return hashes;
    }

    /// <summary>
    /// Sizes of those of the given that the repository holds. Whoever asks relies on the answer, so what waits to be reclaimed stops
    /// waiting: a client that was told not to upload has days to commit.
    /// </summary>
    public static async Task<Dictionary<string, long>> HeldAsync(this HubDb db, Guid repoId, IEnumerable<Sha256Digest> digests, CancellationToken cancel)
    {
        var held = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var some in digests.Select(d => d.Hex).Distinct(StringComparer.Ordinal).Chunk(AtOnce))
        {
            var asked = db.LfsObjects.AsNoTracking().Where(o => o.RepoId == repoId && some.Contains(o.Sha256));
            var rows = await asked.ToListAsync(cancel);
            if (rows.Exists(o => o.UnreferencedSince is not null))
            {
                await db.WriteAsync(inner => asked.Where(o => o.UnreferencedSince != null).ExecuteUpdateAsync(o => o.SetProperty(p => p.UnreferencedSince, (DateTimeOffset?)null), inner), cancel);
                rows = await asked.ToListAsync(cancel); // some may have been reclaimed a moment before
            }

            rows.ForEach(o => held.Add(o.Sha256, o.Size));
        }

        return held;
    }
}
