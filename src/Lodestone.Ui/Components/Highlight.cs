using System.Collections.Frozen;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Components;

namespace Lodestone.Ui;

/// <summary>
/// Colours for code: comments, strings, numbers and keywords, found in one pass without parsing. A language that it does not know stays plain.
/// </summary>
internal static partial class Highlight
{
    // Colouring costs a span per token; beyond this the reader wants the file, not the colours.
    private const int MaxLength = 50_000;
    private const int TimeoutMs = 250;
    private const RegexOptions Options = RegexOptions.Multiline | RegexOptions.ExplicitCapture;

    private static readonly FrozenSet<string> Keywords = FrozenSet.ToFrozenSet(
        [
            "and", "as", "async", "await", "break", "case", "catch", "class", "const", "continue", "def", "del", "do", "done", "elif", "else", "esac",
            "except", "export", "false", "False", "fi", "finally", "fn", "for", "from", "func", "function", "if", "impl", "import", "in", "is", "lambda",
            "let", "match", "mut", "namespace", "new", "None", "not", "null", "or", "pass", "private", "pub", "public", "raise", "return", "static",
            "struct", "switch", "then", "this", "throw", "true", "True", "try", "type", "use", "using", "var", "void", "while", "with", "yield",
        ],
        StringComparer.Ordinal);

    private static readonly FrozenSet<string> HashComments = FrozenSet.ToFrozenSet(
        ["bash", "dockerfile", "ini", "py", "python", "sh", "shell", "toml", "yaml", "yml"], StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> SlashComments = FrozenSet.ToFrozenSet(
        ["c", "cpp", "cs", "csharp", "go", "java", "javascript", "js", "json", "jsonc", "jsx", "rust", "ts", "tsx", "typescript"],
        StringComparer.OrdinalIgnoreCase);

    /// <summary>Those that get colours, in lower case.</summary>
    public static IEnumerable<string> Languages => HashComments.Concat(SlashComments);

    /// <summary>Encoded markup; the text in it is exactly <paramref name="code"/>.</summary>
    public static MarkupString Html(string code, string? language)
    {
        var tokens = language switch
        {
            null => null,
            _ when code.Length > MaxLength => null,
            _ when HashComments.Contains(language) => HashTokens(),
            _ when SlashComments.Contains(language) => SlashTokens(),
            _ => null,
        };
        try
        {
            return new MarkupString(tokens is null ? WebUtility.HtmlEncode(code) : Coloured(code, tokens));
        }
        catch (RegexMatchTimeoutException)
        {
            return new MarkupString(WebUtility.HtmlEncode(code));
        }
    }

    private static string Coloured(string code, Regex tokens)
    {
        var html = new StringBuilder(code.Length * 2);
        var end = 0;
        foreach (var token in tokens.EnumerateMatches(code))
        {
            html.Append(WebUtility.HtmlEncode(code[end..token.Index]));
            end = token.Index + token.Length;
            var text = code[token.Index..end];
            var encoded = WebUtility.HtmlEncode(text);
            html.Append(Kind(text) is { } kind ? $"<span class=\"hl-{kind}\">{encoded}</span>" : encoded);
        }

        return html.Append(WebUtility.HtmlEncode(code[end..])).ToString();
    }

    private static char? Kind(string token) => token[0] switch
    {
        '#' or '/' => 'c',
        '"' or '\'' or '`' => 's',
        >= '0' and <= '9' => 'n',
        _ => Keywords.Contains(token) ? 'k' : null,
    };

    // A comment starts at the line's start or after a space: "#" within a word or an address is none.
    [GeneratedRegex("""(?<=^|\s)#[^\n]*|"{3}[\s\S]*?("{3}|\z)|"([^"\\\n]|\\.)*"?|'([^'\\\n]|\\.)*'?|\b\d[\w.]*|\b[A-Za-z_]\w*""", Options, TimeoutMs)]
    private static partial Regex HashTokens();

    [GeneratedRegex("""(?<=^|\s)//[^\n]*|/\*[\s\S]*?(\*/|\z)|"([^"\\\n]|\\.)*"?|'([^'\\\n]|\\.)*'?|`[^`]*`?|\b\d[\w.]*|\b[A-Za-z_]\w*""", Options, TimeoutMs)]
    private static partial Regex SlashTokens();
}
