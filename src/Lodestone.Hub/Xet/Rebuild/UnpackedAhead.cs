using System.Buffers;

namespace Lodestone.Hub;

/// <summary>
/// The packed stretches of a rebuilt file, one piece ahead: while its owner sends a piece, another thread unpacks the next one.
/// The stream is its owner's between <see cref="NextAsync"/> giving nothing and the next call, and nobody else's at other times.
/// So many downloads are ahead at once; the others unpack each piece when it is asked for.
/// </summary>
/// <param name="length">Bytes from the stream's position on that are wanted.</param>
internal sealed class UnpackedAhead(RebuiltStream content, long length) : IAsyncDisposable
{
    private const int Piece = 256 * 1024;

    /// <summary>Each takes two pieces of memory.</summary>
    private const int MostAhead = 64;

    private static int _ahead;

    private readonly long _end = content.Position + length;
    private byte[]? _given;
    private byte[]? _next;
    private Task<int>? _unpacking;
    private bool _isAhead;

    /// <returns>Good until the next call; empty when what comes next is not packed, or there is nothing more.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> NextAsync()
    {
        var count = _unpacking is null ? Unpack(_next ??= ArrayPool<byte>.Shared.Rent(Piece)) : await _unpacking;
        _unpacking = null;
        if (count == 0)
        {
            return default;
        }

        (_given, _next) = (_next, _given);
        if (content.Position < _end && (_isAhead || TryGetAhead()))
        {
            var buffer = _next ??= ArrayPool<byte>.Shared.Rent(Piece);
            _unpacking = Task.Run(() => Unpack(buffer));
        }

        return _given.AsMemory(0, count);
    }

    public async ValueTask DisposeAsync()
    {
        if (_unpacking is Task last)
        {
            await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // it writes to a buffer, and reads the stream
        }

        Return(_given);
        Return(_next);
        if (_isAhead)
        {
            Interlocked.Decrement(ref _ahead);
        }
    }

    private int Unpack(byte[] buffer) => content.TakePacked(buffer.AsSpan(0, (int)Math.Min(Piece, _end - content.Position)));

    private bool TryGetAhead()
    {
        _isAhead = Interlocked.Increment(ref _ahead) <= MostAhead;
        if (!_isAhead)
        {
            Interlocked.Decrement(ref _ahead);
        }

        return _isAhead;
    }

    private static void Return(byte[]? buffer)
    {
        if (buffer is not null)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
