namespace Lodestone.Hub;

/// <summary>Which chunks of a xorb somebody may use.</summary>
internal sealed class ChunkRanges
{
    private readonly List<(int First, int End)> _ranges = [];
    private bool _isSorted = true;

    /// <param name="end">Exclusive.</param>
    public void Add(int first, int end)
    {
        _ranges.Add((first, end));
        _isSorted = false;
    }

    /// <param name="end">Exclusive.</param>
    public bool Contains(int first, int end)
    {
        Sort();
        var at = _ranges.FindLastIndex(r => r.First <= first);
        return at >= 0 && _ranges[at].End >= end;
    }

    /// <summary>Ranges that touch become one.</summary>
    private void Sort()
    {
        if (_isSorted)
        {
            return;
        }

        var sorted = _ranges.Order().ToList();
        _ranges.Clear();
        foreach (var range in sorted)
        {
            if (_ranges is [.., var last] && range.First <= last.End)
            {
                _ranges[^1] = (last.First, Math.Max(last.End, range.End));
            }
            else
            {
                _ranges.Add(range);
            }
        }

        _isSorted = true;
    }
}
