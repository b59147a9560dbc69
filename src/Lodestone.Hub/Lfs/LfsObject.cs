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

internal static class LfsObjectQueries
{
    private const int AtOnce = 500;

    /// <summary>Whether the repository's readers may have the file. Relies on nothing: a file that waits to be reclaimed goes on waiting.</summary>
    public static Task<bool> HoldsAsync(this HubDb db, Guid repoId, Sha256Digest digest, CancellationToken cancel)
    {
        var sha256 = digest.Hex;
        return db.LfsObjects.AnyAsync(o => o.RepoId == repoId && o.Sha256 == sha256, cancel);
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
