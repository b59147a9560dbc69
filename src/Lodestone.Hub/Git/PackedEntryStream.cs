using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>A pack being written: keeps the position and the checksum of the entry that is going in.</summary>
internal sealed class PackedEntryStream(FileStream file) : Stream
{
    private long _length;

    /// <summary>CRC-32 of the bytes since <see cref="BeginEntry"/>.</summary>
    public uint Crc { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position
    {
        get => _length;
        set => throw new NotSupportedException();
    }

    /// <returns>The offset at which the entry begins.</returns>
    public long BeginEntry()
    {
        Crc = 0;
        return _length;
    }

    /// <summary>Takes back everything from this offset on.</summary>
    public void Truncate(long offset)
    {
        file.Flush();
        file.SetLength(offset);
        file.Position = _length = offset;
    }

    public SafeFileHandle Flushed()
    {
        file.Flush();
        return file.SafeFileHandle;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Crc = Crc32.Append(Crc, buffer);
        _length += buffer.Length;
        file.Write(buffer);
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
    {
        Write(buffer.AsSpan(offset, count));
        return Task.CompletedTask;
    }

    public override void Flush()
    {
        // The file is flushed once, when the pack is sealed.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            file.Dispose();
        }

        base.Dispose(disposing);
    }
}
