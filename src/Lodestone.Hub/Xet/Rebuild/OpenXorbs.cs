using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>A xorb's file, and where its chunks are in it.</summary>
internal sealed record OpenXorb(XetHash Hash, SafeFileHandle File, ChunkTable Table)
{
    /// <summary>Whether the chunk is stored as it is. The lengths alone do not say so: a packed one may have the same.</summary>
    public bool IsPlain(int chunk)
    {
        var start = Table.RecordStart(chunk);
        Span<byte> header = stackalloc byte[ChunkRecord.HeaderSize];
        return Table.RecordStart(chunk + 1) - start - ChunkRecord.HeaderSize == Table.LengthOf(chunk)
            && RandomAccess.Read(File, header, start) == ChunkRecord.HeaderSize
            && ChunkRecord.Read(header).Compression is ChunkCompression.None;
    }
}

internal static class XorbTables
{
    /// <exception cref="FileNotFoundException">There is no such xorb.</exception>
    public static ChunkTable RequireTable(this XorbStore store, XetHash hash) => store.Table(hash) ?? throw new FileNotFoundException($"There is no xorb {hash}.");
}

/// <summary>The xorbs that somebody reads just now: each is opened once, as long as there are few of them.</summary>
internal sealed class OpenXorbs(XorbStore store) : IDisposable
{
    private const int Most = 8;

    private readonly List<OpenXorb> _open = [];

    /// <summary>Good until the next one is opened.</summary>
    /// <exception cref="FileNotFoundException">There is no such xorb.</exception>
    public OpenXorb Open(XetHash hash)
    {
        var known = _open.FindIndex(x => x.Hash == hash);
        var xorb = known < 0 ? OpenNew(hash) : _open[known];
        if (known >= 0)
        {
            _open.RemoveAt(known);
        }

        _open.Add(xorb); // the last one is the one used last
        return xorb;
    }

    public void Dispose()
    {
        _open.ForEach(x => x.File.Dispose());
        _open.Clear();
    }

    private OpenXorb OpenNew(XetHash hash)
    {
        if (_open.Count == Most)
        {
            _open[0].File.Dispose();
            _open.RemoveAt(0);
        }

        var file = store.Open(hash);
        try
        {
            return new OpenXorb(hash, file, store.RequireTable(hash));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
