using System.Globalization;
using System.Text;

namespace Lodestone.Engine.Grammars;

/// <summary>Turns the part of regular expressions that describes plain text into a grammar for that text inside a JSON string.</summary>
/// <remarks>Characters that JSON escapes (quotes, backslashes, controls) are never produced by classes and dots: fewer texts than the pattern
/// allows, none that it forbids. Lookaround, references and word boundaries are refused.</remarks>
internal sealed class PatternGrammar
{
    private const int LongestRepetition = 500;
    private const string Any = """[^"\\\x7F\x00-\x1F]""";

    private readonly string _pattern;
    private readonly string _place;
    private int _at;

    private PatternGrammar(string pattern, string place)
    {
        _pattern = pattern;
        _place = place;
    }

    /// <summary>An expression for the texts that the pattern matches as a whole.</summary>
    /// <exception cref="SchemaFault">The pattern is malformed or has a part that is not supported.</exception>
    public static string Expression(string pattern, string place)
    {
        var isAnchored = pattern.StartsWith('^');
        var isClosed = pattern.EndsWith('$') && !pattern.EndsWith("\\$", StringComparison.Ordinal);
        var reader = new PatternGrammar(pattern[(isAnchored ? 1 : 0)..(isClosed ? pattern.Length - 1 : pattern.Length)], place);
        var body = reader.Alternatives();
        if (reader._at < reader._pattern.Length)
        {
            throw reader.Fault("has a parenthesis too many");
        }

        return $"{(isAnchored ? "" : $"{Any}* ")}({body}){(isClosed ? "" : $" {Any}*")}";
    }

    private string Alternatives()
    {
        var branches = new List<string> { Sequence() };
        while (Take('|'))
        {
            branches.Add(Sequence());
        }

        return string.Join(" | ", branches);
    }

    private string Sequence()
    {
        var parts = new List<string>();
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')'))
        {
            parts.Add(Atom() + Quantifier());
        }

        return string.Join(' ', parts);
    }

    private string Atom()
    {
        var c = _pattern[_at++];
        switch (c)
        {
            case '.':
                return Any;
            case '(':
                return Group();
            case '[':
                return Class();
            case '\\':
                return Escape();
            case '^' or '$':
                throw Fault("has an anchor inside");
            case '*' or '+' or '?' or '{':
                throw Fault("repeats nothing");
            default:
                return Inside(char.IsHighSurrogate(c) && _at < _pattern.Length ? c.ToString() + _pattern[_at++] : c.ToString());
        }
    }

    private string Group()
    {
        if (Take('?') && !Take(':'))
        {
            throw Fault("looks around or names a group");
        }

        var body = Alternatives();
        return Take(')') ? $"({body})" : throw Fault("has a parenthesis that is not closed");
    }

    private string Class()
    {
        var isNegated = Take('^');
        var body = new StringBuilder();
        for (var isFirst = true; isFirst || !Take(']'); isFirst = false)
        {
            if (_at == _pattern.Length)
            {
                throw Fault("has a class that is not closed");
            }

            body.Append(ClassPart());
        }

        return isNegated ? $"""[^{body}"\\\x7F\x00-\x1F]""" : $"[{body}]";
    }

    private string ClassPart()
    {
        var c = _pattern[_at++];
        if (c is '\\' && _at < _pattern.Length)
        {
            c = _pattern[_at++];
            if (Shorthand(c) is { } shorthand)
            {
                return shorthand;
            }

            if (char.IsAsciiLetterOrDigit(c))
            {
                throw Fault($"has '\\{c}' in a class");
            }
        }

        return c is '"' or '\\' ? throw Fault("has a quote or a backslash in a class") : c is '[' or ']' or '^' ? $"\\x{(int)c:X2}" : c.ToString();
    }

    private string Escape()
    {
        if (_at == _pattern.Length)
        {
            throw Fault("ends with a backslash");
        }

        var c = _pattern[_at++];
        return c switch
        {
            'D' => """[^0-9"\\\x7F\x00-\x1F]""",
            'W' => """[^0-9A-Za-z_"\\\x7F\x00-\x1F]""",
            'S' => """[^ "\\\x7F\x00-\x1F]""",
            _ when Shorthand(c) is { } shorthand => $"[{shorthand}]",
            _ when char.IsAsciiLetterOrDigit(c) => throw Fault($"has '\\{c}'"),
            _ => Inside(c.ToString()),
        };
    }

    private static string? Shorthand(char c) => c switch { 'd' => "0-9", 'w' => "0-9A-Za-z_", 's' => " ", _ => null };

    // A quote or a backslash in a JSON string has a backslash before it.
    private static string Inside(string text) => GrammarRules.Literal(text is "\"" or "\\" ? "\\" + text : text);

    private string Quantifier()
    {
        var quantifier = Take('*') ? "*" : Take('+') ? "+" : Take('?') ? "?" : Take('{') ? Count() : "";
        _ = quantifier.Length > 0 && Take('?'); // which match is found first does not matter to what can be written
        return quantifier;
    }

    private string Count()
    {
        var end = _pattern.IndexOf('}', _at);
        var bounds = end < 0 ? [] : _pattern[_at..end].Split(',');
        _at = end + 1;
        if (bounds.Length is not (1 or 2) || !TryCount(bounds[0], out var least))
        {
            throw Fault("has a repetition that is not understood");
        }

        if (bounds.Length == 1)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{{{least}}}");
        }

        return bounds[1].Length == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{{{least},}}")
            : TryCount(bounds[1], out var most) && most >= least
                ? string.Create(CultureInfo.InvariantCulture, $"{{{least},{most}}}")
                : throw Fault("has a repetition that is not understood");
    }

    private bool TryCount(string text, out int count) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count)
        && (count <= LongestRepetition ? true : throw Fault($"repeats more than {LongestRepetition} times"));

    private bool Take(char c)
    {
        if (_at < _pattern.Length && _pattern[_at] == c)
        {
            _at++;
            return true;
        }

        return false;
    }

    private SchemaFault Fault(string reason) => new(_place, $"has a 'pattern' that {reason}, which is not supported.");
}
