using System.Net;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Hub.Pages;

public sealed class FileFormsTests
{
    [Fact]
    public async Task A_file_is_made_changed_moved_and_deleted_by_forms()
    {
        await using var world = await World.CreateAsync();
        using var dana = await RepoAsync(world);

        var made = await dana.SendAsync(await dana.OpenAsync("/dana/compass/new-file/main/docs"), "edit", ("path", "docs/a.md"), ("text", "# One\r\n"), ("summary", ""));
        var changed = await dana.SendAsync(await dana.OpenAsync("/dana/compass/edit/main/docs/a.md"), "edit", ("path", "docs/b.md"), ("text", "# Two\r\n"), ("summary", "Say two"));
        var shown = await dana.OpenAsync("/dana/compass/blob/main/docs/b.md?view=code");
        var deleted = await dana.SendAsync(shown, "delete", ("summary", "Away"));
        var commits = await dana.OpenAsync("/dana/compass/commits/main");

        Assert.Equal([HttpStatusCode.Redirect, HttpStatusCode.Redirect, HttpStatusCode.Redirect], [made.Status, changed.Status, deleted.Status]);
        Assert.Equal("# Two", shown.Text("#text"));
        Assert.Equal(["Away", "Say two", "Add docs/a.md", "initial commit"], commits.Document.TextsOf(".commits__title"));
        Assert.Equal(HttpStatusCode.NotFound, (await dana.OpenAsync("/dana/compass/blob/main/docs/a.md")).Status);
    }

    [Fact]
    public async Task A_form_that_is_older_than_the_branch_changes_nothing()
    {
        await using var world = await World.CreateAsync();
        using var dana = await RepoAsync(world);
        var opened = await dana.OpenAsync("/dana/compass/edit/main/.gitattributes");
        await dana.SendAsync(await dana.OpenAsync("/dana/compass/new-file/main"), "edit", ("path", "other.txt"), ("text", "x"));

        var sent = await dana.SendAsync(opened, "edit", ("text", "mine"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, sent.Status);
        Assert.Contains("Somebody has committed to this branch", sent.Text("main form .alert"), StringComparison.Ordinal);
        Assert.Equal("mine", sent.Text("textarea[name=text]"));
    }

    [Theory]
    [InlineData("../up.txt", "cannot be a path")]
    [InlineData(".git/config", "cannot be a path")]
    [InlineData(".gitattributes", "is there already")]
    [InlineData(".gitattributes/inner.txt", "cannot be a file")]
    public async Task A_path_that_will_not_do_is_explained_at_its_field(string path, string reason)
    {
        await using var world = await World.CreateAsync();
        using var dana = await RepoAsync(world);

        var sent = await dana.SendAsync(await dana.OpenAsync("/dana/compass/new-file/main"), "edit", ("path", path), ("text", "x"));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, sent.Status);
        Assert.Contains(reason, sent.Text("#field-path-error"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Small_files_go_up_without_script_and_large_ones_are_sent_elsewhere()
    {
        await using var world = await World.CreateAsync();
        using var dana = await RepoAsync(world);
        var page = await dana.OpenAsync("/dana/compass/upload/main/data");

        var sent = await dana.SendFilesAsync(page, "upload", [("folder", "data"), ("summary", "")], ("a.csv", "x,y\n1,2\n"u8.ToArray()), ("b.txt", "b"u8.ToArray()));
        var large = await dana.SendFilesAsync(page, "upload", [("folder", "")], ("model.safetensors", [1, 2, 3]));
        var none = await dana.SendFilesAsync(page, "upload", [("folder", "")]);

        Assert.Equal(HttpStatusCode.Redirect, sent.Status);
        Assert.Equal("1", (await dana.OpenAsync("/dana/compass/blob/main/data/a.csv")).Text(".rows td:nth-child(2)"));
        Assert.Equal("Upload 2 files", (await dana.OpenAsync("/dana/compass/commits/main")).Text(".commits__title"));
        Assert.Contains("belongs in large file storage", large.Text("main form .alert"), StringComparison.Ordinal);
        Assert.Contains("Choose at least one file", none.Text("main form .alert"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Branches_and_tags_are_made_and_deleted_by_forms()
    {
        await using var world = await World.CreateAsync();
        using var dana = await RepoAsync(world);
        const string Path = "/dana/compass/refs";

        await dana.SendAsync(await dana.OpenAsync(Path), "branch", ("branch", "next/one"), ("start", "main"));
        await dana.SendAsync(await dana.OpenAsync(Path), "tag", ("tag", "v1.0"), ("revision", "main"), ("message", "First"));
        var wrong = await dana.SendAsync(await dana.OpenAsync(Path), "branch", ("branch", "a..b"));
        var taken = await dana.SendAsync(await dana.OpenAsync(Path), "branch", ("branch", "next"));
        var missing = await dana.SendAsync(await dana.OpenAsync(Path), "tag", ("tag", "v2"), ("revision", "nothing"));
        var both = await dana.OpenAsync(Path);
        await dana.SendAsync(both, "delete", ("ref", "refs/heads/next/one"));
        await dana.SendAsync(both, "delete", ("ref", "refs/tags/v1.0"));
        var neither = await dana.OpenAsync(Path);
        var main = await dana.SendAsync(both, "delete", ("ref", "refs/heads/main"));

        Assert.Equal(["main", "next/one", "v1.0"], both.Document.TextsOf(".refs .files__name"));
        Assert.Equal("First", both.Text(".refs__note"));
        Assert.Equal("the same", both.Text("td.refs__distance a"));
        Assert.Contains("'a..b' cannot be the name of a branch", wrong.Text("#field-branch-error"), StringComparison.Ordinal);
        Assert.Contains("next exists already, or stands in the way", taken.Text("#field-branch-error"), StringComparison.Ordinal);
        Assert.Contains("There is no such branch, tag or commit", missing.Text("#field-tag-error"), StringComparison.Ordinal);
        Assert.Equal(["main"], neither.Document.TextsOf(".refs .files__name"));
        Assert.Equal(HttpStatusCode.Forbidden, main.Status);
    }

    [Fact]
    public async Task Who_may_not_write_finds_no_forms_and_is_told_why()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        using var dana = await RepoAsync(world);

        foreach (var path in new[] { "upload/main", "new-file/main", "edit/main/.gitattributes", "refs", "blob/main/.gitattributes" })
        {
            var page = await dana.OpenAsync($"/alice/compass/{path}");
            Assert.Equal(["like", "watch"], page.Document.QuerySelectorAll("main form[method=post] input[name=_handler]").Select(i => i.GetAttribute("value")));
        }

        Assert.Contains("those who may write in alice", (await dana.OpenAsync("/alice/compass/upload/main")).Text("main"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Liking_counts_once_and_is_taken_back_by_the_same_button()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        using var dana = await RepoAsync(world);

        var liked = await dana.SendAsync(await dana.OpenAsync("/alice/compass/tree/main"), "like", ("liked", "true"));
        await dana.SendAsync(await dana.OpenAsync("/alice/compass"), "like", ("liked", "true"));
        var once = await dana.OpenAsync("/alice/compass");
        await dana.SendAsync(once, "like", ("liked", "false"));
        var none = await dana.OpenAsync("/alice/compass");

        Assert.EndsWith("/alice/compass/tree/main", liked.Location?.OriginalString, StringComparison.Ordinal);
        Assert.Equal(("true", "Like, 1"), (once.Document.QuerySelector("[name=liked]")?.GetAttribute("aria-pressed"), once.Text("[name=liked]")));
        Assert.Equal(("false", "Like, 0"), (none.Document.QuerySelector("[name=liked]")?.GetAttribute("aria-pressed"), none.Text("[name=liked]")));
    }

    [Fact]
    public async Task A_repository_is_renamed_and_its_old_address_leads_to_the_new()
    {
        await using var world = await World.CreateAsync();
        using var dana = await RepoAsync(world);
        await dana.SendAsync(await dana.OpenAsync("/new"), "new", ("name", "taken"));

        var moved = await dana.SendAsync(await dana.OpenAsync("/dana/compass/settings"), "move", ("owner", "dana"), ("name", "needle"));
        var taken = await dana.SendAsync(await dana.OpenAsync("/dana/needle/settings"), "move", ("owner", "dana"), ("name", "taken"));
        var old = await dana.OpenAsync("/dana/compass/tree/main");

        Assert.Equal(HttpStatusCode.Redirect, moved.Status);
        Assert.Contains("already exists", taken.Text("#field-name-error"), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.TemporaryRedirect, "/dana/needle/tree/main"), (old.Status, old.Location?.OriginalString));
    }

    private static async Task<PageClient> RepoAsync(World world)
    {
        const string Password = "correct horse battery";
        await world.Server.JoinAsync("dana", Password);
        var dana = await world.Server.SignedInAsync("dana", Password);
        await dana.SendAsync(await dana.OpenAsync("/new"), "new", ("name", "compass"));
        return dana;
    }
}
