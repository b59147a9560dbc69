using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Lodestone.Ui;

namespace Lodestone.Tests.Ui;

/// <summary>The corpus through the renderer of cards, and one judge that knows nothing of the sanitiser.</summary>
[NoDatabase]
public sealed partial class CardXssTests
{
    private static readonly HashSet<string> Inert = new(
        "a abbr article b blockquote br caption center cite code dd del details dfn div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p picture pre q s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr"
            .Split(' '),
        StringComparer.Ordinal);

    private static readonly CardAddresses Addresses = new(path => "/r/" + path, path => "/r/" + path);
    private readonly CardMarkdown _cards = new();

    public static TheoryData<string> Corpus { get; } = [.. XssCorpus.All];

    [Theory]
    [MemberData(nameof(Corpus))]
    public void What_comes_out_can_only_be_read(string markdown)
    {
        var html = _cards.Render(markdown, Addresses).Html.Value;

        AssertInert(html);
    }

    [Theory]
    [MemberData(nameof(Corpus))]
    public void A_second_parser_reads_what_the_first_one_wrote(string markdown)
    {
        var html = _cards.Render(markdown, Addresses).Html.Value;

        var again = Parse(html).InnerHtml;

        AssertInert(again);
        Assert.Equal(again, Parse(again).InnerHtml);
    }

    private static void AssertInert(string html)
    {
        foreach (var element in Parse(html).QuerySelectorAll("*"))
        {
            Assert.Contains(element.LocalName, Inert);
            Assert.Equal("http://www.w3.org/1999/xhtml", element.NamespaceUri);
            foreach (var attribute in element.Attributes)
            {
                AssertInert(element, attribute);
            }
        }
    }

    private static void AssertInert(IElement element, IAttr attribute)
    {
        Assert.False(attribute.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase), element.OuterHtml);
        Assert.DoesNotContain(attribute.Name, (string[])["style", "srcset", "srcdoc", "action", "formaction", "target", "ping", "name", "is", "poster", "background"]);
        switch (attribute.Name)
        {
            case "href":
                Assert.Matches(SafeLink(), attribute.Value);
                Assert.Equal("nofollow noopener", element.GetAttribute("rel"));
                break;
            case "src":
                Assert.Matches(SafeImage(), attribute.Value);
                break;
            case "id":
                Assert.StartsWith("user-content-", attribute.Value, StringComparison.Ordinal);
                break;
            case "class":
                Assert.Matches(SafeClass(), attribute.Value);
                break;
            case "type":
                Assert.Equal("checkbox", attribute.Value);
                Assert.True(element.HasAttribute("disabled"));
                break;
        }
    }

    private static IElement Parse(string html) => new HtmlParser().ParseDocument($"<!DOCTYPE html><body>{html}").Body!; // the parser always makes one

    [GeneratedRegex(@"^(https?://[^\s]+|mailto:[^\s]+|#user-content-.*|/(?!/)[^\\]*)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SafeLink();

    [GeneratedRegex(@"^/(?!/)[^\\:]*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SafeImage();

    [GeneratedRegex("^(language-[a-z]+|hl-[cskn]|markdown-alert[a-z -]*|footnote[a-z-]*|task-list-item|contains-task-list|)$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SafeClass();
}
