using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// A large file that a repository holds. Its bytes may be in the blob store for another repository's sake too; only this row
/// lets a repository's readers have them, so nobody learns of a file elsewhere by its hash.
/// </summary>
/// <param name="Sha256">64 lower-case hex digits.</param>
/// <param name="Size">Bytes.</param>
internal sealed record LfsObject(Guid RepoId, string Sha256, long Size, DateTimeOffset CreatedAt);

internal static class LfsObjectQueries
{
    private const int AtOnce = 500;

    /// <summary>Sizes of those of the given that the repository holds.</summary>
    public static async Task<Dictionary<string, long>> HeldAsync(this HubDb db, Guid repoId, IEnumerable<Sha256Digest> digests, CancellationToken cancel)
    {
        var held = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var some in digests.Select(d => d.Hex).Distinct(StringComparer.Ordinal).Chunk(AtOnce))
        {
            var rows = await db.LfsObjects.AsNoTracking().Where(o => o.RepoId == repoId && some.Contains(o.Sha256)).ToListAsync(cancel);
            rows.ForEach(o => held.Add(o.Sha256, o.Size));
        }

        return held;
    }
}
