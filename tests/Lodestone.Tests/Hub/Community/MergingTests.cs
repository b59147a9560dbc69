using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lodestone.Hub;
using Lodestone.Tests.Hub.Git;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Hub.Community;

public sealed class MergingTests(CommunityWorld fixture) : IClassFixture<CommunityWorld>
{
    private const string Notes = "one\ntwo\nthree\nfour\nfive\n";

    [Fact]
    public async Task A_draft_is_published_and_merged_as_one_commit_that_names_everybody()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/draft");
        var main = await HeadAsync(alice, repo);

        var number = await carol.OpenAsync(repo, "Say more", "In *short*.", isPullRequest: true);
        var draft = await carol.DiscussionAsync(repo, number, "?diff=1");
        var head = await HeadAsync(alice, repo, "refs/pr/1");
        var empty = await MergeAsync(alice, repo, number);
        await carol.CommitToAsync(repo, "refs/pr/1", "more.txt", "more\n", "Add more").DoneAsync();
        await alice.CommitToAsync(repo, "refs/pr/1", "README.md", "---\nlicense: mit\npipeline_tag: text-generation\n---\n# More\n", "Add a card").DoneAsync();
        var early = await MergeAsync(alice, repo, number);
        await carol.ActAsync(repo, number, "status", new { status = "open" }).DoneAsync();
        var ready = await carol.DiscussionAsync(repo, number, "?diff=1");
        var merged = await alice.ActAsync(repo, number, "merge", new { comment = "Thank you" }).DoneAsync();

        Assert.Equal(("draft", "refs/heads/main", main), (draft.Status(), Text(draft["changes"]!["base"]), head));
        Assert.Empty(draft["filesWithConflicts"]!.AsArray());
        Assert.Equal("409 Pull request 1 is a draft. Publish it first: set its status to \"open\".", empty);
        Assert.Equal(empty, early);
        Assert.Contains("+more", Text(ready["diff"]), StringComparison.Ordinal);
        Assert.Equal(["conflicts passed", "card passed", "licence passed", "files passed"], ready["checks"]!.AsArray().Select(c => $"{c!["name"]} {c["state"]}"));
        var end = await alice.DiscussionAsync(repo, number, "?diff=1");
        Assert.Equal(["comment", "commit", "commit", "status-change", "comment", "status-change"], end.Types());
        Assert.Equal(("merged", Text(merged["mergeCommitId"])), (end.Status(), Text(end["changes"]!["mergeCommitId"])));
        Assert.Equal(Text(ready["diff"]), Text(end["diff"]));
        var commits = (await alice.JsonAsync($"{repo}/commits/main")).AsArray();
        Assert.Equal("Say more (#1) by carol alice", $"{commits[0]!["title"]} by {string.Join(' ', commits[0]!["authors"]!.AsArray().Select(a => Text(a!["user"])))}");
        Assert.Equal(3, commits.Count);
        var info = await alice.JsonAsync(repo);
        Assert.Equal((Text(merged["mergeCommitId"]), "text-generation"), (Text(info["sha"]), Text(info["pipeline_tag"])));
        await (await fixture.World.GitAsync("alice/draft")).AssertSoundAsync();
    }

    [Fact]
    public async Task Changes_of_both_sides_are_merged_line_by_line()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/lines");
        var number = await carol.ProposeAsync(repo, "notes.txt", Notes.Replace("five", "5", StringComparison.Ordinal), "Write five short");
        await alice.CommitAsync("alice/lines", ("notes.txt", Notes.Replace("one", "1", StringComparison.Ordinal)), ("other.txt", "x"));

        var open = await carol.DiscussionAsync(repo, number, "?diff=1");
        var fast = await alice.ActAsync(repo, number, "merge", new { method = "fast-forward" }).OutcomeAsync();
        var merged = await MergeAsync(alice, repo, number);

        Assert.Equal("open", open.Status());
        Assert.Equal(["comment", "commit"], open.Types());
        Assert.DoesNotContain("-one", Text(open["diff"]), StringComparison.Ordinal);
        Assert.StartsWith("409 The base has moved on since.", fast, StringComparison.Ordinal);
        Assert.Equal("200", merged);
        Assert.Equal("1\ntwo\nthree\nfour\n5\n", await alice.GetStringAsync("/alice/lines/resolve/main/notes.txt"));
        Assert.Equal("x", await alice.GetStringAsync("/alice/lines/resolve/main/other.txt"));
        await (await fixture.World.GitAsync("alice/lines")).AssertSoundAsync();
    }

    [Fact]
    public async Task A_conflict_is_named_refused_and_resolved_on_the_reference()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/clash");
        var number = await carol.ProposeAsync(repo, "notes.txt", Notes.Replace("three", "3", StringComparison.Ordinal));
        await alice.CommitAsync("alice/clash", ("notes.txt", Notes.Replace("three", "III", StringComparison.Ordinal)));

        var clash = await carol.DiscussionAsync(repo, number);
        var refused = await MergeAsync(alice, repo, number);
        using var copy = await WorkingCopy.CloneAsync(fixture.World, fixture.World.Carol, "alice/clash");
        await copy.GitAsync("fetch", "-q", "origin", "refs/pr/1");
        await copy.GitAsync("checkout", "-q", "FETCH_HEAD");
        await copy.TryAsync("merge", "-q", "origin/main");
        await copy.CommitAsync("Merge main", ("notes.txt", Notes.Replace("three", "3 (III)", StringComparison.Ordinal)));
        await copy.GitAsync("push", "-q", "origin", "HEAD:refs/pr/1");
        var resolved = await carol.DiscussionAsync(repo, number);
        var merged = await MergeAsync(alice, repo, number);

        Assert.Equal(["notes.txt"], clash["filesWithConflicts"]!.AsArray().Select(Text));
        Assert.Equal("409 It conflicts with its base in notes.txt. Bring the changes of refs/heads/main into refs/pr/1, or edit those files there.", refused);
        Assert.Empty(resolved["filesWithConflicts"]!.AsArray());
        Assert.Equal(["comment", "commit", "commit"], resolved.Types());
        Assert.Equal(("Merge main", "carol"), (Text(resolved["events"]![2]!["data"]!["subject"]), Text(resolved["events"]![2]!["author"]!["name"])));
        Assert.Equal("200", merged);
        Assert.Contains("3 (III)", await alice.GetStringAsync("/alice/clash/resolve/main/notes.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_the_base_renamed_gets_what_a_pull_request_changed_in_it()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/renamed");
        var number = await carol.ProposeAsync(repo, "notes.txt", Notes.Replace("five", "5", StringComparison.Ordinal));
        var clash = await carol.ProposeAsync(repo, "notes.txt", Notes.Replace("one", "I", StringComparison.Ordinal));
        await alice.CommitAsync("alice/renamed", ("notes.txt", null), ("docs/notes.txt", Notes.Replace("one", "1", StringComparison.Ordinal)));

        var refused = await carol.DiscussionAsync(repo, clash);
        var merged = await MergeAsync(alice, repo, number);
        using var old = await alice.GetAsync("/alice/renamed/resolve/main/notes.txt");

        Assert.Equal(["docs/notes.txt"], refused["filesWithConflicts"]!.AsArray().Select(Text));
        Assert.Equal(("200", 404), (merged, (int)old.StatusCode));
        Assert.Equal("1\ntwo\nthree\nfour\n5\n", await alice.GetStringAsync("/alice/renamed/resolve/main/docs/notes.txt"));
        await (await fixture.World.GitAsync("alice/renamed")).AssertSoundAsync();
    }

    [Fact]
    public async Task Of_two_merges_one_wins_and_of_two_pull_requests_both()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/race");
        var first = await carol.ProposeAsync(repo, "a.txt", "a");
        var second = await carol.ProposeAsync(repo, "b.txt", "b");

        var outcomes = await Task.WhenAll(new[] { first, first, second, first, second }.Select(n => MergeAsync(alice, repo, n)));

        Assert.Equal(2, outcomes.Count(o => o == "200"));
        Assert.All(outcomes.Where(o => o != "200"), o => Assert.EndsWith("is merged. Open a new one for further changes.", o, StringComparison.Ordinal));
        Assert.Equal(4, (await alice.JsonAsync($"{repo}/commits/main")).AsArray().Count);
        Assert.Equal("ab", await alice.GetStringAsync("/alice/race/resolve/main/a.txt") + await alice.GetStringAsync("/alice/race/resolve/main/b.txt"));
        await (await fixture.World.GitAsync("alice/race")).AssertSoundAsync();
    }

    [Fact]
    public async Task Merged_fast_forward_the_commits_stay_as_they_are()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/forward");
        var number = await carol.ProposeAsync(repo, "a.txt", "a", "Add a");
        await carol.CommitToAsync(repo, "refs/pr/1", "b.txt", "b", "Add b").DoneAsync();
        var head = await HeadAsync(alice, repo, "refs/pr/1");

        var merged = await alice.ActAsync(repo, number, "merge", new { method = "fast-forward" }).DoneAsync();

        Assert.Equal((head, head), (Text(merged["mergeCommitId"]), await HeadAsync(alice, repo)));
        Assert.Equal(["Add b", "Add a"], (await alice.JsonAsync($"{repo}/commits/main")).AsArray().Take(2).Select(c => Text(c!["title"])));
        Assert.Contains("b.txt", Text((await alice.DiscussionAsync(repo, number, "?diff=1"))["diff"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Git_pushes_to_a_pull_request_of_ones_own_and_to_no_other()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/pushed");
        await carol.OpenAsync(repo, "By Carol", isPullRequest: true);
        await alice.OpenAsync(repo, "By Alice", isPullRequest: true);
        await carol.OpenAsync(repo, "No pull request");
        using var copy = await WorkingCopy.CloneAsync(fixture.World, fixture.World.Carol, "alice/pushed");
        await copy.CommitAsync("First", ("a.txt", "a"));
        await copy.CommitAsync("Second", ("b.txt", "b"));

        var own = await copy.TryAsync("push", "origin", "HEAD:refs/pr/1");
        var rewritten = await copy.CommitAsAsync("carol", DateTimeOffset.UnixEpoch.AddYears(50), "commit", "-q", "--amend", "-m", "Second, better");
        var forced = await copy.TryAsync("push", "--force", "origin", "HEAD:refs/pr/1");
        var others = await copy.TryAsync("push", "origin", "HEAD:refs/pr/2");
        var none = await copy.TryAsync("push", "origin", "HEAD:refs/pr/3");
        var main = await copy.TryAsync("push", "origin", "HEAD:main");
        var gone = await copy.TryAsync("push", "origin", "--delete", "refs/pr/1");
        using var writers = await WorkingCopy.CloneAsync(fixture.World, fixture.World.Alice, "alice/pushed");
        await writers.GitAsync("fetch", "-q", "origin", "refs/pr/1:refs/heads/one");
        await writers.GitAsync("checkout", "-q", "one");
        await writers.CommitAsync("Third", ("c.txt", "c"));
        var writer = await writers.TryAsync("push", "origin", "HEAD:refs/pr/1");
        await carol.ActAsync(repo, 1, "status", new { status = "closed" }).DoneAsync();
        var closed = await writers.TryAsync("push", "--force", "origin", "HEAD~1:refs/pr/1");

        Assert.Equal([0, 0, 0], [own.ExitCode, forced.ExitCode, writer.ExitCode]);
        Assert.Contains("not yours to change", others.Said, StringComparison.Ordinal);
        Assert.Contains("there is no such pull request", none.Said, StringComparison.Ordinal);
        Assert.Contains("your own pull requests alone", main.Said, StringComparison.Ordinal);
        Assert.Contains("not deleted by pushing", gone.Said, StringComparison.Ordinal);
        Assert.Contains("it is closed or merged", closed.Said, StringComparison.Ordinal);
        var events = (await carol.DiscussionAsync(repo, 1))["events"]!.AsArray().Where(e => Text(e!["type"]) == "commit");
        Assert.Equal(["First carol", "Second carol", "Second, better carol", "Third alice"], events.Select(e => $"{e!["data"]!["subject"]} {e["author"]!["name"]}"));
        Assert.Equal("409 Pull request 1 is closed. Open it again before you add to it.", await carol.CommitToAsync(repo, "refs/pr/1", "x.txt", "x").OutcomeAsync());
        Assert.NotEmpty(rewritten);
    }

    [Fact]
    public async Task A_large_file_that_came_with_a_pull_request_stays_after_the_merge()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/large");
        var weights = RandomNumberGenerator.GetBytes(3000);
        var oid = Convert.ToHexStringLower(SHA256.HashData(weights));
        var asked = await carol.PostAsJsonAsync("/alice/large.git/info/lfs/objects/batch", new { operation = "upload", objects = new[] { new { oid, size = weights.Length } } }).DoneAsync();
        using var sent = await fixture.Nobody.PutAsync(new Uri(Text(asked["objects"]![0]!["actions"]!["upload"]!["href"])), new ByteArrayContent(weights));
        await carol.PostCommitAsync($"{repo}/commit/main?create_pr=1", HubCalls.Line("header", new { summary = "Add weights" }), HubCalls.Line("lfsFile", new { path = "a.bin", algo = "sha256", oid, size = weights.Length })).DoneAsync();

        var checks = (await alice.DiscussionAsync(repo, 1))["checks"]!.AsArray();
        var merged = await MergeAsync(alice, repo, 1);
        using var withRef = await alice.DeleteAsync($"{repo}/discussions/1/ref");
        var bytes = await fixture.Nobody.GetByteArrayAsync("/alice/large/resolve/main/a.bin");

        Assert.Contains("Its large file is here.", checks.Select(c => Text(c!["message"])));
        Assert.Equal(("200", 200), (merged, (int)withRef.StatusCode));
        Assert.Equal(weights, bytes);
        Assert.Empty((await alice.JsonAsync($"{repo}/refs?include_prs=1"))["pullRequests"]!.AsArray());
        Assert.Equal("merged", (await alice.DiscussionAsync(repo, 1, "?diff=1")).Status());
    }

    [Fact]
    public async Task What_is_closed_is_opened_again_while_its_commits_are_there()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/again");
        await carol.ProposeAsync(repo, "a.txt", "a");

        var early = await carol.DeleteAsync($"{repo}/discussions/1/ref").OutcomeAsync();
        await carol.ActAsync(repo, 1, "status", new { status = "closed" }).DoneAsync();
        var closed = await MergeAsync(alice, repo, 1);
        await carol.ActAsync(repo, 1, "status", new { status = "open" }).DoneAsync();
        var twice = await carol.ActAsync(repo, 1, "status", new { status = "open" }).OutcomeAsync();
        await carol.ActAsync(repo, 1, "status", new { status = "closed" }).DoneAsync();
        await carol.DeleteAsync($"{repo}/discussions/1/ref").OutcomeAsync();
        var late = await carol.ActAsync(repo, 1, "status", new { status = "open" }).OutcomeAsync();
        var talk = await alice.ActAsync(repo, await alice.OpenAsync(repo, "Just talk"), "merge").OutcomeAsync();

        Assert.Equal("409 Close the pull request first. Without its reference it has no commits.", early);
        Assert.Equal("409 Pull request 1 is closed. Open it again before you add to it.", closed);
        Assert.Equal("409 The pull request is open already.", twice);
        Assert.Equal("409 refs/pr/1 was deleted, and its commits with it. Open a new pull request.", late);
        Assert.Equal("400 This is a discussion. Only pull requests can be merged.", talk);
    }

    [Fact]
    public async Task What_main_has_already_is_not_merged_twice()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/twice");
        var same = await carol.ProposeAsync(repo, "a.txt", "a");
        var pushed = await carol.ProposeAsync(repo, "b.txt", "b");
        await alice.CommitAsync("alice/twice", ("a.txt", "a"));
        using var copy = await WorkingCopy.CloneAsync(fixture.World, fixture.World.Alice, "alice/twice");
        await copy.GitAsync("fetch", "-q", "origin", "refs/pr/2");
        await copy.GitAsync("merge", "-q", "FETCH_HEAD", "-m", "Merge by hand");
        await copy.GitAsync("push", "-q", "origin", "HEAD:main");
        var main = await HeadAsync(alice, repo);

        var nothing = await MergeAsync(alice, repo, same);
        var already = await MergeAsync(alice, repo, pushed);

        Assert.Equal("409 refs/heads/main has everything that this pull request changes. Close it.", nothing);
        Assert.Equal(("200", "merged", main), (already, (await alice.DiscussionAsync(repo, pushed)).Status(), await HeadAsync(alice, repo)));
    }

    [Fact]
    public async Task A_merge_that_was_cut_off_after_the_base_had_moved_is_known_for_one()
    {
        var (alice, carol) = (fixture.Alice, fixture.Carol);
        var repo = await alice.RepoAsync("alice/cutoff");
        var number = await carol.ProposeAsync(repo, "a.txt", "a");
        var made = Text((await alice.ActAsync(repo, number, "merge", new { }).DoneAsync())["mergeCommitId"]);
        var asBefore = await fixture.World.UseAsync<HubDb, int>(async db =>
        {
            var id = await db.Repos.Where(r => r.PathLower == "alice/cutoff").Select(r => r.Id).SingleAsync();
            return await db.WriteAsync(
                cancel => db.Discussions.Where(d => d.RepoId == id).ExecuteUpdateAsync(d => d.SetProperty(x => x.Status, DiscussionStatus.Open), cancel), CancellationToken.None);
        });

        var listed = (await alice.JsonAsync($"{repo}/discussions?status=open"))["discussions"]!.AsArray().Count;
        var found = await carol.DiscussionAsync(repo, number);
        var again = await MergeAsync(alice, repo, number);

        Assert.Equal((1, 1), (asBefore, listed));
        Assert.Equal(("merged", made), (found.Status(), Text(found["changes"]!["mergeCommitId"])));
        Assert.Equal("409 Pull request 1 is merged. Open a new one for further changes.", again);
        Assert.Equal(made, await HeadAsync(alice, repo));
    }

    private static Task<string> MergeAsync(HttpClient client, string repo, long number) => client.PostAsync($"{repo}/discussions/{number}/merge", null).OutcomeAsync();

    private static async Task<string> HeadAsync(HttpClient client, string repo, string revision = "main") => Text((await client.JsonAsync($"{repo}/revision/{Uri.EscapeDataString(revision)}"))["sha"]);

    private static string Text(JsonNode? node) => node!.GetValue<string>();
}
