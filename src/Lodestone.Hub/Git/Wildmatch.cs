namespace Lodestone.Hub;

/// <summary>
/// Git's pattern matching (<c>wildmatch.c</c>), over bytes as git does it: <c>?</c> <c>*</c> <c>**</c> <c>[a-z]</c> <c>[[:alpha:]]</c> <c>\</c>.
/// </summary>
internal static class Wildmatch
{
    // A pattern can be made to try a number of ways that no path deserves. One that does so matches nothing.
    private const int MaxSteps = 100_000;

    private enum Match
    {
        No,
        Yes,

        /// <summary>No, and no other length for a star before will help.</summary>
        Abort,

        /// <summary>No, unless a double star before takes more folders.</summary>
        AbortToDoubleStar,
    }

    /// <param name="isPath">Whether <c>*</c> and <c>?</c> stop at slashes.</param>
    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool isPath)
    {
        var steps = MaxSteps;
        return Try(pattern, text, isPath, ref steps) == Match.Yes;
    }

    private static Match Try(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool isPath, ref int steps)
    {
        if (--steps < 0)
        {
            return Match.Abort;
        }

        var (p, t) = (0, 0);
        for (; p < pattern.Length; p++, t++)
        {
            if (t == text.Length && pattern[p] != '*')
            {
                return Match.Abort;
            }

            switch (pattern[p])
            {
                case (byte)'?':
                    if (isPath && text[t] == '/')
                    {
                        return Match.No;
                    }

                    continue;
                case (byte)'*':
                    return TryStar(pattern, p, text[t..], isPath, ref steps);
                case (byte)'[':
                    if (WildmatchSet.Contains(pattern, ref p, text[t]) is not { } isIn)
                    {
                        return Match.Abort;
                    }

                    if (!isIn || (isPath && text[t] == '/'))
                    {
                        return Match.No;
                    }

                    continue;
                default:
                    if (pattern[p] == '\\')
                    {
                        p++;
                    }

                    if (p == pattern.Length || text[t] != pattern[p])
                    {
                        return Match.No;
                    }

                    continue;
            }
        }

        return t == text.Length ? Match.Yes : Match.No;
    }

    private static Match TryStar(ReadOnlySpan<byte> pattern, int star, ReadOnlySpan<byte> text, bool isPath, ref int steps)
    {
        var rest = pattern[star..].TrimStart((byte)'*');
        var isDouble = pattern.Length - star - rest.Length > 1;
        var isWholeComponent = isDouble && (star == 0 || pattern[star - 1] == '/')
            && (rest.IsEmpty || rest[0] == '/' || rest.StartsWith("\\/"u8));
        var takesSlashes = !isPath || isWholeComponent;
        if (isPath && isWholeComponent && rest.StartsWith("/"u8) && Try(rest[1..], text, isPath, ref steps) == Match.Yes)
        {
            return Match.Yes; // "**/" may stand for no folder at all
        }

        if (rest.IsEmpty)
        {
            return takesSlashes || !text.Contains((byte)'/') ? Match.Yes : Match.No;
        }

        for (; !text.IsEmpty; text = text[1..])
        {
            var match = Try(rest, text, isPath, ref steps);
            if (match is not Match.No && (!takesSlashes || match is not Match.AbortToDoubleStar))
            {
                return match;
            }

            if (match is Match.No && !takesSlashes && text[0] == '/')
            {
                return Match.AbortToDoubleStar;
            }
        }

        return Match.Abort;
    }
}
