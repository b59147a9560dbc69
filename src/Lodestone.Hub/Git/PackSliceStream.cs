using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>A file's bytes from an offset on. The handle belongs to the pack and stays open.</summary>
internal sealed class PackSliceStream(SafeFileHandle file, long start) : ReadOnlyStream
{
    private long _offset = start;

    public override int Read(Span<byte> buffer)
    {
        var read = RandomAccess.Read(file, buffer, _offset);
        _offset += read;
        return read;
    }
}

/// <summary>The part of <see cref="Stream"/> that sources of bytes have in common here: forward only, reads from the page cache.</summary>
internal abstract class ReadOnlyStream : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public abstract override int Read(Span<byte> buffer);

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
        // Nothing is written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
