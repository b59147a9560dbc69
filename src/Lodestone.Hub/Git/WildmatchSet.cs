namespace Lodestone.Hub;

/// <summary>A set of bytes in brackets within a pattern: <c>[abc]</c>, <c>[!a-z]</c>, <c>[[:digit:]_]</c>.</summary>
internal static class WildmatchSet
{
    /// <summary>Whether the set contains the byte; null if the set is malformed, and the pattern matches nothing.</summary>
    /// <param name="at">Where the set opens; afterwards where it closes.</param>
    public static bool? Contains(ReadOnlySpan<byte> pattern, ref int at, byte value)
    {
        var isNegated = At(pattern, at + 1) is (byte)'!' or (byte)'^';
        var first = at + (isNegated ? 2 : 1);
        var isIn = false;
        byte previous = 0;
        for (at = first; at == first || At(pattern, at) != ']'; at++)
        {
            if (At(pattern, at) == '-' && previous != 0 && At(pattern, at + 1) is not (0 or (byte)']'))
            {
                at++;
                if (Literal(pattern, ref at) is not { } last)
                {
                    return null;
                }

                isIn |= value >= previous && value <= last;
                previous = 0;
            }
            else if (ClassAt(pattern, at, out var end) is { } name)
            {
                if (IsInClass(pattern[name], value) is not { } isInClass)
                {
                    return null;
                }

                isIn |= isInClass;
                at = end;
                previous = 0;
            }
            else
            {
                if (Literal(pattern, ref at) is not { } literal)
                {
                    return null;
                }

                isIn |= value == literal;
                previous = literal;
            }
        }

        return isIn != isNegated;
    }

    private static byte At(ReadOnlySpan<byte> pattern, int index) => index < pattern.Length ? pattern[index] : (byte)0;

    private static byte? Literal(ReadOnlySpan<byte> pattern, ref int at)
    {
        at += At(pattern, at) == '\\' ? 1 : 0;
        return at < pattern.Length ? pattern[at] : null;
    }

    /// <summary>The range of the name in <c>[:name:]</c>, or null if there is no such thing here.</summary>
    private static Range? ClassAt(ReadOnlySpan<byte> pattern, int at, out int end)
    {
        end = 0;
        if (!pattern[Math.Min(at, pattern.Length)..].StartsWith("[:"u8))
        {
            return null;
        }

        var length = pattern[(at + 2)..].IndexOf((byte)']');
        end = at + 2 + length;
        return length > 0 && pattern[end - 1] == ':' ? (at + 2)..(end - 1) : null;
    }

    private static bool? IsInClass(ReadOnlySpan<byte> name, byte value) => name switch
    {
        _ when name.SequenceEqual("alnum"u8) => char.IsAsciiLetterOrDigit((char)value),
        _ when name.SequenceEqual("alpha"u8) => char.IsAsciiLetter((char)value),
        _ when name.SequenceEqual("blank"u8) => value is (byte)' ' or (byte)'\t',
        _ when name.SequenceEqual("cntrl"u8) => value is < 0x20 or 0x7f,
        _ when name.SequenceEqual("digit"u8) => char.IsAsciiDigit((char)value),
        _ when name.SequenceEqual("graph"u8) => value is > 0x20 and < 0x7f,
        _ when name.SequenceEqual("lower"u8) => char.IsAsciiLetterLower((char)value),
        _ when name.SequenceEqual("print"u8) => value is >= 0x20 and < 0x7f,
        _ when name.SequenceEqual("punct"u8) => value is > 0x20 and < 0x7f && !char.IsAsciiLetterOrDigit((char)value),
        _ when name.SequenceEqual("space"u8) => value is (byte)' ' or (>= 0x09 and <= 0x0d),
        _ when name.SequenceEqual("upper"u8) => char.IsAsciiLetterUpper((char)value),
        _ when name.SequenceEqual("xdigit"u8) => char.IsAsciiHexDigit((char)value),
        _ => null,
    };
}
