using K4os.Compression.LZ4;

namespace Lodestone.Hub;

/// <summary>
/// A block of LZ4: sequences of a token, literals and a match, which repeats bytes some distance back. Source: the LZ4 block
/// format description.
/// </summary>
internal static class Lz4Block
{
    private const int LongLength = 15;

    /// <param name="before">What stands before the room, where matches may reach back to it.</param>
    /// <returns>Bytes written; negative where the block is damaged, or has more than there is room for.</returns>
    public static int Unpack(ReadOnlySpan<byte> block, Span<byte> room, ReadOnlySpan<byte> before)
    {
        if (room.IsEmpty || HasMatchAtNoDistance(block))
        {
            return -1;
        }

        return before.IsEmpty ? LZ4Codec.Decode(block, room) : LZ4Codec.Decode(block, room, before);
    }

    /// <summary>
    /// The format forbids it, but the decoder, like the reference one, takes it for whatever the room had in it before. That would
    /// be another content each time, and the content of others.
    /// </summary>
    private static bool HasMatchAtNoDistance(ReadOnlySpan<byte> block)
    {
        var at = 0;
        while (at < block.Length)
        {
            var token = block[at++];
            var literals = Length(block, token >> 4, ref at);
            at += literals;
            if (at > block.Length - sizeof(ushort))
            {
                return false; // the last sequence has no match
            }

            if ((block[at] | block[at + 1]) == 0)
            {
                return true;
            }

            at += sizeof(ushort);
            Length(block, token & LongLength, ref at);
        }

        return false;
    }

    /// <summary>A length that does not fit the token goes on in bytes of 255 and one below.</summary>
    private static int Length(ReadOnlySpan<byte> block, int length, ref int at)
    {
        if (length < LongLength)
        {
            return length;
        }

        while (at < block.Length)
        {
            length += block[at];
            if (block[at++] < byte.MaxValue)
            {
                break;
            }
        }

        return length;
    }
}
