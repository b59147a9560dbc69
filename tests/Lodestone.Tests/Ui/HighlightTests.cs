using AngleSharp.Html.Parser;
using FsCheck;
using FsCheck.Fluent;
using Lodestone.Ui;

namespace Lodestone.Tests.Ui;

[NoDatabase]
public sealed class HighlightTests
{
    [Theory]
    [InlineData("python", "return 'a' # b", """<span class="hl-k">return</span> <span class="hl-s">&#39;a&#39;</span> <span class="hl-c"># b</span>""")]
    [InlineData("bash", "curl http://x/#y", "curl http://x/#y")]
    [InlineData("js", "let x = 1.5; // one", """<span class="hl-k">let</span> x = <span class="hl-n">1.5</span>; <span class="hl-c">// one</span>""")]
    [InlineData("cobol", "return 1", "return 1")]
    [InlineData(null, "<b>", "&lt;b&gt;")]
    public void Words_are_coloured_by_what_they_are(string? language, string code, string html) =>
        Assert.Equal(html, Highlight.Html(code, language).Value);

    [Fact]
    public void The_text_is_never_changed() => Prop
        .ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            var code = "x" + text.Get.Replace("\0", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal);
            return Highlight.Languages.Distinct(StringComparer.Ordinal).All(l => Text(Highlight.Html(code, l).Value) == code);
        })
        .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("/*")]
    [InlineData("\"\"\"")]
    [InlineData("\"\\")]
    [InlineData("` ")]
    [InlineData("#")]
    public async Task Unclosed_pieces_are_read_quickly(string piece)
    {
        var code = string.Concat(Enumerable.Repeat(piece, 49_000 / piece.Length));

        var html = await Task.Run(() => (Highlight.Html(code, "js").Value, Highlight.Html(code, "python").Value)).WaitAsync(TimeSpan.FromSeconds(5));

        Assert.Equal(code, Text(html.Item1));
        Assert.Equal(code, Text(html.Item2));
    }

    private static string Text(string html) => new HtmlParser().ParseDocument($"<body><pre>{html}</pre>").Body!.TextContent; // the parser always makes one
}
