namespace Lodestone.Hub;

/// <summary>
/// How many bytes of a file are in lines of each kind, to say how much of one is in another. Counted as git does, so that both take
/// the same files for renamed ones (git's <c>diffcore-delta.c</c>).
/// </summary>
internal sealed class ContentShape
{
    /// <summary>What two files that are the same have in common.</summary>
    public const int Whole = 60_000;

    private const int LongestLine = 64; // bytes; what is longer counts in pieces
    private const uint Kinds = 107_927;

    private readonly Dictionary<uint, long> _bytes = [];
    private readonly long _size;

    public ContentShape(ReadOnlySpan<byte> content)
    {
        _size = content.Length;
        var isText = !content[..Math.Min(content.Length, 8000)].Contains((byte)0);
        var (one, two, count) = (0u, 0u, 0);
        for (var i = 0; i < content.Length; i++)
        {
            var next = content[i];
            if (isText && next == '\r' && i + 1 < content.Length && content[i + 1] == '\n')
            {
                continue;
            }

            (one, two) = (((one << 7) ^ (two >> 25)) + next, (two << 7) ^ (one >> 25));
            if (++count == LongestLine || next == '\n')
            {
                Add(one, two, count);
                (one, two, count) = (0, 0, 0);
            }
        }

        if (count > 0)
        {
            Add(one, two, count);
        }
    }

    /// <summary>How much of the larger of the two is in both, of <see cref="Whole"/>.</summary>
    public int In(ContentShape other)
    {
        var common = 0L;
        foreach (var (kind, bytes) in _bytes)
        {
            common += Math.Min(bytes, other._bytes.GetValueOrDefault(kind));
        }

        return (int)(common * Whole / Math.Max(1, Math.Max(_size, other._size)));
    }

    private void Add(uint one, uint two, int count)
    {
        var kind = unchecked(one + (two * 0x61)) % Kinds;
        _bytes[kind] = _bytes.GetValueOrDefault(kind) + count;
    }
}
