namespace Lodestone.Hub;

/// <summary>
/// Finds where a file is cut into chunks: by its content, so that after an edit most chunks are those of before. A sum rolls over
/// the last 64 bytes, and a chunk ends where its top 16 bits are zero.
/// </summary>
internal sealed class Chunker
{
    /// <summary>Bytes; only the last chunk of a file may be shorter. Clients may have cut below it, so it is no reason to refuse a chunk.</summary>
    public const int LeastSize = 8 * 1024;

    /// <summary>Bytes.</summary>
    public const int MostSize = 128 * 1024;

    /// <summary>What is further back has left the sum.</summary>
    private const int Window = 64;
    private const ulong Mask = 0xFFFF_0000_0000_0000;

    private int _size;
    private ulong _sum;

    /// <summary>Looks for the end of the current chunk. What is after it belongs to the next: call again with that.</summary>
    /// <param name="bytes">The file's next bytes.</param>
    /// <param name="length">How many of them belong to the current chunk; all, where it does not end in them.</param>
    /// <returns>Whether the chunk ends there.</returns>
    public bool TryCut(ReadOnlySpan<byte> bytes, out int length)
    {
        var gear = Gear.Table;
        var at = Math.Min(Math.Max(LeastSize - Window - _size, 0), bytes.Length);
        var quiet = Math.Min(Math.Max(LeastSize - 1 - _size, 0), bytes.Length);
        var most = Math.Min(MostSize - _size, bytes.Length);
        var sum = _sum;
        for (; at < quiet; at++)
        {
            sum = (sum << 1) + gear[bytes[at]];
        }

        for (; at < most; at++)
        {
            sum = (sum << 1) + gear[bytes[at]];
            if ((sum & Mask) == 0)
            {
                return End(at + 1, out length);
            }
        }

        if (_size + most == MostSize)
        {
            return End(most, out length);
        }

        length = bytes.Length;
        _size += length;
        _sum = sum;
        return false;
    }

    private bool End(int at, out int length)
    {
        length = at;
        _size = 0;
        _sum = 0;
        return true;
    }
}
