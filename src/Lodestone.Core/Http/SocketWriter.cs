using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Lodestone.Core;

/// <summary>
/// Writes a connection's answers to its socket. Kestrel calls it from one place at a time. A flush is done when the kernel has
/// the bytes; a client that is gone looks like a reader that has completed, as in any pipe, and the transport, which watches
/// the socket, ends the connection. A flush cannot be cancelled half-way, since nobody could tell how far it came: slow clients
/// are Kestrel's to abort, by their rate.
/// </summary>
internal sealed class SocketWriter(Socket socket, PipeWriter transport, MemoryPool<byte> pool) : PipeWriter, IFileSending
{
    /// <summary>Bytes sent from memory when the socket is full: waiting for them is waiting for room.</summary>
    private const int Nudge = 16 * 1024;

    private const int LongestFileHead = 2048;

    // Stands for a file's bytes. Nobody reads it.
    private static readonly byte[] Stand = GC.AllocateUninitializedArray<byte>(1 << 20);

    private readonly List<(IMemoryOwner<byte> Block, int Length)> _full = [];
    private IMemoryOwner<byte>? _block;
    private int _used;
    private IReadOnlyList<FilePiece>? _pieces;
    private ReadOnlyMemory<byte>? _bytes;
    private int _piece;
    private long _pieceSent;
    private long _fileCount;
    private byte[]? _fileHead;
    private int _fileHeadLength;
    private bool _isGone;
    private volatile bool _isFlushing;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _full.Sum(f => f.Length) + _used + _fileCount;

    /// <summary>What was sent before the last file; empty where that was long.</summary>
    public ReadOnlySpan<byte> FileHead => _fileHead.AsSpan(0, _fileHeadLength);

    private bool IsPretending => _pieces is not null || _bytes is not null;

    public void Begin(IReadOnlyList<FilePiece> pieces) => (_pieces, _piece, _pieceSent, _fileCount) = (pieces, 0, 0, 0);

    public void Begin(ReadOnlyMemory<byte> bytes) => (_bytes, _fileCount) = (bytes, 0);

    public void End() => (_pieces, _bytes) = (null, null);

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (IsPretending)
        {
            return sizeHint <= Stand.Length ? Stand : new byte[sizeHint];
        }

        if (_block is { } block && block.Memory.Length - _used >= Math.Max(1, sizeHint))
        {
            return block.Memory[_used..];
        }

        if (_block is not null && _used > 0)
        {
            _full.Add((_block, _used));
            (_block, _used) = (null, 0);
        }

        _block?.Dispose();
        _block = sizeHint <= pool.MaxBufferSize ? pool.Rent(sizeHint) : MemoryPool<byte>.Shared.Rent(sizeHint);
        return _block.Memory;
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (IsPretending)
        {
            _fileCount += bytes;
        }
        else
        {
            _used += bytes;
        }
    }

    public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        _isFlushing = true;
        try
        {
            foreach (var (block, length) in _full)
            {
                await SendAsync(block.Memory[..length]);
            }

            if (_block is { } last)
            {
                NoteHead(last.Memory.Span[.._used]);
                var before = _fileCount > 0 ? Math.Max(0, KernelFile.SendBefore(socket.SafeHandle, last.Memory.Span[.._used])) : 0;
                await SendAsync(last.Memory[before.._used]);
            }

            if (_pieces is { } pieces && !_isGone)
            {
                await SendAsync(pieces);
            }

            if (_bytes is { } bytes)
            {
                await SendAsync(bytes[..(int)_fileCount]);
                (_bytes, _fileCount) = (bytes[(int)_fileCount..], 0);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            _isGone = true;
        }
        finally
        {
            Release();
            _isFlushing = false;
        }

        return new FlushResult(isCanceled: false, isCompleted: _isGone);
    }

    public override void CancelPendingFlush()
    {
        // Whoever aborts closes the socket, which ends the flush.
    }

    /// <summary>A flush that is under way keeps its buffers until it ends: another connection must not write into what is being sent.</summary>
    public override void Complete(Exception? exception = null)
    {
        if (!_isFlushing)
        {
            Release();
        }

        transport.Complete(exception);
    }

    private void NoteHead(ReadOnlySpan<byte> head)
    {
        if (_fileCount > 0)
        {
            _fileHeadLength = _full.Count == 0 && head.TryCopyTo(_fileHead ??= new byte[LongestFileHead]) ? head.Length : 0;
        }
    }

    private async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty && !_isGone)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None)..];
        }
    }

    private async ValueTask SendAsync(IReadOnlyList<FilePiece> pieces)
    {
        while (_fileCount > 0)
        {
            var piece = pieces[_piece];
            var count = Math.Min(_fileCount, piece.Length - _pieceSent);
            var sent = KernelFile.Send(socket.SafeHandle, piece.File, piece.Offset + _pieceSent, count);
            if (sent == 0)
            {
                throw new EndOfStreamException("A stored file is shorter than it should be.");
            }

            Sent(piece, sent > 0 ? sent : await SendSomeAsync(piece, count));
        }
    }

    /// <summary>The runtime knows how to wait for a full socket; the kernel's call does not.</summary>
    private async ValueTask<long> SendSomeAsync(FilePiece piece, long count)
    {
        using var some = pool.Rent(Nudge);
        var length = RandomAccess.Read(piece.File, some.Memory.Span[..(int)Math.Min(Nudge, count)], piece.Offset + _pieceSent);
        if (length == 0)
        {
            throw new EndOfStreamException("A stored file is shorter than it should be.");
        }

        await SendAsync(some.Memory[..length]);
        return length;
    }

    private void Sent(FilePiece piece, long count)
    {
        (_fileCount, _pieceSent) = (_fileCount - count, _pieceSent + count);
        if (_pieceSent == piece.Length)
        {
            (_piece, _pieceSent) = (_piece + 1, 0);
        }
    }

    /// <summary>An idle connection holds no buffer.</summary>
    private void Release()
    {
        foreach (var (block, _) in _full)
        {
            block.Dispose();
        }

        _full.Clear();
        _block?.Dispose();
        (_block, _used) = (null, 0);
    }
}
