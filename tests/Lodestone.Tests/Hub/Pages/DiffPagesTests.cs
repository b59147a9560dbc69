using System.Net;

namespace Lodestone.Tests.Hub.Pages;

public sealed class DiffPagesTests
{
    [Fact]
    public async Task A_commit_shows_what_it_added_and_deleted_line_by_line()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var lines = Enumerable.Range(1, 40).Select(i => $"line {i}").ToArray();
        await alice.CommitAsync("alice/compass", ("a.txt", string.Join('\n', lines) + "\n"), ("old.txt", "the same\n"));
        lines[29] = "line <b>thirty</b>";
        var commit = await alice.CommitAsync("alice/compass", ("a.txt", string.Join('\n', lines) + "\n"), ("old.txt", null), ("new.txt", "the same\n"));

        var page = await world.AsNobody().PageAsync($"/alice/compass/commit/{commit[..8]}");

        Assert.Equal("Change files", page.TextOf(".commit-card__title"));
        Assert.Equal(["line 30"], page.TextsOf("del.diff-line"));
        Assert.Equal(["line <b>thirty</b>"], page.TextsOf("ins.diff-line"));
        Assert.Equal(("30", "30"), (page.QuerySelector("del")?.GetAttribute("data-old"), page.QuerySelector("ins")?.GetAttribute("data-new")));
        Assert.Equal("26 lines without a change", page.TextOf(".diff-line__fold"));
        Assert.Contains("Moved from old.txt", page.TextOf("#diff-1"), StringComparison.Ordinal);
        Assert.Equal("2 files", page.TextOf(".diff-index b"));
        Assert.Empty(page.QuerySelectorAll("main b > script, .diff-lines b"));
    }

    [Fact]
    public async Task Large_and_binary_files_are_compared_by_size()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", [HubCalls.FileLine("zeros.dat", new byte[1000])]);
        var commit = await alice.CommitAsync("alice/compass", [HubCalls.FileLine("zeros.dat", new byte[2500])]);

        var page = await alice.PageAsync($"/alice/compass/commit/{commit}");

        Assert.Equal("1 kB → became 2.5 kB", page.TextOf(".diff-sizes .number"));
        Assert.Contains("Not a text", page.TextOf(".diff-sizes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_difference_is_cut_with_a_way_to_the_rest()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var commit = await alice.CommitAsync("alice/compass", ("long.txt", string.Concat(Enumerable.Range(0, 900).Select(i => $"line {i}\n"))), ("b.txt", "b\n"));

        var page = await alice.PageAsync($"/alice/compass/commit/{commit}");
        var alone = await alice.PageAsync(page.QuerySelectorAll(".diff-said a").Single().GetAttribute("href")!);

        Assert.Equal(501, page.QuerySelectorAll("ins.diff-line").Length);
        Assert.Equal("400 more lines are left out so that this page stays quick. Show this file alone", page.TextOf(".diff-said"));
        Assert.Equal(900, alone.QuerySelectorAll("ins.diff-line").Length);
    }

    [Fact]
    public async Task Two_branches_are_compared_in_a_form_and_over_the_API()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass", type: "dataset");
        using (var made = await alice.PostAsync("/api/datasets/alice/compass/branch/next", null))
        {
            made.EnsureSuccessStatusCode();
        }

        using (var sent = await alice.PostCommitAsync("/api/datasets/alice/compass/commit/next", HubCalls.Line("header", new { summary = "More" }), HubCalls.FileLine("data.csv", "a,b\n1,2\n"u8.ToArray())))
        {
            sent.EnsureSuccessStatusCode();
        }

        var page = await alice.PageAsync("/datasets/alice/compass/compare?base=main&head=next");
        var named = await alice.PageAsync("/datasets/alice/compass/compare/main...next");
        var listed = await alice.JsonAsync("/api/datasets/alice/compass/compare/main..next");
        var raw = await alice.GetAsync("/api/datasets/alice/compass/compare/main..next?raw=true");

        Assert.Contains("next is 1 commit ahead of main and 0 behind it", page.TextOf("main"), StringComparison.Ordinal);
        Assert.Equal(["a,b", "1,2"], page.TextsOf("ins.diff-line"));
        Assert.Equal(["a,b", "1,2"], named.TextsOf("ins.diff-line"));
        Assert.Equal("""[{"path":"data.csv","status":"added","newSize":8}]""", listed["files"]!.ToJsonString());
        Assert.Equal((1, 0), ((int)listed["ahead"]!, (int)listed["behind"]!));
        Assert.Equal("text/plain; charset=utf-8", raw.Content.Headers.ContentType?.ToString());
        Assert.Contains("--- /dev/null\n+++ b/data.csv\n@@ -0,0 +1,2 @@\n+a,b\n+1,2\n", await raw.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_proposal_s_address_leads_to_what_it_changes()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        using var sent = await alice.PostCommitAsync("/api/models/alice/compass/commit/main?create_pr=1", HubCalls.Line("header", new { summary = "Propose" }), HubCalls.FileLine("new.txt", "new\n"u8.ToArray()));
        var url = (await sent.OkAsync())["pullRequestUrl"]!.GetValue<string>();
        await alice.CommitAsync("alice/compass", ("main.txt", "on main\n"));

        var thread = await alice.PageAsync(new Uri(url).AbsolutePath);
        var page = await alice.PageAsync(thread.QuerySelectorAll(".tabs__tab").Single(t => t.TextContent.Contains("Files changed", StringComparison.Ordinal)).GetAttribute("href")!);
        var refs = await alice.PageAsync("/alice/compass/refs");

        Assert.Equal(["new"], page.TextsOf("ins.diff-line"));
        Assert.Equal(["main", "1"], refs.TextsOf(".refs .files__name"));
        await alice.PageAsync("/alice/compass/discussions/2", HttpStatusCode.NotFound);
        await alice.PageAsync(refs.QuerySelectorAll(".refs .files__name")[1].GetAttribute("href")!);
    }

    [Theory]
    [InlineData("main", 400, null)]
    [InlineData("main..", 400, null)]
    [InlineData("main..nothing", 404, "RevisionNotFound")]
    [InlineData("nothing...main", 404, "RevisionNotFound")]
    public async Task What_cannot_be_compared_is_refused(string range, int status, string? code)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        using var answer = await alice.GetAsync($"/api/models/alice/compass/compare/{range}?raw=true");
        using var hidden = await world.As(world.Bob).GetAsync($"/api/models/alice/none/compare/{range}");

        Assert.Equal((status, code), ((int)answer.StatusCode, answer.Headers.TryGetValues("X-Error-Code", out var codes) ? codes.Single() : null));
        Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
    }
}
