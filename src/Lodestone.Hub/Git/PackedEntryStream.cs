using Microsoft.Win32.SafeHandles;

namespace Lodestone.Hub;

/// <summary>
/// A pack being written: keeps the position and the checksum of the entry that is going in. What is small stays in memory; what grows goes
/// on in a file.
/// </summary>
/// <param name="open">Makes the file.</param>
internal sealed class PackedEntryStream(Func<FileStream> open) : Stream
{
    private const int MostInMemory = 256 * 1024;

    private Stream _target = new MemoryStream();
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
        _target.Flush();
        _target.SetLength(offset);
        _target.Position = _length = offset;
    }

    /// <summary>All that was written, where it is in memory.</summary>
    public byte[]? InMemory() => (_target as MemoryStream)?.ToArray();

    public SafeFileHandle Flushed()
    {
        var file = Spill();
        file.Flush();
        return file.SafeFileHandle;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        Crc = Crc32.Append(Crc, buffer);
        _length += buffer.Length;
        if (_length > MostInMemory)
        {
            Spill();
        }

        _target.Write(buffer);
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

    private FileStream Spill()
    {
        if (_target is FileStream already)
        {
            return already;
        }

        var file = open();
        try
        {
            ((MemoryStream)_target).WriteTo(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _target = file;
        return file;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _target.Dispose();
        }

        base.Dispose(disposing);
    }
}
