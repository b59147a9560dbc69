using AngleSharp;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Ganss.Xss;

namespace Lodestone.Ui;

/// <summary>
/// The elements, attributes and classes that a card may have. Everything else is removed with its content; no element here can run
/// script, load from elsewhere by itself, submit or position anything.
/// </summary>
internal sealed class CardSanitizer
{
    private static readonly string[] Tags =
    [
        "a", "abbr", "article", "b", "blockquote", "br", "caption", "center", "cite", "code", "dd", "del", "details", "dfn", "div", "dl", "dt", "em",
        "figcaption", "figure", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "input", "ins", "kbd", "li", "mark", "ol", "p", "picture",
        "pre", "q", "s", "samp", "section", "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th",
        "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
    ];

    private static readonly string[] Attributes =
    [
        "align", "alt", "checked", "class", "colspan", "dir", "disabled", "height", "href", "id", "lang", "name", "open", "reversed", "rowspan",
        "scope", "src", "start", "title", "type", "width",
    ];

    private static readonly string[] Classes =
    [
        "contains-task-list", "footnote-back-ref", "footnote-ref", "footnotes", "markdown-alert", "markdown-alert-caution", "markdown-alert-important",
        "markdown-alert-note", "markdown-alert-tip", "markdown-alert-title", "markdown-alert-warning", "task-list-item",
        .. Highlight.Languages.Select(l => $"language-{l}"),
    ];

    private readonly HtmlSanitizer _sanitizer = new(new HtmlSanitizerOptions
    {
        AllowedTags = new HashSet<string>(Tags, StringComparer.OrdinalIgnoreCase),
        AllowedAttributes = new HashSet<string>(Attributes, StringComparer.OrdinalIgnoreCase),
        AllowedCssClasses = new HashSet<string>(Classes, StringComparer.Ordinal),
        AllowedSchemes = new HashSet<string>(["http", "https", "mailto"], StringComparer.OrdinalIgnoreCase),
        UriAttributes = new HashSet<string>(["href", "src"], StringComparer.OrdinalIgnoreCase),
    })
    {
        HtmlParserFactory = () => new HtmlParser(new HtmlParserOptions { OnCreated = new MarkupBounds().Check }),
    };

    /// <summary>What is left of the markup. Safe for several threads: the lists do not change.</summary>
    /// <exception cref="ElaborateMarkupException">Reading it would cost too much.</exception>
    public IHtmlDocument Reduce(string html) => _sanitizer.SanitizeDom(html);

    /// <summary>The element's content, with angle brackets encoded in attributes too, so that no second parser can read them otherwise.</summary>
    public static string Write(IElement element) =>
        string.Concat(element.ChildNodes.Select(n => n.ToHtml(HtmlSanitizer.DefaultOutputFormatter)));
}
