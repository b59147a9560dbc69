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
    public async Task Code_is_coloured_and_its_text_is_unchanged()
    {
        const string Code = "# a <comment>\ndef f(x):\n    return \"s & t\" + 1  # é\n";
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("train.py", Code), ("notes.unknown", Code));

        var python = await alice.PageAsync("/alice/compass/blob/main/train.py");
        var unknown = await alice.PageAsync("/alice/compass/blob/main/notes.unknown");

        Assert.Equal(["# a <comment>", "# é"], python.TextsOf("#text .hl-c"));
        Assert.Equal(["\"s & t\""], python.TextsOf("#text .hl-s"));
        Assert.Equal(Code, python.QuerySelector("#text")!.TextContent);
        Assert.Equal(Code, unknown.QuerySelector("#text")!.TextContent);
        Assert.Empty(unknown.QuerySelectorAll("#text .hl-c"));
    }

    [Fact]
    public async Task Rows_are_a_table_of_the_first_ones_whether_they_are_delimited_or_objects()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var many = string.Concat(Enumerable.Range(0, 150).Select(i => $"{{\"id\":{i},\"text\":\"<b>{i}\"}}\n"));
        await alice.CommitAsync("alice/compass", ("a.csv", "name,\"said, often\"\r\nAda,\"one\ntwo \"\"quoted\"\"\"\r\nBob\r\n"), ("b.jsonl", many), ("broken.jsonl", "{\"a\":1}\nnot json\n"));

        var csv = await alice.PageAsync("/alice/compass/blob/main/a.csv");
        var objects = await alice.PageAsync("/alice/compass/blob/main/b.jsonl");
        var broken = await alice.PageAsync("/alice/compass/blob/main/broken.jsonl");
        var code = await alice.PageAsync("/alice/compass/blob/main/a.csv?view=code");

        Assert.Equal(["name", "said, often"], csv.TextsOf(".rows th bdi"));
        Assert.Equal(["Ada one two \"quoted\"", "Bob ·"], csv.QuerySelectorAll(".rows tbody tr").Select(r => string.Join(' ', r.TextsOf("td:not(.rows__number)"))));
        Assert.Equal("All 2 rows.", csv.TextOf(".rows .card__foot"));
        Assert.Equal(100, objects.QuerySelectorAll(".rows tbody tr").Length);
        Assert.StartsWith("The first 100 rows.", objects.TextOf(".rows .card__foot"), StringComparison.Ordinal);
        Assert.StartsWith("{\"a\":1}", broken.TextOf("#text"), StringComparison.Ordinal);
        Assert.StartsWith("name,", code.TextOf("#text"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_s_history_has_the_commits_that_changed_it()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var first = await alice.CommitAsync("alice/compass", ("docs/a.txt", "one"));
        await alice.CommitAsync("alice/compass", ("b.txt", "other"));
        var third = await alice.CommitAsync("alice/compass", ("docs/a.txt", "two"));

        var file = await alice.PageAsync("/alice/compass/commits/main/docs/a.txt");
        var folder = await alice.PageAsync("/alice/compass/commits/main/docs");

        string[] expected = [$"/alice/compass/commit/{third}", $"/alice/compass/commit/{first}"];
        Assert.Equal(expected, file.QuerySelectorAll(".commits__title").Select(a => a.GetAttribute("href")));
        Assert.Equal(expected, folder.QuerySelectorAll(".commits__title").Select(a => a.GetAttribute("href")));
        await alice.PageAsync("/alice/compass/commits/main/never.txt", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_name_is_found_in_a_folder_of_thousands_that_is_shown_page_by_page()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", [.. Enumerable.Range(0, 10_000).Select(i => HubCalls.FileLine($"data/file-{i:00000}.txt", "x"u8.ToArray()))]);

        var first = await alice.PageAsync("/alice/compass/tree/main/data");
        var second = await alice.PageAsync(first.QuerySelector("[rel=next]")!.GetAttribute("href")!);
        var found = await alice.PageAsync("/alice/compass/tree/main/data?find=FILE-0999");
        var none = await alice.PageAsync("/alice/compass/tree/main/data?find=nothing");

        Assert.Equal(201, first.QuerySelectorAll(".files__name").Length);
        Assert.Equal("file-00200.txt", second.TextsOf(".files__name")[1]);
        Assert.Equal(10, found.TextsOf(".files__name").Length - 1);
        Assert.Contains("No name in this folder holds “nothing”", none.TextOf(".files"), StringComparison.Ordinal);
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

        Assert.Equal("53 commits", first.TextOf(".files .number"));
        Assert.Equal((50, 3), (first.QuerySelectorAll(".commits > li").Length, second.QuerySelectorAll(".commits > li").Length));
        Assert.Equal("initial commit", second.TextsOf(".commits__title")[^1]);
    }
}
