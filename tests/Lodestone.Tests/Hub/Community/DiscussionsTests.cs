using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;

namespace Lodestone.Tests.Hub.Community;

public sealed class DiscussionsTests(CommunityWorld fixture) : IClassFixture<CommunityWorld>
{
    [Fact]
    public async Task A_discussion_goes_from_its_first_comment_to_its_end_and_others_hear_of_it()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/story");
        var repoId = RepoId(await alice.JsonAsync(repo));

        var number = await carol.OpenAsync(repo, " How was it trained?  ", "I **wonder**. <script>alert(1)</script>");
        var opened = await fixture.Nobody.DiscussionAsync(repo, number);
        var again = await fixture.Nobody.DiscussionAsync(repo, number);
        var comment = (await alice.ActAsync(repo, number, "comment", new { comment = "On *maps*." }).DoneAsync())["newMessage"]!;
        var renamed = (await carol.ActAsync(repo, number, "title", new { title = "How it was trained" }).DoneAsync())["newTitle"]!;
        var closed = (await carol.ActAsync(repo, number, "status", new { status = "closed", comment = "Thanks" }).DoneAsync())["newStatus"]!;

        Assert.Equal((1, "How was it trained?", "open", false), (number, Text(opened["title"]), opened.Status(), opened["isPullRequest"]!.GetValue<bool>()));
        Assert.Equal(("carol", "user", "alice/story", "model"), (Text(opened["author"]!["name"]), Text(opened["author"]!["type"]), Text(opened["repo"]!["name"]), Text(opened["repo"]!["type"])));
        Assert.Equal(opened.ToJsonString(), again.ToJsonString());
        Assert.Null(opened["changes"]);
        Assert.Contains("<strong>wonder</strong>", Text(opened["events"]![0]!["data"]!["latest"]!["html"]), StringComparison.Ordinal);
        Assert.DoesNotContain("<script", Text(opened["events"]![0]!["data"]!["latest"]!["html"]), StringComparison.Ordinal);
        Assert.Equal(("On *maps*.", "How it was trained", "How was it trained?", "closed"), (Text(comment["data"]!["latest"]!["raw"]), Text(renamed["data"]!["to"]), Text(renamed["data"]!["from"]), Text(closed["data"]!["status"])));
        var end = await carol.DiscussionAsync(repo, number);
        Assert.Equal(["comment", "comment", "title-change", "comment", "status-change"], end.Types());
        Assert.Equal(("closed", 3), (end.Status(), end["numComments"]!.GetValue<int>()));
        Assert.Equal(comment.ToJsonString(), end["events"]![1]!.ToJsonString());
        await Eventually.TrueAsync(() => Task.FromResult(fixture.Heard.Of(repoId).Count == 6));
        Assert.Equal(
            ["comment 1 Create", "comment 1 Create", "comment 1 Create", "discussion 1 Create", "discussion 1 Update", "discussion 1 Update"],
            fixture.Heard.Of(repoId));
    }

    [Fact]
    public async Task A_comment_keeps_its_history_until_it_is_hidden_for_good()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/words");
        var number = await carol.OpenAsync(repo, "A question", "first");
        var id = (await carol.DiscussionAsync(repo, number)).CommentId();

        var edited = (await carol.ActAsync(repo, number, $"comment/{id}/edit", new { content = "second" }).DoneAsync())["updatedComment"]!;
        var read = (await carol.DiscussionAsync(repo, number))["events"]![0]!;
        var byOwner = await alice.ActAsync(repo, number, $"comment/{id}/edit", new { content = "theirs" }).OutcomeAsync();
        var hidden = (await alice.ActAsync(repo, number, $"comment/{id.ToUpperInvariant()}/hide").DoneAsync())["updatedComment"]!;
        var late = await carol.ActAsync(repo, number, $"comment/{id}/edit", new { content = "third" }).OutcomeAsync();

        Assert.Equal(read.ToJsonString(), edited.ToJsonString());
        Assert.Equal((true, false, "second", 1), (edited["data"]!["edited"]!.GetValue<bool>(), edited["data"]!["hidden"]!.GetValue<bool>(), Text(edited["data"]!["latest"]!["raw"]), edited["data"]!["numEdits"]!.GetValue<int>()));
        Assert.Equal(["first"], edited["data"]!["history"]!.AsArray().Select(h => Text(h!["raw"])));
        Assert.Equal("403 A comment can be edited by who wrote it.", byOwner);
        Assert.Equal((true, "", "alice"), (hidden["data"]!["hidden"]!.GetValue<bool>(), Text(hidden["data"]!["latest"]!["raw"]), Text(hidden["data"]!["hiddenBy"])));
        Assert.Empty(hidden["data"]!["history"]!.AsArray());
        Assert.Equal("409 The comment is hidden, which cannot be undone.", late);
        Assert.DoesNotContain("second", (await carol.DiscussionAsync(repo, number)).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reactions_count_each_person_once()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/signs");
        var number = await carol.OpenAsync(repo, "A question");
        var id = (await carol.DiscussionAsync(repo, number)).CommentId();

        foreach (var client in new[] { alice, carol, carol })
        {
            await client.ActAsync(repo, number, $"comment/{id}/reaction", new { reaction = "👍" }).DoneAsync();
        }

        await alice.ActAsync(repo, number, $"comment/{id}/reaction", new { reaction = "🚀" }).DoneAsync();
        var wrong = await alice.ActAsync(repo, number, $"comment/{id}/reaction", new { reaction = "<b>" }).OutcomeAsync();
        var both = (await alice.DiscussionAsync(repo, number))["events"]![0]!["data"]!["reactions"]!.AsArray();
        using var back = new HttpRequestMessage(HttpMethod.Delete, $"{repo}/discussions/{number}/comment/{id}/reaction") { Content = JsonContent.Create(new { reaction = "👍" }) };
        await alice.SendAsync(back).DoneAsync();

        Assert.Equal(["👍 2 alice carol", "🚀 1 alice"], both.Select(r => $"{Text(r!["reaction"])} {r["count"]} {string.Join(' ', r["users"]!.AsArray().Select(Text).Order(StringComparer.Ordinal))}"));
        Assert.StartsWith("400 \"reaction\" must be one of", wrong, StringComparison.Ordinal);
        var item = (await alice.JsonAsync($"{repo}/discussions"))["discussions"]![0]!;
        Assert.Equal((2, 2), (item["numReactionUsers"]!.GetValue<int>(), item["topReactions"]!.AsArray().Count));
    }

    [Fact]
    public async Task A_list_is_newest_first_in_pages_and_takes_filters()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/many");
        for (var i = 1; i <= 51; i++)
        {
            await (i % 2 == 0 ? alice : carol).OpenAsync(repo, $"Question {i} Über");
        }

        await carol.OpenAsync(repo, "A draft", isPullRequest: true);
        fixture.World.Server.Clock.Advance(TimeSpan.FromMinutes(1));
        await carol.ActAsync(repo, 3, "status", new { status = "closed" }).DoneAsync();

        var first = await fixture.Nobody.JsonAsync($"{repo}/discussions");
        var second = await fixture.Nobody.JsonAsync($"{repo}/discussions?p=1");
        Assert.Equal((52, 0, 50, 1), (first["count"]!.GetValue<int>(), first["start"]!.GetValue<int>(), first["discussions"]!.AsArray().Count, first["numClosedDiscussions"]!.GetValue<int>()));
        Assert.StartsWith("52 51 50 ", Numbers(first), StringComparison.Ordinal);
        Assert.Equal((50, "2 1"), (second["start"]!.GetValue<int>(), Numbers(second)));
        Assert.Equal("52", Numbers(await alice.JsonAsync($"{repo}/discussions?type=pull_request&status=open")));
        Assert.Equal("3", Numbers(await alice.JsonAsync($"{repo}/discussions?status=closed")));
        Assert.Equal(25, (await alice.JsonAsync($"{repo}/discussions?author=Alice&type=discussion"))["count"]!.GetValue<int>());
        Assert.Empty(Numbers(await alice.JsonAsync($"{repo}/discussions?author=unknown")));
        Assert.Equal("17", Numbers(await alice.JsonAsync($"{repo}/discussions?search=QUESTION+17+%C3%9CBER")));
        Assert.StartsWith("3 52 ", Numbers(await alice.JsonAsync($"{repo}/discussions?sort=recently-updated")), StringComparison.Ordinal);
        Assert.Equal("""400 "status" must be one of [all, open, closed]""", await alice.GetAsync($"{repo}/discussions?status=merged").OutcomeAsync());
    }

    [Theory]
    [InlineData("ab", "A title has 3 to 200 characters.")]
    [InlineData("", "A title has 3 to 200 characters.")]
    [InlineData("LONG", "A title has 3 to 200 characters.")]
    public async Task A_title_has_bounds(string title, string says)
    {
        var repo = "/api/models/alice/titles";
        if (!(await fixture.Alice.GetAsync(repo)).IsSuccessStatusCode)
        {
            await fixture.Alice.RepoAsync("alice/titles");
        }

        var given = title is "LONG" ? new string('x', 201) : title;

        Assert.Equal($"400 {says}", await fixture.Carol.PostAsJsonAsync($"{repo}/discussions", new { title = given, description = "x" }).OutcomeAsync());
    }

    [Fact]
    public async Task Who_may_do_what()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/rights");
        var own = await carol.OpenAsync(repo, "By Carol");
        var other = await alice.OpenAsync(repo, "By Alice");
        var comment = (await alice.DiscussionAsync(repo, other)).CommentId();

        async Task<string> AllAsync(long number, string act, object? body) => string.Join(' ', await Task.WhenAll(((string[])["nobody", "bob", "carol"]).Select(async who =>
        {
            using var answer = await fixture.Of(who).ActAsync(repo, number, act, body);
            return (int)answer.StatusCode;
        })));

        Assert.Equal("401 403 200", await AllAsync(other, "comment", new { comment = "x" }));
        Assert.Equal("401 403 403", await AllAsync(other, $"comment/{comment}/edit", new { content = "x" }));
        Assert.Equal("401 403 403", await AllAsync(other, $"comment/{comment}/hide", null));
        Assert.Equal("401 403 200", await AllAsync(other, $"comment/{comment}/reaction", new { reaction = "👀" }));
        Assert.Equal("401 403 403", await AllAsync(other, "title", new { title = "Other" }));
        Assert.Equal("401 403 200", await AllAsync(own, "title", new { title = "Other" }));
        Assert.Equal("401 403 403", await AllAsync(other, "status", new { status = "closed" }));
        Assert.Equal("401 403 200", await AllAsync(own, "status", new { status = "closed" }));
        Assert.Equal("401 403 403", await AllAsync(own, "pin", new { pinned = true }));
        Assert.Equal("401 403 403", await AllAsync(own, "lock", new { locked = true }));
        Assert.Equal("401 403 403", await AllAsync(own, "merge", null));
        Assert.Equal("404 alice/rights has no discussion 9.", await carol.ActAsync(repo, 9, "comment", new { comment = "x" }).OutcomeAsync());
        Assert.Equal("403", (await carol.DeleteAsync($"{repo}/discussions/{other}").OutcomeAsync())[..3]);
        Assert.Equal("200", await carol.DeleteAsync($"{repo}/discussions/{own}").OutcomeAsync());
        Assert.Equal("404 alice/rights has no discussion 1.", await alice.GetAsync($"{repo}/discussions/{own}").OutcomeAsync());
        Assert.Equal(3, await alice.OpenAsync(repo, "A later one"));
    }

    [Fact]
    public async Task What_is_locked_or_disabled_takes_words_of_writers_only()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/quiet");
        var number = await carol.OpenAsync(repo, "By Carol");
        await alice.ActAsync(repo, number, "pin", new { pinned = true }).DoneAsync();
        await alice.ActAsync(repo, number, "lock", new { locked = true }).DoneAsync();
        await alice.ActAsync(repo, number, "lock", new { locked = true }).DoneAsync();

        var locked = await carol.ActAsync(repo, number, "comment", new { comment = "x" }).OutcomeAsync();
        var renamed = await carol.ActAsync(repo, number, "title", new { title = "Another" }).OutcomeAsync();
        await alice.ActAsync(repo, number, "comment", new { comment = "The last word" }).DoneAsync();
        await alice.PutAsJsonAsync($"{repo}/settings", new { discussionsDisabled = true }).DoneAsync();
        var disabled = await carol.PostAsJsonAsync($"{repo}/discussions", new { title = "More", description = "x" }).OutcomeAsync();
        var proposed = await carol.PostCommitAsync($"{repo}/commit/main?create_pr=1", HubCalls.Line("header", new { summary = "More" })).OutcomeAsync();
        var read = await fixture.Nobody.DiscussionAsync(repo, number);

        Assert.Equal("403 This discussion is locked: only those who may change the repository can write in it.", locked);
        Assert.Equal(locked, renamed);
        Assert.Equal("403 Discussions and pull requests are disabled for alice/quiet.", disabled);
        Assert.Equal(disabled, proposed);
        Assert.Equal(["comment", "pinning-change", "locking-change", "comment"], read.Types());
        Assert.Equal((true, true), (read["pinned"]!.GetValue<bool>(), read["locked"]!.GetValue<bool>()));
        Assert.Equal(2, await alice.OpenAsync(repo, "By Alice"));
    }

    [Fact]
    public async Task Discussions_of_a_private_repository_are_not_there()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/hidden", isPrivate: true);
        var number = await alice.OpenAsync(repo, "Among us");

        foreach (var (client, status) in new[] { (fixture.Nobody, "401"), (carol, "404"), (fixture.Bob, "404") })
        {
            Assert.Equal($"{status} Repository not found", await client.GetAsync($"{repo}/discussions").OutcomeAsync());
            Assert.Equal($"{status} Repository not found", await client.GetAsync($"{repo}/discussions/{number}").OutcomeAsync());
            Assert.Equal($"{status} Repository not found", await client.ActAsync(repo, number, "comment", new { comment = "x" }).OutcomeAsync());
        }

        Assert.Equal(1, (await alice.JsonAsync($"{repo}/discussions"))["count"]!.GetValue<int>());
    }

    private static Guid RepoId(JsonNode info) => PublicId.TryParseHub(Text(info["_id"]), out var id) ? id : throw new InvalidOperationException("No id.");

    private static string Numbers(JsonNode list) => string.Join(' ', list["discussions"]!.AsArray().Select(d => d!["num"]));

    private static string Text(JsonNode? node) => node!.GetValue<string>();
}
