using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>The chunks of a xorb that files need: ranges in order that neither overlap nor touch.</summary>
internal sealed class LiveChunks
{
    private readonly List<LiveRange> _ranges = [];

    public IReadOnlyList<LiveRange> All => _ranges;

    public int Count => _ranges.Sum(r => r.Count);

    public void Add(int first, int end)
    {
        var at = _ranges.FindIndex(r => r.End >= first);
        if (at < 0)
        {
            _ranges.Add(new LiveRange(first, end));
            return;
        }

        var last = at;
        while (last < _ranges.Count && _ranges[last].First <= end)
        {
            (first, end) = (Math.Min(first, _ranges[last].First), Math.Max(end, _ranges[last].End));
            last++;
        }

        _ranges.RemoveRange(at, last - at);
        _ranges.Insert(at, new LiveRange(first, end));
    }

    /// <summary>How many of a range's chunks are among them.</summary>
    public int Overlap(int first, int end) => _ranges.Sum(r => Math.Max(0, Math.Min(r.End, end) - Math.Max(r.First, first)));

    /// <summary>Bytes that they take on disk.</summary>
    public long RecordBytes(ChunkTable table) => _ranges.Sum(r => (long)table.RecordStart(r.End) - table.RecordStart(r.First));

    /// <summary>Bytes that they have when unpacked.</summary>
    public long UnpackedBytes(ChunkTable table) => _ranges.Sum(r => (long)table.UnpackedStart(r.End) - table.UnpackedStart(r.First));

    /// <summary>
    /// The number that a chunk gets where only these are kept, one after the other; null when it is not among them. What is a
    /// range in a row stays one.
    /// </summary>
    public int? NumberAmongThese(int chunk)
    {
        var before = 0;
        foreach (var range in _ranges)
        {
            if (chunk < range.End)
            {
                return chunk >= range.First ? before + chunk - range.First : null;
            }

            before += range.Count;
        }

        return null;
    }
}

/// <param name="First">From 0.</param>
/// <param name="End">Exclusive.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct LiveRange(int First, int End)
{
    public int Count => End - First;
}
