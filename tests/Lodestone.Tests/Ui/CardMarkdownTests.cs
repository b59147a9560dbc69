using Lodestone.Ui;

namespace Lodestone.Tests.Ui;

[NoDatabase]
public sealed class CardMarkdownTests
{
    private static readonly CardAddresses Addresses = new(path => $"/acme/gem/blob/main/{path}", path => $"/acme/gem/resolve/main/{path}");
    private readonly CardMarkdown _cards = new();

    [Theory]
    [InlineData("# Gem", """<h1 id="user-content-gem">Gem</h1>""")]
    [InlineData("~~old~~ **new**", "<p><del>old</del> <strong>new</strong></p>")]
    [InlineData("<div align=\"center\"><b>x</b></div>", """<div align="center"><b>x</b></div>""")]
    [InlineData("<details><summary>More</summary>\n\ntext\n\n</details>", "<details><summary>More</summary>\n<p>text</p>\n</details>")]
    [InlineData("https://example.org/a", """<p><a href="https://example.org/a" rel="nofollow noopener">https://example.org/a</a></p>""")]
    [InlineData("[us](mailto:us@example.org)", """<p><a href="mailto:us@example.org" rel="nofollow noopener">us</a></p>""")]
    public void What_cards_commonly_hold_is_rendered(string markdown, string html) => Assert.Equal(html, Html(markdown).Trim());

    [Theory]
    [InlineData("[x](docs/a.md)", "/acme/gem/blob/main/docs/a.md")]
    [InlineData("[x](./docs/../a.md?plain=1#top)", "/acme/gem/blob/main/a.md?plain=1#top")]
    [InlineData("[x](/acme/other)", "/acme/other")]
    [InlineData("[x](#how-to)", "#user-content-how-to")]
    public void A_relative_link_leads_into_the_repository(string markdown, string address) =>
        Assert.Contains($"href=\"{address}\"", Html(markdown), StringComparison.Ordinal);

    [Theory]
    [InlineData("[x](../../admin)")]
    [InlineData("[x](a/../../b)")]
    [InlineData("[x](//evil.example/a)")]
    [InlineData("<a href='/\\evil.example/a'>x</a>")]
    public void A_link_that_leaves_the_repository_or_the_server_in_disguise_is_only_text(string markdown) =>
        Assert.DoesNotContain("href", Html(markdown), StringComparison.Ordinal);

    [Fact]
    public void A_relative_image_comes_from_the_repository() => Assert.Equal(
        """<p><img src="/acme/gem/resolve/main/plot.png" alt="Loss" loading="lazy"></p>""", Html("![Loss](plot.png)").Trim());

    [Fact]
    public void An_image_of_another_host_becomes_a_link() => Assert.Equal(
        """<p><a href="https://elsewhere.example/b.svg" rel="nofollow noopener">build</a></p>""",
        Html("![build](https://elsewhere.example/b.svg)").Trim());

    [Fact]
    public void A_linked_image_of_another_host_becomes_the_links_text() => Assert.Equal(
        """<p><a href="https://elsewhere.example/" rel="nofollow noopener">build</a></p>""",
        Html("[![build](https://elsewhere.example/b.svg)](https://elsewhere.example/)").Trim());

    [Fact]
    public void Columns_are_aligned_without_a_style()
    {
        var html = Html("| a | b |\n|:--|--:|\n| 1 | 2 |");

        Assert.Contains("<td align=\"right\">2</td>", html, StringComparison.Ordinal);
        Assert.DoesNotContain("style", html, StringComparison.Ordinal);
    }

    [Fact]
    public void An_alert_keeps_its_kind() =>
        Assert.Contains("class=\"markdown-alert markdown-alert-warning\"", Html("> [!WARNING]\n> Hot."), StringComparison.Ordinal);

    [Fact]
    public void A_task_list_shows_marks_that_cannot_be_changed()
    {
        var html = Html("- [x] done\n- [ ] open\n\n<input type=text name=password>");

        Assert.Equal(2, html.Split("<input").Length - 1);
        Assert.Equal(2, html.Split("disabled").Length - 1);
    }

    [Fact]
    public void A_front_matter_is_left_out() => Assert.Equal("<p>text</p>", Html("---\nlicense: mit\n---\n\ntext").Trim());

    [Fact]
    public void Code_is_coloured_and_its_text_stays() => Assert.Contains(
        """<code class="language-python"><span class="hl-k">import</span> x  <span class="hl-c"># &lt;b&gt;</span>""",
        Html("```python\nimport x  # <b>\n```"),
        StringComparison.Ordinal);

    [Fact]
    public void Headings_are_listed_for_a_table_of_contents()
    {
        var card = _cards.Render("# Gem\n\n## How *to* use\n\ntext\n\n### Deep", Addresses);

        Assert.Equal(
            [new(1, "Gem", "user-content-gem"), new(2, "How to use", "user-content-how-to-use"), new(3, "Deep", "user-content-deep")],
            card.Headings);
    }

    [Fact]
    public void A_class_of_the_page_cannot_be_borrowed() =>
        Assert.DoesNotContain("sheet", Html("<div class=\"sheet top\">x</div>"), StringComparison.Ordinal);

    [Theory]
    [InlineData("> ", 20_000)]
    [InlineData("<div>", 100_000)]
    [InlineData("<b>", 100_000)]
    [InlineData("- ", 20_000)]
    [InlineData("[", 50_000)]
    [InlineData("![", 50_000)]
    [InlineData("*a ", 50_000)]
    [InlineData("<svg>", 50_000)]
    [InlineData("<p><b title=a></p>", 50_000)]
    [InlineData("<div><script></div></script>", 30_000)]
    [InlineData("<table><b><tr>", 50_000)]
    [InlineData("|a", 50_000)]
    [InlineData("`", 100_000)]
    public async Task A_hostile_depth_costs_neither_the_process_nor_much_time(string piece, int times)
    {
        var text = string.Concat(Enumerable.Repeat(piece, times));

        var rendered = await Task.Run(() => _cards.Render(text, Addresses)).WaitAsync(TimeSpan.FromSeconds(10));

        Assert.NotEmpty(rendered.Html.Value);
    }

    [Fact]
    public void A_card_beyond_the_limit_is_plain_text() =>
        Assert.StartsWith("<pre>&lt;b&gt;", Html("<b>" + new string('x', CardMarkdown.MaxLength)), StringComparison.Ordinal);

    private string Html(string markdown) => _cards.Render(markdown, Addresses).Html.Value;
}
