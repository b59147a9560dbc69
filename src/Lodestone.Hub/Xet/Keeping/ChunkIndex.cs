using System.Runtime.InteropServices;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <param name="Number">In the xorb, from 0.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ChunkPlace(XetHash Xorb, int Number);

/// <summary>
/// Finds chunks that are stored already, among those that somebody may build on. It knows the chunks of xorbs that it has loaded:
/// those of the repository's newest files; and where it meets a chunk that is worth asking for, those of the newest file that has
/// it, because what follows is likely to be there too.
/// </summary>
internal sealed class ChunkIndex(HubDb db, XorbStore store, XorbAccess access, XetToken holder)
{
    private const int NewestFiles = 20;
    private const ulong Askable = 1024;

    /// <summary>Some 80 bytes each.</summary>
    private const int MostChunks = 500_000;

    private readonly Dictionary<XetHash, ChunkPlace> _places = [];
    private readonly Dictionary<XetHash, ChunkTable> _tables = [];
    private readonly Dictionary<XetHash, ChunkRanges> _usable = [];
    private readonly HashSet<XetHash> _asked = [];

    /// <summary>Whether clients ask for the chunk wherever it stands.</summary>
    public static bool IsAskable(XetHash chunk) => chunk.Cut % Askable == 0;

    public async Task LoadNewestAsync(Guid repoId, CancellationToken cancel)
    {
        var files = await db.ChunkedFiles.Where(f => db.LfsObjects.Any(o => o.RepoId == repoId && o.Sha256 == f.Sha256))
            .OrderByDescending(f => f.CreatedAt).ThenBy(f => f.Hash).Select(f => f.Hash).Take(NewestFiles).ToListAsync(cancel);
        foreach (var file in files)
        {
            await LoadAsync(file, cancel);
        }
    }

    /// <summary>Adds a xorb that was just made.</summary>
    public void Add(ChunkTable table)
    {
        var all = new ChunkRanges();
        all.Add(0, table.Chunks.Count);
        Add(table, all);
    }

    /// <param name="before">Where the chunk before it is: the next one there goes first, so that terms stay long.</param>
    /// <param name="isFirst">Of its file.</param>
    public async ValueTask<ChunkPlace?> FindAsync(XetHash chunk, ChunkPlace? before, bool isFirst, CancellationToken cancel)
    {
        if ((isFirst || IsAskable(chunk)) && !_places.ContainsKey(chunk) && _asked.Add(chunk))
        {
            await AskAsync(chunk, cancel);
        }

        if (before is { } place && _tables.TryGetValue(place.Xorb, out var table) && place.Number + 1 < table.Chunks.Count
            && table.Chunks[place.Number + 1].Hash == chunk && _usable[place.Xorb].Contains(place.Number + 1, place.Number + 2))
        {
            return place with { Number = place.Number + 1 };
        }

        return _places.TryGetValue(chunk, out var found) ? found : null;
    }

    private async Task AskAsync(XetHash chunk, CancellationToken cancel)
    {
        var xorbs = await db.KnownChunks.Where(c => c.Hash == chunk).Select(c => c.Xorb).ToListAsync(cancel);
        var usable = await access.UsableAsync(holder, xorbs, cancel);
        foreach (var xorb in usable.Keys)
        {
            var files = db.ChunkedFiles.Where(f => db.FileXorbs.Any(r => r.File == f.Hash && r.Xorb == xorb)).OrderByDescending(f => f.CreatedAt).ThenBy(f => f.Hash);
            if (await files.Select(f => (XetHash?)f.Hash).FirstOrDefaultAsync(cancel) is { } file)
            {
                await LoadAsync(file, cancel);
            }
        }

        Add(usable);
    }

    private async Task LoadAsync(XetHash file, CancellationToken cancel)
    {
        var xorbs = await db.FileXorbs.Where(r => r.File == file).Select(r => r.Xorb).ToListAsync(cancel);
        Add(await access.UsableAsync(holder, xorbs.Where(x => !_tables.ContainsKey(x)), cancel));
    }

    private void Add(Dictionary<XetHash, ChunkRanges> usable)
    {
        foreach (var (xorb, ranges) in usable)
        {
            if (!_tables.ContainsKey(xorb) && store.Table(xorb) is { } table)
            {
                Add(table, ranges);
            }
        }
    }

    private void Add(ChunkTable table, ChunkRanges usable)
    {
        if (_places.Count + table.Chunks.Count > MostChunks)
        {
            _places.Clear(); // a large file is long past what was loaded for its beginning
            _tables.Clear();
            _usable.Clear();
        }

        (_tables[table.Xorb], _usable[table.Xorb]) = (table, usable);
        for (var i = 0; i < table.Chunks.Count; i++)
        {
            if (usable.Contains(i, i + 1))
            {
                _places.TryAdd(table.Chunks[i].Hash, new ChunkPlace(table.Xorb, i));
            }
        }
    }
}
