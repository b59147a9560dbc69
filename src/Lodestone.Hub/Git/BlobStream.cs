namespace Lodestone.Hub;

/// <summary>A blob's content, forward only, inflated as it is read. Its length is known from the start.</summary>
internal sealed class BlobStream(Stream content, long length) : ReadOnlyStream
{
    private long _position;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        var wanted = buffer[..(int)Math.Min(buffer.Length, length - _position)];
        if (wanted.IsEmpty)
        {
            return 0;
        }

        var read = Inflating.Read(content, wanted);
        _position += read;
        return read > 0 ? read : throw new CorruptRepositoryException("A blob ended early.");
    }

    /// <summary>Passes over bytes, for ranges.</summary>
    public void Skip(long bytes)
    {
        Span<byte> passed = stackalloc byte[8192];
        for (int read; bytes > 0; bytes -= read)
        {
            read = Read(passed[..(int)Math.Min(passed.Length, bytes)]);
            ArgumentOutOfRangeException.ThrowIfZero(read, nameof(bytes));
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            content.Dispose();
        }

        base.Dispose(disposing);
    }
}

internal static class Inflating
{
    /// <summary>Damage found by zlib is damage of the repository.</summary>
    public static int Read(Stream inflate, Span<byte> buffer)
    {
        try
        {
            return inflate.Read(buffer);
        }
        catch (InvalidDataException e)
        {
            throw new CorruptRepositoryException("An object's compressed bytes are damaged.", e);
        }
    }

    public static void ReadExactly(Stream inflate, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var read = Read(inflate, buffer);
            buffer = read > 0 ? buffer[read..] : throw new CorruptRepositoryException("An object's compressed bytes end early.");
        }
    }
}
