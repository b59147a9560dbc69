using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>A xorb of which files need less than half.</summary>
/// <param name="Live">What they need.</param>
/// <param name="Bytes">That it takes on disk.</param>
/// <param name="UnpackedBytes">That it has when unpacked.</param>
internal sealed record SparseXorb(ChunkTable Table, LiveChunks Live, long Bytes, long UnpackedBytes)
{
    public XetHash Hash => Table.Xorb;
}

/// <summary>
/// Finds xorbs with little live content. A chunk is live while a chunked file has it, held or still waiting to be forgotten. One
/// pass over the terms of all files; memory grows with the number of xorbs, some 200 bytes each.
/// </summary>
internal sealed class SparseXorbs(HubDb db, XorbStore store)
{
    private const int FilesAtOnce = 100;
    private const int XorbsAtOnce = 500;

    /// <summary>Younger ones may be of uploads that go on.</summary>
    private static readonly TimeSpan LeastAge = TimeSpan.FromDays(3);

    /// <param name="report">Is told what is dead in xorbs that files need.</param>
    public async Task<IReadOnlyList<SparseXorb>> FindAsync(ReclaimReport report, DateTimeOffset now, CancellationToken cancel)
    {
        var live = await LiveAsync(cancel);
        var sparse = new List<SparseXorb>();
        foreach (var some in live.Keys.Chunk(XorbsAtOnce))
        {
            foreach (var row in await db.Xorbs.AsNoTracking().Where(x => some.Contains(x.Hash)).ToListAsync(cancel))
            {
                var chunks = live[row.Hash];
                if (chunks.Count == row.ChunkCount || store.Table(row.Hash) is not { } table)
                {
                    continue;
                }

                var bytes = chunks.RecordBytes(table);
                report.Dead += row.Size - bytes;
                if (bytes * 2 < row.Size && row.CreatedAt <= now - LeastAge)
                {
                    report.Sparse += row.Size - bytes;
                    sparse.Add(new SparseXorb(table, chunks, bytes, chunks.UnpackedBytes(table)));
                }
            }
        }

        return sparse;
    }

    private async Task<Dictionary<XetHash, LiveChunks>> LiveAsync(CancellationToken cancel)
    {
        var live = new Dictionary<XetHash, LiveChunks>();
        var after = "";
        while (true)
        {
            var files = await db.ChunkedFiles.FromSql($"select * from hub_chunked_file where hash > {after} order by hash limit {FilesAtOnce}")
                .OrderBy(f => f.Hash).Select(f => new { f.Hash, f.Terms }).ToListAsync(cancel);
            if (files.Count == 0)
            {
                return live;
            }

            foreach (var term in files.SelectMany(f => FileTerm.Decode(f.Terms)))
            {
                if (!live.TryGetValue(term.Xorb, out var chunks))
                {
                    live.Add(term.Xorb, chunks = new LiveChunks());
                }

                chunks.Add(term.FirstChunk, term.EndChunk);
            }

            after = files[^1].Hash.ToString();
        }
    }
}
