using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Components;
using TextMateSharp.Grammars;
using TextMateSharp.Registry;

namespace Lodestone.Hub;

/// <summary>Colours the lines of a file by the grammars that editors use. Files in a language that it does not know stay plain, and so do the ends of those that take long.</summary>
internal sealed class CodeColours(TimeProvider clock)
{
    // Characters. Measured: 100,000 of Python take 0.3 s once the grammar is warm.
    private const int MaxLength = 100_000;
    private const int MaxLine = 2_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan LinePatience = TimeSpan.FromMilliseconds(50);

    // A grammar is not for concurrent use: each is lent to one request at a time, and there are as many as there were requests at once.
    private readonly ConcurrentBag<Grammars> _free = [];

    /// <returns>Encoded markup of every line; null when there are no colours to give.</returns>
    public IReadOnlyList<MarkupString>? Of(string path, string[] lines) => OfEach(path, [lines])?[0];

    /// <summary>The same for texts in one language that begin anew each, such as a notebook's cells: together they get the time of one.</summary>
    public IReadOnlyList<IReadOnlyList<MarkupString>>? OfEach(string path, IReadOnlyList<string[]> texts)
    {
        if (texts.Sum(t => t.Sum(l => l.Length)) > MaxLength)
        {
            return null;
        }

        var grammars = _free.TryTake(out var free) ? free : new Grammars();
        try
        {
            var began = clock.GetTimestamp();
            return grammars.For(path) is { } grammar ? [.. texts.Select(t => Coloured(grammar, t, began))] : null;
        }
        finally
        {
            _free.Add(grammars);
        }
    }

    private List<MarkupString> Coloured(IGrammar grammar, string[] lines, long began)
    {
        var coloured = new List<MarkupString>(lines.Length);
        IStateStack? state = null;
        var isLate = false;
        foreach (var line in lines)
        {
            isLate |= clock.GetElapsedTime(began) > Patience;
            if (isLate || line.Length > MaxLine)
            {
                coloured.Add(new MarkupString(WebUtility.HtmlEncode(line)));
                continue;
            }

            var result = grammar.TokenizeLine(line, state, LinePatience);
            state = result.RuleStack;
            coloured.Add(new MarkupString(Html(line, result.Tokens)));
        }

        return coloured;
    }

    private static string Html(string line, IToken[] tokens)
    {
        var html = new StringBuilder(line.Length * 2);
        for (var i = 0; i < tokens.Length;)
        {
            var kind = Kind(tokens[i]);
            var start = Math.Min(tokens[i].StartIndex, line.Length);
            while (i < tokens.Length && Kind(tokens[i]) == kind)
            {
                i++;
            }

            var end = i < tokens.Length ? Math.Min(tokens[i].StartIndex, line.Length) : line.Length;
            var text = WebUtility.HtmlEncode(line[start..end]);
            html.Append(kind is null || string.IsNullOrWhiteSpace(text) ? text : $"<span class=\"hl-{kind}\">{text}</span>");
        }

        return html.ToString();
    }

    /// <summary>The innermost scope that has a colour decides.</summary>
    private static char? Kind(IToken token)
    {
        for (var i = token.Scopes.Count - 1; i >= 0; i--)
        {
            var scope = token.Scopes[i];
            char? kind = scope switch
            {
                _ when Is("comment") => 'c',
                _ when Is("support.type.property-name") || Is("entity.name") || Is("support.function") || Is("entity.other.attribute-name") => 'f',
                _ when Is("string") => 's',
                _ when Is("constant") => 'n',
                _ when Is("keyword.operator") => null,
                _ when Is("keyword") || Is("storage") || Is("variable.language") || Is("markup.heading") => 'k',
                _ => null,
            };
            if (kind is not null)
            {
                return kind;
            }

            bool Is(string prefix) => scope.StartsWith(prefix, StringComparison.Ordinal);
        }

        return null;
    }

    private sealed class Grammars
    {
        private static readonly Dictionary<string, string> Others = new(StringComparer.OrdinalIgnoreCase)
        {
            [".jsonl"] = "source.json",
            [".ndjson"] = "source.json",
            [".toml"] = "source.ini",
            [".cfg"] = "source.ini",
            [".pyi"] = "source.python",
            [".cu"] = "source.cpp",
            [".cuh"] = "source.cpp",
            [".mjs"] = "source.js",
            [".cjs"] = "source.js",
        };

        private static readonly Dictionary<string, string> Names = new(StringComparer.OrdinalIgnoreCase)
        {
            ["Dockerfile"] = "source.dockerfile",
            ["Makefile"] = "source.makefile",
        };

        private readonly RegistryOptions _options = new(ThemeName.LightPlus);
        private readonly Registry _registry;

        public Grammars() => _registry = new Registry(_options);

        public IGrammar? For(string path)
        {
            var ending = Path.GetExtension(path).ToLowerInvariant();
            var scope = Names.GetValueOrDefault(Path.GetFileName(path)) ?? Others.GetValueOrDefault(ending) ?? (ending.Length > 0 ? _options.GetScopeByExtension(ending) : null);
            return scope is null ? null : _registry.LoadGrammar(scope);
        }
    }
}
