using System.Net;
using Lodestone.Core;
using Lodestone.Identity;
using Lodestone.Tests.Hub.Community;
using Lodestone.Tests.Hub.Git;
using Lodestone.Tests.Identity;

namespace Lodestone.Tests.Hub.Pages;

/// <summary>The pages of discussions and pull requests, as browsers without script use them.</summary>
public sealed class DiscussionPagesTests(DiscussionPagesTests.People people) : IClassFixture<DiscussionPagesTests.People>
{
    private static readonly string Notes = "one\ntwo\nthree\nfour\nfive\n";

    [Fact]
    public async Task A_discussion_is_opened_answered_and_closed_on_its_page()
    {
        var repo = await people.RepoAsync("talk");

        var empty = await people.Dana.OpenAsync("/erin/talk/discussions");
        var wrong = await people.Dana.SendAsync(await people.Dana.OpenAsync("/erin/talk/discussions/new"), "open", ("title", "x"), ("text", "y"));
        var made = await people.Dana.SendAsync(await people.Dana.OpenAsync("/erin/talk/discussions/new"), "open", ("title", "How <b>large</b>?"), ("text", "Tell *me*. <script>alert(1)</script>\n<img src=x onerror=alert(1)>"));
        var page = await people.Erin.OpenAsync("/erin/talk/discussions/1");
        await people.Erin.SendAsync(page, "comment", ("text", "Small."), ("act", "comment"));
        var id = page.Document.QuerySelector(".comment")!.Id!["comment-".Length..];
        await people.Erin.SendAsync(page, "react", ("reaction", $"{id} 👍 on"));
        await people.Erin.SendAsync(page, "manage", ("act", "pin"));
        await people.Erin.SendAsync(page, "rename", ("title", "How large is it?"));
        await people.Dana.SendAsync(await people.Dana.OpenAsync($"/erin/talk/discussions/1?edit={id}"), "edit", ("content", "Tell **me**."));
        var end = await people.Erin.SendAsync(await people.Erin.OpenAsync("/erin/talk/discussions/1"), "comment", ("text", "Done."), ("act", "close"));
        var closed = await people.Erin.OpenAsync("/erin/talk/discussions/1");
        var list = await people.Erin.OpenAsync("/erin/talk/discussions?status=all");

        Assert.Contains("Nothing is being discussed", empty.Html, StringComparison.Ordinal);
        Assert.Contains("3 to 200 characters", wrong.Text("#field-title-error"), StringComparison.Ordinal);
        Assert.EndsWith("/erin/talk/discussions/1", made.Location!.OriginalString, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("onerror", page.Html, StringComparison.Ordinal);
        Assert.Equal("How <b>large</b>?", page.Document.QuerySelector(".thread__title bdi")!.TextContent);
        Assert.Equal(HttpStatusCode.Redirect, end.Status);
        Assert.Equal(["Tell me.", "Small.", "Done."], closed.Document.QuerySelectorAll(".comment > .prose").Select(c => c.TextContent.Trim()));
        Assert.Equal("👍 1", string.Join(' ', closed.Document.QuerySelector(".comment__foot .reaction")!.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)));
        Assert.Contains(closed.Document.QuerySelectorAll(".event"), e => e.TextContent.Contains("closed it", StringComparison.Ordinal));
        Assert.Contains("How large is it?", list.Text(".community__title"), StringComparison.Ordinal);
        Assert.Equal(["comment", "comment", "pinning-change", "title-change", "comment", "status-change"], (await people.Api.DiscussionAsync(repo, 1)).Types());
    }

    [Fact]
    public async Task Names_with_a_sign_before_them_lead_to_whoever_has_them()
    {
        var repo = await people.RepoAsync("named");

        await people.Dana.SendAsync(
            await people.Dana.OpenAsync("/erin/named/discussions/new"), "open", ("title", "Who knows?"),
            ("text", "Ask @ERIN, **@acme** or @nobody-here.\n\n`@erin` [to @erin](x.md) erin@erin.example\n\n    @erin\n\n<b>@dana.</b> @dana/@erin"));
        var page = await people.Erin.OpenAsync("/erin/named/discussions/1");
        var answer = await people.Api.DiscussionAsync(repo, 1);

        Assert.Equal(
            ["/erin @ERIN", "/acme @acme", "/erin/named/blob/main/x.md to @erin", "/dana @dana"],
            page.Document.QuerySelectorAll(".comment .prose a").Select(a => $"{a.GetAttribute("href")} {a.TextContent}"));
        Assert.Contains("Ask <a href=\"/erin\">@ERIN</a>, ", answer["events"]![0]!["data"]!["latest"]!["html"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pull_request_is_drafted_filled_published_and_merged_in_the_browser()
    {
        var repo = await people.RepoAsync("made");

        await people.Dana.SendAsync(await people.Dana.OpenAsync("/erin/made/discussions/new?type=pull_request"), "open", ("title", "Say more"), ("text", ""));
        var draft = await people.Dana.OpenAsync("/erin/made/discussions/1");
        var edit = await people.Dana.OpenAsync("/erin/made/edit/refs%2Fpr%2F1/notes.txt");
        var written = await people.Dana.SendAsync(edit, "edit", ("path", "notes.txt"), ("text", Notes + "six\n"));
        var main = await people.Dana.OpenAsync("/erin/made/edit/main/notes.txt");
        await people.Dana.SendAsync(await people.Dana.OpenAsync("/erin/made/discussions/1"), "publish");
        var files = await people.Erin.OpenAsync("/erin/made/discussions/1/files");
        var stranger = await people.Dana.OpenAsync("/erin/made/discussions/1");
        await people.Erin.SendAsync(await people.Erin.OpenAsync("/erin/made/discussions/1"), "merge", ("method", "squash"));
        var merged = await people.Erin.OpenAsync("/erin/made/discussions/1");

        Assert.Contains("It has no commits yet", draft.Text(".merge__checks"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, written.Status);
        Assert.Contains("Files can be changed by those", main.Html, StringComparison.Ordinal);
        Assert.Contains("six", files.Text("ins.diff-line"), StringComparison.Ordinal);
        Assert.Empty(stranger.Document.QuerySelectorAll("select[name=method]"));
        Assert.Contains("Merged into main", merged.Text(".merge"), StringComparison.Ordinal);
        Assert.Equal(Notes + "six\n", await people.Api.GetStringAsync("/erin/made/resolve/main/notes.txt"));
        Assert.Equal("merged", (await people.Api.DiscussionAsync(repo, 1)).Status());
    }

    [Fact]
    public async Task Conflicts_are_settled_on_a_page_and_the_rest_of_both_sides_is_kept()
    {
        var repo = await people.RepoAsync("clash");
        using var dana = people.World.Server.With(people.DanaToken);
        await dana.ProposeAsync(repo, "notes.txt", Notes.Replace("three", "3", StringComparison.Ordinal).Replace("five", "5", StringComparison.Ordinal));
        await people.Api.CommitAsync("erin/clash", ("notes.txt", Notes.Replace("three", "III", StringComparison.Ordinal).Replace("one", "I", StringComparison.Ordinal)));

        var page = await people.Dana.OpenAsync("/erin/clash/discussions/1/conflicts");
        var text = page.Document.QuerySelector("textarea[name=text-0]")!.TextContent;
        var marked = await people.Dana.SendAsync(page, "resolve", ("text-0", text));
        var settled = text.Replace("<<<<<<< base\nIII\n=======\n3\n>>>>>>> pull request\n", "3 (III)\n", StringComparison.Ordinal);
        var sent = await people.Dana.SendAsync(page, "resolve", ("text-0", settled));
        var late = await people.Dana.SendAsync(page, "resolve", ("text-0", settled));
        var thread = await people.Erin.OpenAsync("/erin/clash/discussions/1");
        var nobody = await people.World.AsNobody().PageAsync("/erin/clash/discussions/1/conflicts");

        Assert.Equal("I\ntwo\n<<<<<<< base\nIII\n=======\n3\n>>>>>>> pull request\nfour\n5\n", text.TrimStart('\n'));
        Assert.Contains("still has marks", marked.Text(".alert"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Redirect, sent.Status);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, late.Status);
        Assert.Contains("It fits its base.", thread.Text(".merge__checks"), StringComparison.Ordinal);
        Assert.Contains("Conflicts are settled by", nobody.Body!.TextContent, StringComparison.Ordinal);
        await people.Erin.SendAsync(thread, "merge", ("method", "squash"));
        Assert.Equal("I\ntwo\n3 (III)\nfour\n5\n", await people.Api.GetStringAsync("/erin/clash/resolve/main/notes.txt"));
        await (await people.World.GitAsync("erin/clash")).AssertSoundAsync();
    }

    [Fact]
    public async Task A_conflict_in_a_file_that_the_base_renamed_is_settled_at_its_new_place()
    {
        var repo = await people.RepoAsync("renamed");
        using var dana = people.World.Server.With(people.DanaToken);
        await dana.ProposeAsync(repo, "notes.txt", Notes.Replace("three", "3", StringComparison.Ordinal));
        await people.Api.CommitAsync("erin/renamed", ("notes.txt", null), ("docs/notes.txt", Notes.Replace("three", "III", StringComparison.Ordinal)));

        var page = await people.Dana.OpenAsync("/erin/renamed/discussions/1/conflicts");
        var text = page.Document.QuerySelector("textarea[name=text-0]")!.TextContent;
        await people.Dana.SendAsync(page, "resolve", ("text-0", text.Replace("<<<<<<< base\nIII\n=======\n3\n>>>>>>> pull request\n", "3 (III)\n", StringComparison.Ordinal)));
        await people.Erin.SendAsync(await people.Erin.OpenAsync("/erin/renamed/discussions/1"), "merge", ("method", "squash"));
        using var old = await people.Api.GetAsync("/erin/renamed/resolve/main/notes.txt");

        Assert.Equal("docs/notes.txt", page.Text("label[for=text-0]"));
        Assert.Equal(Notes.Replace("three", "3 (III)", StringComparison.Ordinal), await people.Api.GetStringAsync("/erin/renamed/resolve/main/docs/notes.txt"));
        Assert.Equal(HttpStatusCode.NotFound, old.StatusCode);
        await (await people.World.GitAsync("erin/renamed")).AssertSoundAsync();
    }

    [Fact]
    public async Task Tables_and_cards_are_compared_as_what_they_are()
    {
        var repo = await people.RepoAsync("rows");
        await people.Api.CommitAsync("erin/rows", ("days.csv", "city,degrees\nOslo,-4\nRome,11\n"), ("README.md", "# Days\n"));
        using var dana = people.World.Server.With(people.DanaToken);
        await dana.ProposeAsync(repo, "days.csv", "city,degrees\nOslo,-5\nRome,11\nBern,3\n");
        await dana.CommitToAsync(repo, "refs/pr/1", "README.md", "# Days\n\nAnd **nights**.\n").DoneAsync();

        var files = await people.Dana.OpenAsync("/erin/rows/discussions/1/files");

        Assert.Equal(["-4"], files.Document.QuerySelectorAll(".diff-table del").Select(d => d.TextContent));
        Assert.Contains("Bern", files.Text(".diff-row--added"), StringComparison.Ordinal);
        Assert.Equal("nights", files.Document.QuerySelector(".diff-page strong")!.TextContent);
    }

    [Fact]
    public async Task Nobody_reads_and_is_led_to_sign_in()
    {
        await people.RepoAsync("open");
        await people.RepoAsync("secret", isPrivate: true);
        await people.Erin.SendAsync(await people.Erin.OpenAsync("/erin/open/discussions/new"), "open", ("title", "A question"), ("text", "x"));
        var nobody = people.World.AsNobody();

        var thread = await nobody.PageAsync("/erin/open/discussions/1");

        Assert.Contains("Sign in", thread.TextOf(".thread"), StringComparison.Ordinal);
        Assert.Contains("Community 1", thread.TextOf(".tabs"), StringComparison.Ordinal);
        await nobody.PageAsync("/erin/open/discussions/2", HttpStatusCode.NotFound);
        foreach (var page in new[] { "", "/new", "/1", "/1/files", "/1/conflicts" })
        {
            await nobody.PageAsync($"/erin/secret/discussions{page}", HttpStatusCode.NotFound);
        }
    }

    /// <summary>Erin, whose repositories they are, and Dana, a stranger: both signed in.</summary>
    public sealed class People : IAsyncLifetime
    {
        private const string Password = "correct horse battery";

        public World World { get; private set; } = null!; // set before any test runs

        public PageClient Erin { get; private set; } = null!; // likewise

        public PageClient Dana { get; private set; } = null!; // likewise

        public HttpClient Api { get; private set; } = null!; // likewise

        public string DanaToken { get; private set; } = "";

        public async ValueTask InitializeAsync()
        {
            World = await World.CreateAsync();
            (Erin, Dana) = (await SignedInAsync("erin"), await SignedInAsync("dana"));
            Api = World.Server.With(await TokenAsync("erin"));
            DanaToken = await TokenAsync("dana");
        }

        public async ValueTask DisposeAsync()
        {
            Erin.Dispose();
            Dana.Dispose();
            Api.Dispose();
            await World.DisposeAsync();
        }

        public Task<string> RepoAsync(string name, bool isPrivate = false) => Api.RepoAsync($"erin/{name}", isPrivate);

        private async Task<PageClient> SignedInAsync(string name)
        {
            await World.Server.JoinAsync(name, Password);
            return await World.Server.SignedInAsync(name, Password);
        }

        private Task<string> TokenAsync(string name) => World.UseAsync<Accounts, string>(async accounts =>
        {
            var owner = await World.UseAsync<Namespaces, Namespace?>(namespaces => namespaces.FindAsync(name, CancellationToken.None));
            return await accounts.IssueTokenAsync(owner!.Id, new NewToken("tests", TokenScope.All), CancellationToken.None); // just joined
        });
    }
}
