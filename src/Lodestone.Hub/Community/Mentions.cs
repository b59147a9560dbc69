using Markdig;
using Markdig.Syntax;
using Markdig.Syntax.Inlines;
using Mentioned = Lodestone.Ui.Mentioned;

namespace Lodestone.Hub;

/// <summary>Who is named in a Markdown text, as in <c>@alice</c>. What stands in code, in HTML or in an address names nobody.</summary>
internal static class Mentions
{
    private const int MaxLength = 100_000; // of a text, in characters
    private const int MostNames = 50;

    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().UsePreciseSourceLocation().UseAutoLinks().Build();

    /// <returns>Names as they were written, each once without regard to case, in the order in which they come.</returns>
    public static IReadOnlyList<string> In(string markdown)
    {
        if (markdown.Length > MaxLength || !markdown.Contains('@', StringComparison.Ordinal))
        {
            return [];
        }

        try
        {
            var prose = WithoutCode(markdown);
            return [.. Mentioned.In(prose).Select(m => m.Name).Distinct(StringComparer.OrdinalIgnoreCase).Take(MostNames)];
        }
        catch (ArgumentException)
        {
            return []; // Markdig's own limit on depth
        }
    }

    /// <summary>The text with blanks in place of what is not prose.</summary>
    private static string WithoutCode(string markdown)
    {
        var prose = markdown.ToCharArray();
        foreach (var part in Markdown.Parse(markdown, Pipeline).Descendants().Where(IsNotProse).Where(p => !p.Span.IsEmpty))
        {
            prose.AsSpan(part.Span.Start..Math.Min(prose.Length, part.Span.End + 1)).Fill(' ');
        }

        return new string(prose);
    }

    private static bool IsNotProse(MarkdownObject part) => part is CodeBlock or CodeInline or HtmlBlock or HtmlInline or AutolinkInline or LinkInline { IsAutoLink: true };
}
