using System.Globalization;
using System.Text;

namespace Lodestone.Engine.Templates;

internal enum TokenKind
{
    Text,
    StatementStart,
    StatementEnd,
    ExpressionStart,
    ExpressionEnd,
    Name,
    Quoted,
    Integer,
    Fraction,
    Operator,
    End,
}

/// <param name="Kind">What it is.</param>
/// <param name="Value">Its text; of a literal, the value meant.</param>
/// <param name="Line">In the template, from 1.</param>
internal readonly record struct TemplateToken(TokenKind Kind, string Value, int Line);

/// <summary>Cuts a chat template into tokens. Whitespace follows the settings that model publishers write for: Jinja's
/// <c>trim_blocks</c> and <c>lstrip_blocks</c> are on, and one newline at the very end is dropped.</summary>
internal sealed class TemplateLexer
{
    private static readonly string[] LongOperators = ["==", "!=", "<=", ">=", "//", "**"];

    private readonly string _source;
    private readonly List<TemplateToken> _tokens = [];
    private int _position;
    private bool _stripsNext;

    private TemplateLexer(string source) => _source = source;

    /// <summary>The tokens, the last of kind <see cref="TokenKind.End"/>.</summary>
    /// <exception cref="TemplateFault">Something is not closed, or is no token.</exception>
    public static IReadOnlyList<TemplateToken> Cut(string source)
    {
        var text = source.ReplaceLineEndings("\n");
        var lexer = new TemplateLexer(text.EndsWith('\n') ? text[..^1] : text);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        while (_position < _source.Length)
        {
            var opening = NextOpening();
            AddText(opening);
            if (opening == _source.Length)
            {
                break;
            }

            _position = opening + 2;
            var skipsSign = _position < _source.Length && _source[_position] is '-' or '+';
            _position += skipsSign ? 1 : 0;
            switch (_source[opening + 1])
            {
                case '#':
                    SkipComment();
                    break;
                case '%':
                    Statement();
                    break;
                default:
                    Inside(TokenKind.ExpressionStart, TokenKind.ExpressionEnd, "}}");
                    break;
            }
        }

        Add(TokenKind.End, "");
    }

    private int NextOpening()
    {
        for (var at = _source.IndexOf('{', _position); at >= 0 && at + 1 < _source.Length; at = _source.IndexOf('{', at + 1))
        {
            if (_source[at + 1] is '{' or '%' or '#')
            {
                return at;
            }
        }

        return _source.Length;
    }

    private void AddText(int end)
    {
        var text = _source[_position..end];
        var startsLine = _position == 0 || _source[_position - 1] == '\n';
        text = _stripsNext ? text.TrimStart() : text;
        _stripsNext = false;
        var sign = end + 2 < _source.Length ? _source[end + 2] : ' ';
        if (end < _source.Length && sign == '-')
        {
            text = text.TrimEnd();
        }
        else if (end < _source.Length && sign != '+' && _source[end + 1] != '{')
        {
            var line = text.LastIndexOf('\n') + 1;
            text = (line > 0 || startsLine) && text.AsSpan(line).IsWhiteSpace() ? text[..line] : text;
        }

        if (text.Length > 0)
        {
            Add(TokenKind.Text, text);
        }
    }

    private void SkipComment()
    {
        var end = _source.IndexOf("#}", _position, StringComparison.Ordinal);
        if (end < 0)
        {
            throw Fault("a comment is not closed");
        }

        _position = end + 2;
        AfterTag(_source[end - 1], trimsNewline: true);
    }

    private void Statement()
    {
        var start = _tokens.Count;
        Inside(TokenKind.StatementStart, TokenKind.StatementEnd, "%}");
        if (_tokens.Count == start + 3 && string.Equals(_tokens[start + 1].Value, "raw", StringComparison.Ordinal))
        {
            _tokens.RemoveRange(start, 3);
            Raw();
        }
    }

    private void Raw()
    {
        for (var at = _source.IndexOf("{%", _position, StringComparison.Ordinal); at >= 0; at = _source.IndexOf("{%", at + 2, StringComparison.Ordinal))
        {
            var end = _source.IndexOf("%}", at, StringComparison.Ordinal);
            if (end > 0 && _source[(at + 2)..end].Trim('-', '+', ' ') is "endraw")
            {
                AddText(at);
                _position = end + 2;
                AfterTag(_source[end - 1], trimsNewline: true);
                return;
            }
        }

        throw Fault("a raw block is not closed");
    }

    private void Inside(TokenKind opening, TokenKind closing, string end)
    {
        Add(opening, "");
        for (var depth = 0; ; )
        {
            while (_position < _source.Length && char.IsWhiteSpace(_source[_position]))
            {
                _position++;
            }

            var signed = _position + 2 < _source.Length && _source[_position] is '-' or '+';
            if (depth == 0 && string.CompareOrdinal(_source, _position + (signed ? 1 : 0), end, 0, 2) == 0)
            {
                var sign = signed ? _source[_position] : ' ';
                Add(closing, "");
                _position += signed ? 3 : 2;
                AfterTag(sign, trimsNewline: closing is TokenKind.StatementEnd);
                return;
            }

            var token = Next();
            depth += token.Kind is not TokenKind.Operator ? 0 : token.Value switch { "{" or "[" or "(" => 1, "}" or "]" or ")" => -1, _ => 0 };
            _tokens.Add(token);
        }
    }

    private void AfterTag(char sign, bool trimsNewline)
    {
        _stripsNext = sign == '-';
        if (trimsNewline && sign != '+' && _position < _source.Length && _source[_position] == '\n')
        {
            _position++;
        }
    }

    private TemplateToken Next()
    {
        if (_position >= _source.Length)
        {
            throw Fault("a tag is not closed");
        }

        var c = _source[_position];
        return c switch
        {
            '\'' or '"' => Quoted(c),
            _ when char.IsAsciiDigit(c) => Number(),
            _ when char.IsLetter(c) || c == '_' => new TemplateToken(TokenKind.Name, Take(x => char.IsLetterOrDigit(x) || x == '_'), Line()),
            _ => Operator(c),
        };
    }

    private TemplateToken Quoted(char quote)
    {
        var line = Line();
        var text = new StringBuilder();
        for (_position++; _position < _source.Length && _source[_position] != quote; _position++)
        {
            text.Append(_source[_position] == '\\' && _position + 1 < _source.Length ? Escaped(_source[++_position]) : _source[_position].ToString());
        }

        if (_position >= _source.Length)
        {
            throw Fault("a text is not closed");
        }

        _position++;
        return new TemplateToken(TokenKind.Quoted, text.ToString(), line);
    }

    private string Escaped(char c)
    {
        if (c != 'u')
        {
            return c switch { 'n' => "\n", 't' => "\t", 'r' => "\r", 'b' => "\b", 'f' => "\f", '\\' or '\'' or '"' => c.ToString(), _ => "\\" + c };
        }

        if (_position + 4 >= _source.Length
            || !ushort.TryParse(_source.AsSpan(_position + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
        {
            throw Fault("\\u needs four hexadecimal digits");
        }

        _position += 4;
        return ((char)code).ToString();
    }

    private TemplateToken Number()
    {
        var line = Line();
        var whole = Take(char.IsAsciiDigit);
        if (_position + 1 >= _source.Length || _source[_position] != '.' || !char.IsAsciiDigit(_source[_position + 1]))
        {
            return new TemplateToken(TokenKind.Integer, whole, line);
        }

        _position++;
        return new TemplateToken(TokenKind.Fraction, $"{whole}.{Take(char.IsAsciiDigit)}", line);
    }

    private TemplateToken Operator(char c)
    {
        var line = Line();
        if (Array.Find(LongOperators, o => string.CompareOrdinal(_source, _position, o, 0, 2) == 0) is { } known)
        {
            _position += 2;
            return new TemplateToken(TokenKind.Operator, known, line);
        }

        if (!"+-*/%~<>=()[]{},.:|".Contains(c, StringComparison.Ordinal))
        {
            throw Fault($"'{c}' means nothing here");
        }

        _position++;
        return new TemplateToken(TokenKind.Operator, c.ToString(), line);
    }

    private string Take(Func<char, bool> belongs)
    {
        var start = _position;
        while (_position < _source.Length && belongs(_source[_position]))
        {
            _position++;
        }

        return _source[start.._position];
    }

    private void Add(TokenKind kind, string value) => _tokens.Add(new TemplateToken(kind, value, Line()));

    private int Line() => _source.AsSpan(0, Math.Min(_position, _source.Length)).Count('\n') + 1;

    private TemplateFault Fault(string what) => new($"Line {Line()} of the chat template: {what}.");
}
