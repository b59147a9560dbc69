namespace Lodestone.Hub;

/// <summary>Git's binary deltas: a base's size, the result's size, then copies from the base and literal bytes.</summary>
internal static class GitDelta
{
    /// <summary>The size of the result, from the first bytes of a delta (20 are enough).</summary>
    public static long ResultSize(ReadOnlySpan<byte> delta)
    {
        ReadSize(ref delta);
        return ReadSize(ref delta);
    }

    public static byte[] Apply(ReadOnlySpan<byte> source, ReadOnlySpan<byte> delta)
    {
        if (ReadSize(ref delta) != source.Length)
        {
            throw Malformed();
        }

        var size = ReadSize(ref delta);
        var result = size <= Pack.MaxInMemory ? new byte[size] : throw new CorruptRepositoryException("A delta makes an object too large to hold.");
        var rest = result.AsSpan();
        while (!delta.IsEmpty)
        {
            var piece = Take(source, ref delta);
            if (piece.Length > rest.Length)
            {
                throw Malformed();
            }

            piece.CopyTo(rest);
            rest = rest[piece.Length..];
        }

        return rest.IsEmpty ? result : throw Malformed();
    }

    private static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> source, ref ReadOnlySpan<byte> delta)
    {
        var command = delta[0];
        delta = delta[1..];
        if ((command & 0x80) != 0)
        {
            var offset = ReadSparse(command & 0x0f, 4, ref delta);
            var size = ReadSparse((command >> 4) & 0x07, 3, ref delta);
            size = size == 0 ? 0x10000 : size;
            return offset + size <= source.Length ? source.Slice((int)offset, (int)size) : throw Malformed();
        }

        if (command == 0 || command > delta.Length)
        {
            throw Malformed();
        }

        var literal = delta[..command];
        delta = delta[command..];
        return literal;
    }

    /// <summary>A little-endian number of which only the bytes marked in <paramref name="present"/> are written.</summary>
    private static long ReadSparse(int present, int bytes, ref ReadOnlySpan<byte> delta)
    {
        var value = 0L;
        for (var i = 0; i < bytes; i++)
        {
            if ((present & (1 << i)) == 0)
            {
                continue;
            }

            value |= delta.IsEmpty ? throw Malformed() : (long)delta[0] << (8 * i);
            delta = delta[1..];
        }

        return value;
    }

    private static long ReadSize(ref ReadOnlySpan<byte> delta)
    {
        var value = 0L;
        for (var shift = 0; shift < 63; shift += 7)
        {
            if (delta.IsEmpty)
            {
                throw Malformed();
            }

            var b = delta[0];
            delta = delta[1..];
            value |= (long)(b & 0x7f) << shift;
            if ((b & 0x80) == 0)
            {
                return value;
            }
        }

        throw Malformed();
    }

    private static CorruptRepositoryException Malformed() => new("A delta in a pack is malformed.");
}
