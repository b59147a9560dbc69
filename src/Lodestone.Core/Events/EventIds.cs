using System.Buffers.Binary;

namespace Lodestone.Core;

/// <summary>
/// Ids of events, version 7, that rise in the order in which this server makes them: also within a millisecond, where ordinary
/// ones are in no order, and while the clock stands still.
/// </summary>
internal sealed class EventIds(TimeProvider clock)
{
    private const int CountBits = 12;

    // Milliseconds since 1970 and a count within each: what was given out last. A full count borrows from the next millisecond.
    private long _last;

    public Guid Next()
    {
        var now = clock.GetUtcNow();
        var next = Take(now.ToUnixTimeMilliseconds() << CountBits);
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(now).TryWriteBytes(bytes, bigEndian: true, out _);
        var (milliseconds, count) = ((ulong)next >> CountBits, (ulong)next & ((1 << CountBits) - 1));
        BinaryPrimitives.WriteUInt64BigEndian(bytes, (milliseconds << 16) | 0x7000 | count); // RFC 9562 section 5.7
        return new Guid(bytes, bigEndian: true);
    }

    private long Take(long earliest)
    {
        while (true)
        {
            var last = Volatile.Read(ref _last);
            var next = Math.Max(last + 1, earliest);
            if (Interlocked.CompareExchange(ref _last, next, last) == last)
            {
                return next;
            }
        }
    }
}
