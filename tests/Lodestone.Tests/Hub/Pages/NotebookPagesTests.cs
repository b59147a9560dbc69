using System.Text;
using System.Text.Json;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub.Pages;

/// <summary>A repository of notebooks and drawings.</summary>
public sealed class NotebookWorld : IAsyncLifetime
{
    public const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    public const string Svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"><script>alert(1)</script><rect width=\"9\" height=\"9\"/></svg>";

    public World World { get; private set; } = null!; // set before any test runs

    public async ValueTask InitializeAsync()
    {
        World = await World.CreateAsync();
        var alice = World.As(World.Alice);
        await alice.CreateRepoAsync("alice/notes");
        await alice.CommitAsync("alice/notes", [
            HubCalls.FileLine("work/study.ipynb", Notebook(
                Cell("markdown", "# Study\n\nSee [data](../data.csv).\n"),
                Cell("code", "def f(x):\n    return \"<b>\"  # why", 7,
                    new { output_type = "stream", name = "stdout", text = new[] { "\u001b[1;31mred\u001b[0m <i>\n", " 10%\r 50%\r100%\n" } },
                    new { output_type = "stream", name = "stderr", text = "careful\n" },
                    new { output_type = "display_data", data = new Dictionary<string, object> { ["image/png"] = Png[..40] + "\n" + Png[40..], ["text/plain"] = "<Figure>" } },
                    new { output_type = "display_data", data = new Dictionary<string, object> { ["image/png"] = "PHNjcmlwdD4=", ["text/plain"] = "<Figure of lies>" } },
                    new { output_type = "display_data", data = new Dictionary<string, object> { ["image/svg+xml"] = Svg } },
                    new { output_type = "execute_result", data = new Dictionary<string, object> { ["text/html"] = new[] { "<style>td{}</style><table onclick=\"alert(1)\"><tr><td>", "cell</td></tr></table>" }, ["text/plain"] = "a table" } },
                    new { output_type = "display_data", data = new Dictionary<string, object> { ["text/html"] = "<div><script>plot()</script></div>", ["text/plain"] = "a plot" } },
                    new { output_type = "display_data", data = new Dictionary<string, object> { ["text/markdown"] = "**bold**" } },
                    new { output_type = "display_data", data = new Dictionary<string, object> { ["application/json"] = new { a = new[] { 1 } } } },
                    new { output_type = "display_data", data = new Dictionary<string, object> { ["application/vnd.custom"] = "?" } },
                    new { output_type = "error", ename = "KeyError", evalue = "'x'", traceback = new[] { "\u001b[0;31mKeyError\u001b[0m: 'x'", "line 2" } }),
                Cell("raw", "raw <text>"))),
            HubCalls.FileLine("old.ipynb", """{"nbformat":3,"worksheets":[]}"""u8.ToArray()),
            HubCalls.FileLine("later.ipynb", """{"nbformat":5,"cells":[]}"""u8.ToArray()),
            HubCalls.FileLine("other.ipynb", """{"a":1}"""u8.ToArray()),
            HubCalls.FileLine("list.ipynb", "[]"u8.ToArray()),
            HubCalls.FileLine("broken.ipynb", "{\"cells\":[<script>"u8.ToArray()),
            HubCalls.FileLine("half.ipynb", """{"cells":[{"cell_type":"raw","source":"\ud800"}]}"""u8.ToArray()),
            HubCalls.FileLine("deep.ipynb", Encoding.ASCII.GetBytes("{\"cells\":" + new string('[', 100_000))),
            HubCalls.FileLine("odd.ipynb", """{"nbformat":4,"metadata":7,"cells":[7,null,{},{"cell_type":"code","outputs":{"a":1},"source":[7,"x"]},{"cell_type":"code","execution_count":1.5,"outputs":[null,[],{"output_type":"error","traceback":"x"},{"data":{"image/png":{"a":1}}}]}]}"""u8.ToArray()),
            HubCalls.FileLine("empty.ipynb", """{"nbformat":4,"cells":[]}"""u8.ToArray()),
            HubCalls.FileLine("plot.svg", Encoding.UTF8.GetBytes(Svg)),
        ]);
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();

    public static byte[] Notebook(params object[] cells) => JsonSerializer.SerializeToUtf8Bytes(new
    {
        nbformat = 4,
        metadata = new { kernelspec = new { display_name = "Python 3" }, language_info = new { name = "python", file_extension = ".py" } },
        cells,
    });

    public static object Cell(string type, string source, int? count = null, params object[] outputs) =>
        new { cell_type = type, source = source.Split('\n').Select((l, i) => i == 0 ? l : "\n" + l), execution_count = count, outputs };
}

public sealed class NotebookPagesTests(NotebookWorld fixture) : IClassFixture<NotebookWorld>
{
    [Fact]
    public async Task A_notebook_is_shown_as_it_was_saved()
    {
        var page = await fixture.World.AsNobody().PageAsync("/alice/notes/blob/main/work/study.ipynb");

        Assert.StartsWith("3 cells · Python 3", page.TextOf(".notebook__facts"), StringComparison.Ordinal);
        Assert.Equal("Study", page.TextOf(".notebook h1"));
        Assert.Equal("/alice/notes/blob/main/data.csv", page.QuerySelector(".notebook__prose a")?.GetAttribute("href"));
        Assert.Equal("def f(x):\n    return \"<b>\"  # why\n", page.QuerySelector(".notebook__source")!.TextContent);
        Assert.Equal("# why", page.TextOf(".notebook__source .hl-c"));
        Assert.Equal(["", "[7]", ""], page.TextsOf(".notebook__mark"));
        Assert.Equal("red <i>\n100%\n", page.QuerySelector(".notebook__text--text")!.TextContent);
        Assert.Equal("careful", page.TextOf(".notebook__text--warning"));
        Assert.Equal("KeyError: 'x'\nline 2", page.QuerySelector(".notebook__text--error")!.TextContent);
        Assert.Contains("<Figure of lies>", page.TextsOf(".notebook__text"));
        Assert.Equal([$"data:image/png;base64,{NotebookWorld.Png}", $"data:image/svg+xml;base64,{Convert.ToBase64String(Encoding.UTF8.GetBytes(NotebookWorld.Svg))}"], page.QuerySelectorAll(".notebook__out > img").Select(i => i.GetAttribute("src")));
        Assert.Equal("cell", page.TextOf(".notebook__out table"));
        Assert.Contains("a plot", page.TextsOf(".notebook__text"));
        Assert.Equal("bold", page.TextOf(".notebook__out strong"));
        Assert.Contains("\"a\"", page.TextOf(".notebook__out .code"), StringComparison.Ordinal);
        Assert.Contains("An output that cannot be shown here without running it.", page.TextsOf("p.notebook__out"));
        Assert.Empty(page.QuerySelectorAll(".notebook script, .notebook style, .notebook [onclick]"));
    }

    [Theory]
    [InlineData("old", "before version 4")]
    [InlineData("later", "another format than version 4")]
    [InlineData("other", "has no cells")]
    [InlineData("list", "has no cells")]
    [InlineData("broken", "not valid JSON")]
    [InlineData("half", "half a character")]
    [InlineData("deep", "not valid JSON")]
    public async Task What_is_no_notebook_is_offered_as_it_is_with_the_reason(string name, string reason)
    {
        var page = await fixture.World.AsNobody().PageAsync($"/alice/notes/blob/main/{name}.ipynb");
        var code = await fixture.World.AsNobody().PageAsync($"/alice/notes/blob/main/{name}.ipynb?view=code");

        Assert.Contains(reason, page.TextOf(".empty"), StringComparison.Ordinal);
        Assert.Equal([$"/alice/notes/blob/main/{name}.ipynb?view=code", $"/alice/notes/resolve/main/{name}.ipynb"], page.QuerySelectorAll(".empty a").Select(a => a.GetAttribute("href")));
        Assert.NotNull(code.QuerySelector("#text"));
    }

    [Fact]
    public async Task What_has_an_unexpected_shape_is_left_out()
    {
        var odd = await fixture.World.AsNobody().PageAsync("/alice/notes/blob/main/odd.ipynb");
        var empty = await fixture.World.AsNobody().PageAsync("/alice/notes/blob/main/empty.ipynb");

        Assert.Equal(5, odd.QuerySelectorAll(".notebook__cell").Length);
        Assert.Equal(["[ ]", "[ ]"], odd.TextsOf(".notebook__mark").Where(m => m.Length > 0));
        Assert.Contains("It has no cells.", empty.TextOf(".notebook"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_too_much_for_a_page_is_cut_and_that_is_said()
    {
        var alice = fixture.World.As(fixture.World.Alice);
        object Long(string text) => NotebookWorld.Cell("code", "", null, new { output_type = "stream", name = "stdout", text });
        await alice.CommitAsync("alice/notes", [
            HubCalls.FileLine("long.ipynb", NotebookWorld.Notebook([.. Enumerable.Repeat(Long(new string('x', 30_000)), 150)])),
            HubCalls.FileLine("many.ipynb", NotebookWorld.Notebook([.. Enumerable.Repeat(NotebookWorld.Cell("raw", "x"), 1_200)])),
            HubCalls.FileLine("huge.ipynb", [.. "{\"cells\":["u8, .. Enumerable.Repeat((byte)' ', (int)Lodestone.Hub.Notebook.MaxSize), .. "]}"u8]),
        ]);

        var longest = await alice.PageAsync("/alice/notes/blob/main/long.ipynb");
        var many = await alice.PageAsync("/alice/notes/blob/main/many.ipynb");
        var huge = await alice.PageAsync("/alice/notes/blob/main/huge.ipynb");

        Assert.Equal(20_001, longest.QuerySelector(".notebook__text")!.TextContent.Length);
        Assert.InRange(longest.QuerySelectorAll(".notebook__text").Sum(t => t.TextContent.Length), 1_900_000, 2_100_000);
        Assert.Equal(1_000, many.QuerySelectorAll(".notebook__cell").Length);
        Assert.Contains("Download the file for the rest", many.TextOf(".notebook"), StringComparison.Ordinal);
        Assert.Contains("notebooks of up to 8", huge.TextOf(".empty"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_drawing_is_shown_as_an_image_and_served_where_it_can_run_nothing()
    {
        var nobody = fixture.World.AsNobody();

        var shown = await nobody.PageAsync("/alice/notes/blob/main/plot.svg");
        var written = await nobody.PageAsync("/alice/notes/blob/main/plot.svg?view=code");
        using var raw = await nobody.GetAsync("/alice/notes/resolve/main/plot.svg");

        Assert.Equal("/alice/notes/resolve/main/plot.svg", shown.QuerySelector(".file-image img")?.GetAttribute("src"));
        Assert.Empty(shown.QuerySelectorAll("main rect, main script"));
        Assert.Equal(NotebookWorld.Svg + "\n", written.QuerySelector("#text")!.TextContent);
        Assert.Equal("image/svg+xml", raw.Content.Headers.ContentType?.ToString());
        Assert.Equal("default-src 'none'; style-src 'unsafe-inline'; sandbox", raw.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", raw.Headers.GetValues("X-Content-Type-Options").Single());
    }
}

[NoDatabase]
public sealed class TerminalTextTests
{
    [Theory]
    [InlineData("\u001b[1;31mred\u001b[0m", "red")]
    [InlineData("\u001b]8;;https://evil.example\u0007link\u001b]8;;\u001b\\!", "link!")]
    [InlineData("a\rb\r\nc\r\r\nd\b", "b\nc\nd")]
    [InlineData("\u001bMup\u0000\u007f\tkept\n", "up\tkept\n")]
    public void Commands_to_a_terminal_are_taken_out(string written, string expected) => Assert.Equal(expected, TerminalText.Plain(written));

    [Fact]
    public void Long_texts_without_an_end_take_no_long_time()
    {
        var hostile = string.Concat(Enumerable.Repeat("\u001b]\u001b[00000000", 100_000)) + new string('0', 1_000_000);

        Assert.DoesNotContain('\u001b', TerminalText.Plain(hostile));
    }
}
