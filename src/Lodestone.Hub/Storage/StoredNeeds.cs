using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>What some need of what is stored: blobs as a whole, and chunks of xorbs. Who that is goes by numbers.</summary>
internal sealed class StoredNeeds
{
    private const int AtOnce = 500;

    private readonly Dictionary<string, long> _blobSizes = new(StringComparer.Ordinal);
    private readonly Coverage<string> _blobs = new();
    private readonly Coverage<XetHash> _xorbs = new();

    /// <param name="sha256">Of the blob.</param>
    public void Add(string sha256, long size, int who)
    {
        _blobSizes[sha256] = size;
        _blobs.Add(sha256, 0, 1, who);
    }

    public void Add(IEnumerable<FileTerm> terms, int who)
    {
        foreach (var term in terms)
        {
            _xorbs.Add(term.Xorb, term.FirstChunk, term.EndChunk, who);
        }
    }

    /// <param name="each">By the numbers.</param>
    /// <param name="together">Gets every byte once.</param>
    /// <param name="next">Gets all of it as one's need.</param>
    public async Task AddUpAsync(HubDb db, XorbStore store, IReadOnlyList<CountedFiles> each, CountedFiles together, (StoredNeeds Needs, int Who)? next, CancellationToken cancel)
    {
        foreach (var sha256 in _blobs.Things)
        {
            AddUp(_blobs.PartsOf(sha256).Single(), _blobSizes[sha256], each, together);
            next?.Needs.Add(sha256, _blobSizes[sha256], next.Value.Who);
        }

        foreach (var some in _xorbs.Things.Chunk(AtOnce))
        {
            var rows = await db.Xorbs.AsNoTracking().Where(x => some.Contains(x.Hash)).ToListAsync(cancel);
            foreach (var xorb in rows)
            {
                ChunkTable? table = null;
                foreach (var part in _xorbs.PartsOf(xorb.Hash))
                {
                    var isWhole = part.First == 0 && part.End == xorb.ChunkCount;
                    table ??= isWhole ? null : store.Table(xorb.Hash);
                    AddUp(part, isWhole ? xorb.Size : table is null ? 0 : table.RecordStart(part.End) - table.RecordStart(part.First), each, together);
                    next?.Needs._xorbs.Add(xorb.Hash, part.First, part.End, next.Value.Who);
                }
            }
        }
    }

    private static void AddUp(CoveredPart part, long bytes, IReadOnlyList<CountedFiles> each, CountedFiles together)
    {
        foreach (var who in part.Who)
        {
            each[who].AddStored(bytes, isShared: part.Who.Count > 1);
        }

        together.AddStored(bytes, isShared: part.Who.Count > 1);
    }
}
