using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>How a file's bytes are kept.</summary>
/// <param name="IsChunked">As chunks, that other files may have as well; else whole.</param>
/// <param name="Shared">
/// Of its chunks, the share that the version before has at the same place of the same xorb, so that they are stored once for both:
/// 0 to 1. The version before is what the first parent of the commit that changed the file last has at the path. Null where either
/// is not chunked.
/// </param>
internal sealed record StoredAs(bool IsChunked, double? Shared);

/// <summary>Says of large files how they are kept, and what their last versions share, from their terms alone.</summary>
internal sealed class FileStorage(HubDb db)
{
    /// <summary>Bytes of a file's terms. Of files in more pieces it is not told what they share.</summary>
    private const int MostTerms = 256 * 1024;

    /// <returns>By path, the large ones of the folder.</returns>
    public async Task<IReadOnlyDictionary<string, StoredAs>> OfAsync(GitRepository git, IReadOnlyList<FolderRow> rows, CancellationToken cancel)
    {
        var large = rows.Where(r => r.Entry.Large is not null).ToList();
        var before = large.ToDictionary(r => r.Entry.Path, r => Before(git, r), StringComparer.Ordinal);
        var digests = large.Select(r => r.Entry.Large?.Digest.Hex).Concat(before.Values.Select(d => d?.Hex)).OfType<string>().Distinct(StringComparer.Ordinal).ToArray();
        var files = await db.ChunkedFiles.AsNoTracking().Where(f => digests.Contains(f.Sha256)).OrderByDescending(f => f.CreatedAt).ThenByDescending(f => f.Hash)
            .Select(f => new { f.Sha256, Terms = f.Terms.Length <= MostTerms ? f.Terms : null }).ToListAsync(cancel);
        var chunked = new Dictionary<string, byte[]?>(StringComparer.Ordinal);
        files.ForEach(f => chunked[f.Sha256] = f.Terms); // the first one of a SHA-256 stands for it, and comes last
        return large.ToDictionary(
            r => r.Entry.Path,
            r => new StoredAs(chunked.ContainsKey(r.Entry.ETag), Shared(chunked.GetValueOrDefault(r.Entry.ETag), before[r.Entry.Path] is { } last ? chunked.GetValueOrDefault(last.Hex) : null)),
            StringComparer.Ordinal);
    }

    /// <summary>The share of a file's chunks that another one has too.</summary>
    public static double? Shared(byte[]? terms, byte[]? others)
    {
        if (terms is null || others is null)
        {
            return null;
        }

        var has = new Dictionary<XetHash, LiveChunks>();
        foreach (var term in FileTerm.Decode(others))
        {
            if (!has.TryGetValue(term.Xorb, out var chunks))
            {
                has.Add(term.Xorb, chunks = new LiveChunks());
            }

            chunks.Add(term.FirstChunk, term.EndChunk);
        }

        var own = FileTerm.Decode(terms);
        var all = own.Sum(t => (long)t.EndChunk - t.FirstChunk);
        return all == 0 ? null : own.Sum(t => (long)(has.GetValueOrDefault(t.Xorb)?.Overlap(t.FirstChunk, t.EndChunk) ?? 0)) / (double)all;
    }

    private static Sha256Digest? Before(GitRepository git, FolderRow row)
    {
        if (row.Last is not { } last || last.Commit.Parents is not [var parent, ..])
        {
            return null;
        }

        return new RepoTree(git, parent).Find(row.Entry.Path)?.Large?.Digest;
    }
}
