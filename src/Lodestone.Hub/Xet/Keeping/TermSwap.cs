using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// Gives all files that need some xorbs terms of one that has the same chunks, in one transaction. It locks the xorbs first, as a
/// registration does: what was registered before is seen, and what comes after builds on the old ones, which are still there.
/// </summary>
internal sealed class TermSwap(HubDb db, Database database, TimeProvider clock)
{
    /// <param name="old">Their live chunks, in this order, are those of the new xorb.</param>
    /// <returns>False when a file has come to need a chunk that was dead: then nothing is changed.</returns>
    public Task<bool> RunAsync(IReadOnlyList<SparseXorb> old, XetHash made, CancellationToken cancel)
    {
        var moves = new Dictionary<XetHash, (LiveChunks Live, int Offset)>();
        foreach (var xorb in old)
        {
            moves.Add(xorb.Hash, (xorb.Live, moves.Values.Sum(m => m.Live.Count)));
        }

        return db.WriteAsync(
            async inner =>
            {
                XetHash[] replaced = [.. moves.Keys];
                await LockAsync([.. replaced, made], inner);
                var needing = db.FileXorbs.Where(r => replaced.Contains(r.Xorb)).Select(r => r.File);
                var files = await db.ChunkedFiles.Where(f => needing.Contains(f.Hash)).OrderBy(f => f.Hash).Select(f => new { f.Hash, f.Terms }).ToListAsync(inner);
                var terms = files.ConvertAll(f => Swap(f.Terms, moves, made));
                if (terms.Contains(null))
                {
                    return false;
                }

                for (var i = 0; i < files.Count; i++)
                {
                    await SwapAsync(files[i].Hash, terms[i]!, replaced, made, inner); // none is null, as was just seen
                }

                await HandOverAsync(moves, replaced, made, inner);
                return true;
            },
            cancel);
    }

    /// <returns>Null where a chunk was dead.</returns>
    private static byte[]? Swap(byte[] before, Dictionary<XetHash, (LiveChunks Live, int Offset)> moves, XetHash made)
    {
        var terms = FileTerm.Decode(before);
        for (var i = 0; i < terms.Length; i++)
        {
            if (!moves.TryGetValue(terms[i].Xorb, out var move))
            {
                continue;
            }

            if (move.Live.NumberAmongThese(terms[i].FirstChunk) is not { } first || move.Live.NumberAmongThese(terms[i].EndChunk - 1) is not { } last
                || last - first != terms[i].EndChunk - 1 - terms[i].FirstChunk)
            {
                return null;
            }

            terms[i] = new FileTerm(made, move.Offset + first, move.Offset + last + 1, terms[i].Size);
        }

        return FileTerm.Encode(terms);
    }

    // A file that was forgotten meanwhile is not there any more, which PostgreSQL allows.
    private async Task SwapAsync(XetHash file, byte[] terms, XetHash[] replaced, XetHash made, CancellationToken cancel)
    {
        if (await db.ChunkedFiles.Where(f => f.Hash == file).ExecuteUpdateAsync(f => f.SetProperty(p => p.Terms, terms), cancel) == 1)
        {
            await db.FileXorbs.Where(r => r.File == file && replaced.Contains(r.Xorb)).ExecuteDeleteAsync(cancel);
            await db.Database.ExecuteSqlAsync(
                $"insert into hub_file_xorb (file, xorb) values ({file.ToString()}, {made.ToString()}) on conflict (file, xorb) do nothing", cancel);
        }
    }

    /// <summary>Who has sent all the old ones has sent all of the new one. Nobody is led to the old ones any more.</summary>
    private async Task HandOverAsync(Dictionary<XetHash, (LiveChunks Live, int Offset)> moves, XetHash[] replaced, XetHash made, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        await db.Xorbs.Where(x => x.Hash == made).ExecuteUpdateAsync(x => x.SetProperty(p => p.UnreferencedSince, (DateTimeOffset?)null), cancel);
        await db.Xorbs.Where(x => replaced.Contains(x.Hash)).ExecuteUpdateAsync(x => x.SetProperty(p => p.UnreferencedSince, now), cancel);

        var grants = await db.XorbGrants.AsNoTracking().Where(g => replaced.Contains(g.Xorb)).ToListAsync(cancel);
        foreach (var grantee in grants.GroupBy(g => g.GranteeId).Where(g => g.Count() == replaced.Length).Select(g => g.Key))
        {
            await db.Database.ExecuteSqlAsync(
                $"insert into hub_xorb_grant (xorb, grantee_id) values ({made.ToString()}, {grantee}) on conflict (xorb, grantee_id) do nothing", cancel);
        }

        var known = await db.KnownChunks.AsNoTracking().Where(c => replaced.Contains(c.Xorb)).ToListAsync(cancel);
        foreach (var chunk in known)
        {
            var (live, offset) = moves[chunk.Xorb];
            if (live.NumberAmongThese((int)chunk.Number) is { } number)
            {
                await db.Database.ExecuteSqlAsync(
                    $"insert into hub_known_chunk (hash, xorb, number) values ({chunk.Hash.ToString()}, {made.ToString()}, {offset + number}) on conflict (hash, xorb) do nothing", cancel);
            }
        }

        await db.KnownChunks.Where(c => replaced.Contains(c.Xorb)).ExecuteDeleteAsync(cancel);
    }

    /// <summary>SQLite needs no lock: there is one writer.</summary>
    private async Task LockAsync(IEnumerable<XetHash> xorbs, CancellationToken cancel)
    {
        if (database.IsPostgres)
        {
            string[] names = [.. xorbs.Select(x => x.ToString())];
            await db.Database.ExecuteSqlAsync($"""select 1 from hub_xorb where hash = any({names}) order by hash collate "C" for update""", cancel);
        }
    }
}
