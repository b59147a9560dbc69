using System.Net;
using AngleSharp.Dom;
using Markdig;
using Markdig.Extensions.AutoIdentifiers;
using Markdig.Extensions.Tables;
using Markdig.Renderers.Html;
using Markdig.Syntax;
using Microsoft.AspNetCore.Components;
using MarkdownText = Markdig.Markdown;

namespace Lodestone.Ui;

/// <summary>
/// Renders what people write about their repositories. The text is a stranger's: it is rendered, then reduced to the elements and
/// attributes that <see cref="CardSanitizer"/> knows, and then its addresses are rewritten by <see cref="CardLinks"/>.
/// </summary>
public sealed class CardMarkdown
{
    /// <summary>Longer cards are shown as plain text, in characters.</summary>
    public const int MaxLength = 1_000_000;

    private readonly MarkdownPipeline _pipeline = new MarkdownPipelineBuilder()
        .UseYamlFrontMatter()
        .UseAutoIdentifiers(AutoIdentifierOptions.GitHub)
        .UseAlertBlocks()
        .UsePipeTables()
        .UseTaskLists()
        .UseAutoLinks()
        .UseFootnotes()
        .UseEmphasisExtras(Markdig.Extensions.EmphasisExtras.EmphasisExtraOptions.Strikethrough)
        .Build();

    private readonly CardSanitizer _sanitizer = new();

    /// <summary>A front matter is left out. Text that is too long or too elaborate comes back as plain text.</summary>
    public RenderedCard Render(string markdown, CardAddresses addresses)
    {
        if (markdown.Length > MaxLength || Parse(markdown) is not { } raw)
        {
            return Plain(markdown);
        }

        try
        {
            return Cleaned(raw, addresses);
        }
        catch (ElaborateMarkupException)
        {
            return Plain(markdown);
        }
    }

    /// <summary>Markup that a program made, such as an output of a notebook, made safe as cards are.</summary>
    public RenderedCard RenderHtml(string html, CardAddresses addresses)
    {
        try
        {
            return html.Length > MaxLength ? Plain(html) : Cleaned(html, addresses);
        }
        catch (ElaborateMarkupException)
        {
            return Plain(html);
        }
    }

    private RenderedCard Cleaned(string raw, CardAddresses addresses)
    {
        using var document = _sanitizer.Reduce(raw);
        var body = document.Body ?? document.CreateElement("body");
        CardLinks.Rewrite(body, addresses);
        if (addresses.Person is { } person)
        {
            MentionLinks.Make(body, person);
        }

        CardLinks.Colour(body);
        var headings = body.QuerySelectorAll("h1[id], h2[id], h3[id], h4[id]")
            .Select(h => new CardHeading(h.LocalName[1] - '0', h.TextContent.Trim(), h.Id ?? ""));
        return new RenderedCard(new MarkupString(CardSanitizer.Write(body)), [.. headings])
        {
            IsBlank = string.IsNullOrWhiteSpace(body.TextContent) && body.QuerySelector("img, hr, input, table") is null,
        };
    }

    private string? Parse(string markdown)
    {
        try
        {
            var document = MarkdownText.Parse(markdown, _pipeline);
            foreach (var table in document.Descendants<Table>())
            {
                AlignByAttribute(table);
            }

            return document.ToHtml(_pipeline);
        }
        catch (ArgumentException)
        {
            return null; // Markdig's own limit on depth
        }
    }

    // Markdig aligns columns by an inline style, which neither the sanitiser nor the content security policy lets pass.
    private static void AlignByAttribute(Table table)
    {
        foreach (var row in table.OfType<TableRow>())
        {
            foreach (var (column, cell) in row.OfType<TableCell>().Index())
            {
                if (column < table.ColumnDefinitions.Count && table.ColumnDefinitions[column].Alignment is { } align)
                {
                    cell.GetAttributes().AddProperty("align", align.ToString().ToLowerInvariant());
                }
            }
        }

        foreach (var column in table.ColumnDefinitions)
        {
            column.Alignment = null;
        }
    }

    private static RenderedCard Plain(string markdown) => new(new MarkupString($"<pre>{WebUtility.HtmlEncode(markdown)}</pre>"), []);
}
