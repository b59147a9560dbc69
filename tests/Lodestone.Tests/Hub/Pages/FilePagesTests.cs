using System.Net;

namespace Lodestone.Tests.Hub.Pages;

public sealed class FilePagesTests
{
    [Fact]
    public async Task A_folder_lists_folders_before_files_each_with_its_last_change()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("b.txt", "one"), ("z/inner.txt", "two"));

        var root = await world.AsNobody().PageAsync("/alice/compass/tree/main");
        var folder = await world.AsNobody().PageAsync("/alice/compass/tree/main/z");

        Assert.Equal(["z", ".gitattributes", "b.txt"], root.TextsOf(".files__name"));
        Assert.Equal(["Change files", "initial commit", "Change files"], root.TextsOf(".files__change"));
        Assert.Equal("2 commits", root.TextOf("a[href='/alice/compass/commits/main']"));
        Assert.Equal(["..", "inner.txt"], folder.TextsOf(".files__name"));
        Assert.Equal("/alice/compass/resolve/main/z/inner.txt?download=true", folder.QuerySelector(".files__size a")?.GetAttribute("href"));
        Assert.Contains($"git clone {world.Server.Url}alice/compass", root.TextOf(".use-menu:last-of-type"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hostile_names_are_shown_as_they_are_and_lead_to_their_files()
    {
        const string Name = "<img src=x onerror=alert(1)> #?%25.txt";
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/hostile");
        await alice.CommitAsync("alice/hostile", [HubCalls.FileLine(Name, "<script>alert(2)</script>"u8.ToArray())]);

        var folder = await world.AsNobody().PageAsync("/alice/hostile/tree/main");
        var link = folder.QuerySelectorAll(".files__name").Single(a => a.TextContent.Trim() == Name);
        var file = await world.AsNobody().PageAsync(link.GetAttribute("href")!);

        Assert.Equal("<script>alert(2)</script>", file.TextOf("#text"));
        foreach (var document in new[] { folder, file })
        {
            Assert.Empty(document.QuerySelectorAll("[onerror], main script"));
        }
    }

    [Fact]
    public async Task A_text_has_lines_to_link_to_and_a_copy_of_it_has_no_numbers()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("train.py", "import this\r\n\nprint(\"<b>\")\n"));

        var page = await world.AsNobody().PageAsync("/alice/compass/blob/main/train.py");

        Assert.Equal(3, page.QuerySelectorAll(".lines__line").Length);
        Assert.Equal("#L3", page.QuerySelector("#L3 a")?.GetAttribute("href"));
        Assert.Equal("import this\n\nprint(\"<b>\")\n", page.QuerySelector("#text")!.TextContent);
    }

    [Fact]
    public async Task Markdown_is_shown_rendered_with_addresses_from_its_folder_or_as_it_is_written()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("docs/usage.md", "# Usage\n\n[more](more.md) ![p](p.png)\n"));

        var shown = await alice.PageAsync("/alice/compass/blob/main/docs/usage.md");
        var written = await alice.PageAsync("/alice/compass/blob/main/docs/usage.md?view=code");

        Assert.Equal("/alice/compass/blob/main/docs/more.md", shown.QuerySelector(".prose a")?.GetAttribute("href"));
        Assert.Equal("/alice/compass/resolve/main/docs/p.png", shown.QuerySelector(".prose img")?.GetAttribute("src"));
        Assert.StartsWith("# Usage", written.TextOf("#text"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_read_is_offered_for_download_with_the_reason()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", [HubCalls.FileLine("zeros.dat", [1, 0, 2]), HubCalls.FileLine("latin.txt", [0xe9]), HubCalls.FileLine("broken.gguf", "GGUF!"u8.ToArray())]);

        foreach (var name in new[] { "zeros.dat", "latin.txt", "broken.gguf" })
        {
            var page = await alice.PageAsync($"/alice/compass/blob/main/{name}");
            Assert.Equal($"/alice/compass/resolve/main/{name}?download=true", page.QuerySelector(".empty a")?.GetAttribute("href"));
        }
    }

    [Fact]
    public async Task The_header_of_a_file_of_tensors_is_a_table()
    {
        const string Header = """{"__metadata__":{"format":"pt"},"w":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},"<b>":{"dtype":"F32","shape":[],"data_offsets":[12,16]}}""";
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        byte[] content = [.. BitConverter.GetBytes((long)Header.Length), .. System.Text.Encoding.ASCII.GetBytes(Header), .. new byte[16]];
        await alice.CommitAsync("alice/compass", [HubCalls.FileLine("tiny/model.safetensors", content)]);

        var page = await alice.PageAsync("/alice/compass/blob/main/tiny/model.safetensors");

        Assert.Equal(["w BF16 2 × 3 6", "<b> F32 1"], page.QuerySelectorAll(".tensors > .table-scroll tbody tr").Select(r => string.Join(' ', r.TextsOf("td").Where(t => t.Length > 0))));
        Assert.Equal(["format", "pt"], page.TextsOf(".tensors details td"));
    }

    [Fact]
    public async Task Missing_files_folders_and_revisions_are_not_found()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        var nobody = world.AsNobody();

        foreach (var path in new[] { "tree/main/nothing", "tree/nothing", "blob/main/nothing", "commits/nothing", "tree/main/.gitattributes" })
        {
            var page = await nobody.PageAsync($"/alice/compass/{path}", HttpStatusCode.NotFound);
            Assert.Equal("There is nothing here", page.TextOf("h1"));
        }
    }

    [Fact]
    public async Task History_goes_on_page_by_page()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        for (var i = 0; i < 52; i++)
        {
            await alice.CommitAsync("alice/compass", ("a.txt", $"{i}"));
        }

        var first = await alice.PageAsync("/alice/compass/commits/main");
        var second = await alice.PageAsync(first.QuerySelector("[rel=next]")!.GetAttribute("href")!);

        Assert.Equal("53 commits", first.TextOf("main .number"));
        Assert.Equal((50, 3), (first.QuerySelectorAll(".commits > li").Length, second.QuerySelectorAll(".commits > li").Length));
        Assert.Equal("initial commit", second.TextsOf(".commits__title")[^1]);
    }
}
