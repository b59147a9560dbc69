using System.Buffers;

namespace Lodestone.Hub;

/// <summary>
/// Some chunk records in a row of a xorb, read at once. Who goes through a file has ever more of them read at once, up to a
/// bound; who wants a piece here and there does not pay for more than the piece.
/// </summary>
internal sealed class RecordWindow : IDisposable
{
    private const int First = 128 * 1024;
    private const int Most = 512 * 1024; // at least the largest record

    private readonly byte[] _records = ArrayPool<byte>.Shared.Rent(Most);
    private XetHash _xorb;
    private int _from;
    private int _to;
    private int _atOnce = First;

    /// <summary>A chunk's record, header included.</summary>
    /// <param name="end">Exclusive: chunks from there on are not wanted.</param>
    /// <param name="wanted">Bytes that are asked for just now.</param>
    public ReadOnlySpan<byte> Record(OpenXorb xorb, int chunk, int end, int wanted)
    {
        if (xorb.Hash != _xorb || chunk < _from || chunk >= _to)
        {
            Fill(xorb, chunk, end, wanted);
        }

        var table = xorb.Table;
        var start = table.RecordStart(chunk) - table.RecordStart(_from);
        return _records.AsSpan(start, table.RecordStart(chunk + 1) - table.RecordStart(chunk));
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_records);

    private void Fill(OpenXorb xorb, int chunk, int end, int wanted)
    {
        _atOnce = xorb.Hash == _xorb && chunk == _to ? Math.Min(_atOnce * 2, Most) : First;
        var (table, budget) = (xorb.Table, Math.Clamp(wanted, _atOnce, Most));
        var (start, to) = (table.RecordStart(chunk), chunk + 1);
        while (to < end && table.RecordStart(to + 1) - start <= budget)
        {
            to++;
        }

        (_xorb, _from, _to) = (default, 0, 0); // nothing, should reading fail
        ReadExactly(xorb, _records.AsSpan(0, table.RecordStart(to) - start), start);
        (_xorb, _from, _to) = (xorb.Hash, chunk, to);
    }

    private static void ReadExactly(OpenXorb xorb, Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            var read = RandomAccess.Read(xorb.File, buffer, offset);
            if (read == 0)
            {
                throw new EndOfStreamException($"Xorb {xorb.Hash} is shorter than it should be.");
            }

            buffer = buffer[read..];
            offset += read;
        }
    }
}
