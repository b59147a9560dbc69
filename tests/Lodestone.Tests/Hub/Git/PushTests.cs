using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub.Git;

/// <summary>Pushes by the real git.</summary>
public sealed class PushTests
{
    private const string Card = "---\nlicense: mit\npipeline_tag: text-generation\ntags:\n- tiny\n---\n# Compass\n";

    [Fact]
    public async Task What_git_pushes_every_route_shows()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        world.Server.Clock.Advance(TimeSpan.FromHours(1));

        await copy.CommitAsync("Add the card", ("README.md", Card), ("deep/er/a.txt", "a"));
        var head = await copy.CommitAsync("Add more\n\nwith a body", ("b.txt", "b"));
        await copy.GitAsync("push", "-q", "origin", "main");

        var info = await alice.JsonAsync("/api/models/alice/compass");
        Assert.Equal(head, Text(info["sha"]));
        Assert.Equal("text-generation", Text(info["pipeline_tag"]));
        Assert.Equal("2026-03-02T10:00:00.000Z", Text(info["lastModified"]));
        Assert.Contains("tiny", info["tags"]!.AsArray().Select(Text));
        Assert.Equal([".gitattributes", "README.md", "b.txt", "deep/er/a.txt"], info["siblings"]!.AsArray().Select(s => Text(s!["rfilename"])));
        Assert.Equal(["alice/compass"], (await alice.JsonAsync("/api/models?filter=tiny")).AsArray().Select(m => Text(m!["id"])));
        Assert.Equal(["Add more", "Add the card", "initial commit"], (await alice.JsonAsync("/api/models/alice/compass/commits/main")).AsArray().Select(c => Text(c!["title"])));
        Assert.Equal("a", await alice.GetStringAsync("/alice/compass/resolve/main/deep/er/a.txt"));
        using var fresh = await WorkingCopy.CloneAsync(world, world.Bob, "alice/compass");
        Assert.Equal(head, await fresh.GitAsync("rev-parse", "HEAD"));
        await (await world.GitAsync("alice/compass")).AssertSoundAsync();
    }

    [Fact]
    public async Task Branches_and_tags_come_move_and_go()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        var first = await copy.CommitAsync("first", ("a", "1"));
        await copy.GitAsync("tag", "-a", "v1", "-m", "version one");
        await copy.GitAsync("tag", "light");

        await copy.GitAsync("push", "-q", "--atomic", "origin", "main", "main:feature/one", "v1", "light");
        var rewritten = await copy.CommitAsync("elsewhere", ("a", "2"));
        await copy.GitAsync("push", "-q", "origin", "main:feature/one");
        await copy.GitAsync("push", "-q", "--force", "origin", $"{first}~1:refs/heads/feature/one");
        await copy.GitAsync("push", "-q", "origin", "--delete", "light");

        Assert.NotEqual(first, rewritten);
        var refs = await alice.JsonAsync("/api/models/alice/compass/refs");
        var root = await copy.GitAsync("rev-parse", $"{first}~1");
        Assert.Equal([$"feature/one {root}", $"main {first}"], refs["branches"]!.AsArray().Select(b => $"{b!["name"]} {b["targetCommit"]}"));
        Assert.Equal([$"v1 {first}"], refs["tags"]!.AsArray().Select(t => $"{t!["name"]} {t["targetCommit"]}"));
        await (await world.GitAsync("alice/compass")).AssertSoundAsync();
    }

    [Theory]
    [InlineData("main cannot be deleted", "--delete", "main")]
    [InlineData("main only moves forward", "--force", "main~1:main")]
    [InlineData("main only moves forward", "--force", "orphan:main")]
    [InlineData("there is no such pull request; open one first", "main:refs/pr/1")]
    [InlineData("only branches, tags and pull requests can be pushed", "main:refs/notes/commits")]
    [InlineData("only branches, tags and pull requests can be pushed", "main:refs/convert/parquet")]
    [InlineData("not a valid name of a branch", "main:refs/heads/-x")]
    [InlineData("a branch must point to a commit", "annotated:refs/heads/tagged")]
    [InlineData("cannot be while refs/heads/main exists", "main:refs/heads/main/sub")]
    [InlineData("another reference of this atomic push was refused", "--atomic", "main:refs/heads/good", "main:refs/pr/1")]
    public async Task A_reference_is_refused_with_a_reason(string reason, params string[] push)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        await copy.CommitAsync("first", ("a", "1"));
        await copy.GitAsync("push", "-q", "origin", "main");
        await copy.GitAsync("tag", "-a", "annotated", "-m", "a tag");
        await copy.GitAsync("branch", "orphan", await copy.GitAsync("commit-tree", "-m", "no parents", "HEAD^{tree}"));
        var before = (await alice.JsonAsync("/api/models/alice/compass/refs")).ToJsonString();

        var (exitCode, said) = await copy.TryAsync(["push", "origin", .. push]);

        Assert.Equal(1, exitCode);
        Assert.Contains("remote rejected", said, StringComparison.Ordinal);
        Assert.Contains(reason, said, StringComparison.Ordinal);
        Assert.Equal(before, (await alice.JsonAsync("/api/models/alice/compass/refs")).ToJsonString());
        await (await world.GitAsync("alice/compass")).AssertSoundAsync();
    }

    [Fact]
    public async Task Without_atomic_the_good_references_of_a_push_move()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        await copy.CommitAsync("first", ("a", "1"));

        var (exitCode, said) = await copy.TryAsync("push", "origin", "main:refs/heads/good", "main:refs/pr/1");

        Assert.Equal(1, exitCode);
        Assert.Contains("* [new branch]      main -> good", said, StringComparison.Ordinal);
        var refs = await alice.JsonAsync("/api/models/alice/compass/refs?include_prs=1");
        Assert.Equal(["good", "main"], refs["branches"]!.AsArray().Select(b => Text(b!["name"])));
        Assert.Empty(refs["pullRequests"]!.AsArray());
    }

    [Fact]
    public async Task Whoever_is_second_must_fetch_first()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        await copy.CommitAsync("by git", ("a", "1"));
        await alice.CommitAsync("alice/compass", ("b", "2"));

        var (_, early) = await copy.TryAsync("push", "origin", "main");
        await copy.GitAsync("pull", "-q", "--rebase");
        await copy.GitAsync("push", "-q", "origin", "main");

        Assert.Contains("fetch first", early, StringComparison.Ordinal);
        Assert.Equal(["by git", "Change files", "initial commit"], (await alice.JsonAsync("/api/models/alice/compass/commits/main")).AsArray().Select(c => Text(c!["title"])));
    }

    [Fact]
    public async Task Of_a_push_and_a_commit_at_once_one_wins_and_none_is_lost()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        var (pushed, refused) = (0, 0);
        for (var round = 0; round < 8; round++)
        {
            await copy.CommitAsync($"by git {round}", ($"git/{round}.txt", "g"));
            var parent = (await alice.JsonAsync("/api/models/alice/compass"))["sha"]!.GetValue<string>();

            var push = copy.TryAsync("push", "origin", "main");
            var commit = alice.PostCommitAsync(
                "/api/models/alice/compass/commit/main", HubCalls.Line("header", new { summary = $"by the API {round}", parentCommit = parent }), HubCalls.FileLine($"api/{round}.txt", "a"u8.ToArray()));
            await Task.WhenAll(push, commit);
            var (exitCode, said) = await push;
            using var answer = await commit;

            Assert.Equal(exitCode == 0 ? 412 : 200, (int)answer.StatusCode);
            Assert.True(exitCode == 0 || said.Contains("fetch first", StringComparison.Ordinal), said);
            _ = exitCode == 0 ? pushed++ : refused++;
            await copy.GitAsync("pull", "-q", "--rebase");
            await copy.GitAsync("push", "-q", "origin", "main");
        }

        Assert.Equal(8, pushed + refused);
        Assert.Equal(8 + refused + 1, (await alice.JsonAsync("/api/models/alice/compass/commits/main")).AsArray().Count);
        await (await world.GitAsync("alice/compass")).AssertSoundAsync();
    }

    [Fact]
    public async Task A_fetch_may_be_shallow_deepened_and_partial()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        for (var i = 0; i < 6; i++)
        {
            await alice.CommitAsync("alice/compass", ("a.txt", $"{i}"), ($"folder/{i}.txt", new string('x', 2000)));
        }

        foreach (var version in (string[])["0", "2"])
        {
            using var shallow = await WorkingCopy.CloneAsync(world, world.Bob, "alice/compass", "-c", $"protocol.version={version}", "--depth=2", "--no-single-branch");
            var before = await shallow.GitAsync("rev-list", "--count", "HEAD");
            await shallow.GitAsync("fetch", "-q", "--deepen=2");
            var deeper = await shallow.GitAsync("rev-list", "--count", "HEAD");
            await shallow.GitAsync("fetch", "-q", "--unshallow");
            using var partial = await WorkingCopy.CloneAsync(world, world.Bob, "alice/compass", "-c", $"protocol.version={version}", "--filter=blob:none", "--no-checkout");
            var missing = await partial.GitAsync("rev-list", "--objects", "--missing=print", "HEAD");
            await partial.GitAsync("checkout", "-q", "main");

            Assert.Equal(("2", "4", "7"), (before, deeper, await shallow.GitAsync("rev-list", "--count", "HEAD")));
            Assert.Equal(8, missing.Split('\n').Count(line => line.StartsWith('?')));
            Assert.Equal("5", await File.ReadAllTextAsync(Path.Combine(partial.Folder, "a.txt")));
            await shallow.GitAsync("fsck", "--full", "--strict");
            await partial.GitAsync("fsck", "--full", "--strict");
        }
    }

    [Fact]
    public async Task A_shallow_clone_pushes_what_it_added()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("a.txt", "1"));
        await alice.CommitAsync("alice/compass", ("a.txt", "2"));
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass", "--depth=1");

        await copy.CommitAsync("added", ("b.txt", "b"));
        await copy.GitAsync("push", "-q", "origin", "main");

        Assert.Equal(4, (await alice.JsonAsync("/api/models/alice/compass/commits/main")).AsArray().Count);
        await (await world.GitAsync("alice/compass")).AssertSoundAsync();
    }

    [Fact]
    public async Task A_push_to_a_data_set_and_to_its_old_name_arrives()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/words", type: "dataset");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "datasets/alice/words.git");
        await copy.CommitAsync("first", ("train.jsonl", "{}\n"));
        await copy.GitAsync("push", "-q", "origin", "main");
        using var moved = await alice.PostAsJsonAsync("/api/repos/move", new { fromRepo = "alice/words", toRepo = "alice/more-words", type = "dataset" });
        moved.EnsureSuccessStatusCode();

        var head = await copy.CommitAsync("second", ("train.jsonl", "{}\n{}\n"));
        await copy.GitAsync("push", "-q", "origin", "main");

        Assert.Equal(head, Text((await alice.JsonAsync("/api/datasets/alice/more-words"))["sha"]));
    }

    [Fact]
    public async Task Only_those_who_may_write_push()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        using var copy = await WorkingCopy.CloneAsync(world, world.Bob, "alice/compass");
        await copy.CommitAsync("first", ("a", "1"));

        var (_, reader) = await copy.TryAsync("push", "origin", "main");
        using var nobody = await world.AsNobody().GetAsync("/alice/compass/info/refs?service=git-receive-pack");
        using var stranger = await world.As(world.Bob).GetAsync("/alice/secret/info/refs?service=git-receive-pack");
        using var unasked = await world.AsNobody().PostAsync("/alice/compass/git-receive-pack", new StringContent("0000"));

        Assert.Contains("403", reader, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, nobody.StatusCode);
        Assert.StartsWith("Basic realm=", nobody.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, stranger.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, unasked.StatusCode);
    }

    [Fact]
    public async Task A_large_push_comes_in_chunks()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        using var copy = await WorkingCopy.CloneAsync(world, world.Alice, "alice/compass");
        var content = new byte[5_000_000];
        new Random(1).NextBytes(content);
        copy.Write("noise.dat", content);
        await copy.CommitAsync("noise");

        await copy.GitAsync("-c", "http.postBuffer=65536", "push", "-q", "origin", "main");

        Assert.Equal(content, await alice.GetByteArrayAsync("/alice/compass/resolve/main/noise.dat"));
    }

    private static string Text(JsonNode? node) => node!.GetValue<string>();
}
