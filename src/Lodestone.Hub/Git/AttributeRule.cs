using System.Buffers;
using System.Text;

namespace Lodestone.Hub;

/// <summary>One line of a <c>.gitattributes</c> file that says something about the filter.</summary>
internal sealed class AttributeRule
{
    // As git since 2.39.1.
    private const int MaxLine = 2048;

    private static readonly SearchValues<byte> Special = SearchValues.Create("*?[\\"u8);
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private readonly byte[] _pattern;
    private readonly bool _isName;

    private AttributeRule(byte[] pattern, bool isName, bool isLfs) => (_pattern, _isName, IsLfs) = (pattern, isName, isLfs);

    /// <summary>False also for <c>-filter</c>, <c>!filter</c> and other filters: each ends the search.</summary>
    public bool IsLfs { get; }

    public static IReadOnlyList<AttributeRule> Parse(string text) => [.. text.TrimStart('\ufeff').Split('\n').Select(ParseLine).OfType<AttributeRule>()];

    /// <param name="path">From the folder of the file that the rule is in.</param>
    public bool Matches(ReadOnlySpan<byte> path)
    {
        if (_isName)
        {
            return Wildmatch.IsMatch(_pattern, path[(path.LastIndexOf((byte)'/') + 1)..], isPath: false);
        }

        // As git does: what comes before the first special character is compared, and the pattern begins after it. "a**/b" depends on it.
        var literal = _pattern.AsSpan().IndexOfAny(Special);
        literal = literal < 0 ? _pattern.Length : literal;
        return path.StartsWith(_pattern.AsSpan(0, literal)) && Wildmatch.IsMatch(_pattern.AsSpan(literal), path[literal..], isPath: true);
    }

    private static AttributeRule? ParseLine(string line)
    {
        line = line.Trim(' ', '\t', '\r');
        if (line.Length == 0 || line[0] == '#' || Encoding.UTF8.GetByteCount(line) >= MaxLine)
        {
            return null;
        }

        var end = line.AsSpan().IndexOfAny(" \t\r");
        end = end < 0 ? line.Length : end;
        var pattern = line[0] == '"' ? Unquote(line, ref end) : line[..end];
        if (pattern is null or "" || pattern[0] == '!' || line.StartsWith("[attr]", StringComparison.Ordinal))
        {
            return null; // git ignores negative patterns; macros are not patterns
        }

        return Filter(line[end..]) is { } isLfs ? Make(pattern, isLfs) : null;
    }

    private static AttributeRule? Make(string pattern, bool isLfs)
    {
        if (pattern.EndsWith('/'))
        {
            return null; // matches folders only, and those have no filter
        }

        var isName = !pattern.Contains('/');
        return new AttributeRule(GitName.Encode(pattern.StartsWith('/') ? pattern[1..] : pattern), isName, isLfs);
    }

    /// <summary>What the attributes of a line say of the filter, null if nothing. An invalid name spoils the line.</summary>
    private static bool? Filter(string attributes)
    {
        bool? isLfs = null;
        foreach (var attribute in attributes.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries))
        {
            var isSet = attribute[0] is not ('-' or '!');
            var name = isSet ? attribute.Split('=')[0] : attribute[1..];
            if (name.Length == 0 || name[0] == '-' || name.AsSpan().ContainsAnyExcept(NameCharacters))
            {
                return null;
            }

            isLfs = name == "filter" ? attribute == "filter=lfs" : isLfs;
        }

        return isLfs;
    }

    /// <summary>A pattern in double quotes with C escapes; null if the quotes are not closed properly.</summary>
    private static string? Unquote(string line, ref int end)
    {
        var bytes = new List<byte>(line.Length);
        var source = GitName.Encode(line);
        for (var i = 1; i < source.Length; i++)
        {
            if (source[i] == '"')
            {
                end = GitName.Decode(source.AsSpan(0, i + 1)).Length;
                return GitName.Decode(bytes.ToArray());
            }

            if (source[i] != '\\')
            {
                bytes.Add(source[i]);
                continue;
            }

            if (Escaped(source.AsSpan(i + 1), out var length) is not { } escaped)
            {
                return line[..end]; // git then takes the text with its quotes
            }

            bytes.Add(escaped);
            i += length;
        }

        return line[..end];
    }

    private static byte? Escaped(ReadOnlySpan<byte> rest, out int length)
    {
        length = 1;
        if (rest.Length >= 3 && rest[0] is >= (byte)'0' and <= (byte)'3' && rest[1] is >= (byte)'0' and <= (byte)'7' && rest[2] is >= (byte)'0' and <= (byte)'7')
        {
            length = 3;
            return (byte)(((rest[0] - '0') << 6) | ((rest[1] - '0') << 3) | (rest[2] - '0'));
        }

        return rest.IsEmpty ? null : (char)rest[0] switch
        {
            'a' => 7,
            'b' => 8,
            't' => 9,
            'n' => 10,
            'v' => 11,
            'f' => 12,
            'r' => 13,
            '"' or '\\' => rest[0],
            _ => null,
        };
    }
}
