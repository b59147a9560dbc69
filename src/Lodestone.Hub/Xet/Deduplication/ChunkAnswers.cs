using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Says in which xorbs a chunk is, and what else is in them and in those that follow in files that have it: a client that has
/// the chunk likely has their chunks too. Only what the token may build on counts, and chunks are named by a key made for
/// the answer: who does not have a chunk learns nothing from its name.
/// </summary>
internal sealed class ChunkAnswers(HubDb db, XorbAccess access, XorbStore store, TimeProvider clock)
{
    private const int MostPlaces = 8;
    private const int MostFiles = 4;

    /// <summary>Of 48 bytes for each chunk, some 6 MB as clients fill xorbs; what comes later in a file is asked for later.</summary>
    private const int MostXorbs = 128;

    /// <summary>For so long a client may build on the answer without asking again. What it may use can change meanwhile, and then its upload is refused.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <returns>A shard; null when the token may not know of the chunk, or nobody does.</returns>
    public async Task<byte[]?> FindAsync(XetToken token, XetHash chunk, CancellationToken cancel)
    {
        var places = await PlacesAsync(token, chunk, cancel);
        if (places.Count == 0)
        {
            return null;
        }

        var named = places.Select(p => p.Xorb).Concat(await FollowingAsync(token, places, cancel)).Distinct().Take(MostXorbs).ToList();
        var usable = await access.UsableAsync(token, named, cancel);
        var key = RandomNumberGenerator.GetBytes(Blake3.KeySize);
        var xorbs = new List<ShardXorb>();
        foreach (var xorb in named)
        {
            if (usable.TryGetValue(xorb, out var ranges) && store.Table(xorb) is { } table)
            {
                xorbs.Add(KeyedXorb.Of(table, ranges, key));
            }
        }

        var now = clock.GetUtcNow();
        return ShardWriter.Write(xorbs, key, now, now + Lifetime);
    }

    /// <summary>Newest first. A xorb that no file needs is on its way out: nobody should build on it anew.</summary>
    private async Task<List<KnownChunk>> PlacesAsync(XetToken token, XetHash chunk, CancellationToken cancel)
    {
        var newest = from known in db.KnownChunks
            join xorb in access.Usable(token) on known.Xorb equals xorb.Hash
            where known.Hash == chunk && xorb.UnreferencedSince == null
            orderby xorb.CreatedAt descending, xorb.Hash
            select known;
        var places = await newest.AsNoTracking().Take(MostPlaces).ToListAsync(cancel);
        var usable = await access.UsableAsync(token, places.Select(p => p.Xorb), cancel);
        return [.. places.Where(p => usable.TryGetValue(p.Xorb, out var ranges) && ranges.Contains((int)p.Number, (int)p.Number + 1))];
    }

    /// <summary>Xorbs of files that have the chunk, from there on.</summary>
    private async Task<IEnumerable<XetHash>> FollowingAsync(XetToken token, List<KnownChunk> places, CancellationToken cancel)
    {
        var xorbs = places.Select(p => p.Xorb).ToList();
        var needing = db.FileXorbs.Where(f => xorbs.Contains(f.Xorb)).Select(f => f.File);
        var files = await access.Readable(token)
            .Where(f => needing.Contains(f.Hash))
            .OrderByDescending(f => f.CreatedAt)
            .ThenBy(f => f.Hash)
            .Select(f => f.Terms)
            .Take(MostFiles)
            .ToListAsync(cancel);
        return files.SelectMany(terms => FileTerm.Decode(terms).SkipWhile(t => !places.Exists(p => IsIn(t, p)))).Select(t => t.Xorb);
    }

    private static bool IsIn(FileTerm term, KnownChunk place) => term.Xorb == place.Xorb && term.FirstChunk <= place.Number && place.Number < term.EndChunk;
}
