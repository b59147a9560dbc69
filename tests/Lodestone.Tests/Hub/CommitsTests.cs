using System.Net;
using System.Net.Http.Json;
using System.Text;

namespace Lodestone.Tests.Hub;

public sealed class CommitsTests
{
    private static readonly string Header = HubCalls.Line("header", new { summary = "Change" });

    [Theory]
    [InlineData("main", """{"key":"deletedFile","value":{"path":"nope"}}""", 404, "A file with this name doesn't exist")]
    [InlineData("main", """{"key":"deletedFolder","value":{"path":"nope/"}}""", 404, "A file with this name doesn't exist")]
    [InlineData("main", """{"key":"file","value":{"path":"../x","content":""}}""", 422, "cannot be a path")]
    [InlineData("main", """{"key":"file","value":{"path":"a/.git/config","content":""}}""", 422, "cannot be a path")]
    [InlineData("main", """{"key":"file","value":{"path":"a\\b","content":""}}""", 422, "cannot be a path")]
    [InlineData("main", """{"key":"file","value":{"path":"folder","content":""}}""", 422, "it is a folder")]
    [InlineData("main", """{"key":"file","value":{"path":"a.txt/b","content":""}}""", 422, "a part of it is a file")]
    [InlineData("main", """{"key":"file","value":{"path":"x","content":"?","encoding":"base64"}}""", 400, "not valid base64, in line 2")]
    [InlineData("main", """{"key":"file","value":{"path":"x"}}""", 400, "is missing, in line 2")]
    [InlineData("main", """{"key":"file","value":{"path":"x","content":"\ud800"}}""", 400, "not valid Unicode, in line 2")]
    [InlineData("main", """{"key":"rename","value":{"path":"x"}}""", 400, "is not a known key, in line 2")]
    [InlineData("main", """{"key":"lfsFile","value":{"path":"x","oid":"12"}}""", 400, "must be a SHA-256")]
    [InlineData("main", """{"key":"file","value":""", 400, "Line 2 of the commit is not valid JSON at position")]
    [InlineData("main", """{"key":"file","value":{"path":"README.md","content":"---\na: [\n---\n"}}""", 400, "Invalid metadata in README.md")]
    [InlineData("nope", """{"key":"file","value":{"path":"x","content":""}}""", 404, "Invalid rev id: nope")]
    [InlineData("refs%2Ftags%2Fv1", """{"key":"file","value":{"path":"x","content":""}}""", 404, "Invalid rev id: refs/tags/v1")]
    public async Task A_bad_change_is_refused_and_changes_nothing(string revision, string line, int status, string fragment)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var head = await alice.CommitAsync("alice/compass", ("a.txt", "a"), ("folder/b.txt", "b"));

        using var answer = await alice.PostCommitAsync($"/api/models/alice/compass/commit/{revision}", Header, line);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Contains(fragment, System.Text.RegularExpressions.Regex.Unescape(await answer.Content.ReadAsStringAsync()), StringComparison.Ordinal);
        Assert.Equal(head, (await alice.JsonAsync("/api/models/alice/compass"))["sha"]!.GetValue<string>());
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(world.Server.DataDirectory, "repositories"), "tmp_*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Changes_apply_in_order()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("a.txt", "a"), ("folder/b.txt", "b"), ("folder/c.txt", "c"));

        await alice.CommitAsync(
            "alice/compass",
            [
                HubCalls.Line("deletedFolder", new { path = "folder/" }),
                HubCalls.Line("file", new { path = "folder", content = "now a file" }),
                HubCalls.Line("deletedFile", new { path = "a.txt" }),
                HubCalls.FileLine("a.txt", "again"u8.ToArray()),
                HubCalls.Line("copyFile", new { path = "deep/copy.txt", srcPath = "a.txt" }),
            ]);

        var files = (await alice.JsonAsync("/api/models/alice/compass"))["siblings"]!.AsArray().Select(s => s!["rfilename"]!.GetValue<string>());
        Assert.Equal([".gitattributes", "a.txt", "deep/copy.txt", "folder"], files);
        Assert.Equal("again", await alice.GetStringAsync("/alice/compass/resolve/main/a.txt"));
        Assert.Equal("a", await alice.GetStringAsync("/alice/compass/resolve/main/deep/copy.txt"));
    }

    [Fact]
    public async Task An_old_client_commits_with_one_json_object()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("a.txt", "a"), ("b.txt", "b"));
        var commit = new
        {
            summary = "All at once",
            description = (string?)null,
            files = new object[] { new { path = "a.txt", content = "bmV3", encoding = "base64" }, new { path = "c.txt", content = "c" } },
            lfsFiles = Array.Empty<object>(),
            deletedEntries = new[] { new { path = "b.txt" } },
        };

        using var answer = await alice.PostAsJsonAsync("/api/models/alice/compass/commit/main", commit);
        using var broken = await alice.PostAsJsonAsync("/api/models/alice/compass/commit/main", new { summary = "x", files = new[] { "a.txt" } });

        Assert.True((await answer.OkAsync())["success"]!.GetValue<bool>());
        Assert.Equal(400, (int)broken.StatusCode);
        var files = (await alice.JsonAsync("/api/models/alice/compass"))["siblings"]!.AsArray().Select(s => s!["rfilename"]!.GetValue<string>());
        Assert.Equal([".gitattributes", "a.txt", "c.txt"], files);
        Assert.Equal("new", await alice.GetStringAsync("/alice/compass/resolve/main/a.txt"));
        Assert.Equal("All at once", (await alice.JsonAsync("/api/models/alice/compass/commits/main"))[0]!["title"]!.GetValue<string>());
    }

    [Fact]
    public async Task Commits_at_the_same_time_all_land()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");

        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => alice.CommitAsync("alice/compass", ($"folder/{i}.txt", $"{i}"), ("README.md", $"---\ntags: [t{i}]\n---\n"))));

        var info = await alice.JsonAsync("/api/models/alice/compass");
        Assert.Equal(14, info["siblings"]!.AsArray().Count);
        using var commits = await alice.GetAsync("/api/models/alice/compass/commits/main?limit=1");
        Assert.Equal("13", commits.Headers.GetValues("X-Total-Count").Single());
        var readme = await alice.GetStringAsync("/alice/compass/resolve/main/README.md");
        Assert.Contains($"[{info["tags"]![0]}]", readme, StringComparison.Ordinal);
        Assert.Equal(info["tags"]!.ToJsonString(), (await alice.JsonAsync("/api/models"))[0]!["tags"]!.ToJsonString());
    }

    [Fact]
    public async Task A_commit_on_an_old_parent_is_refused()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var first = await alice.CommitAsync("alice/compass", ("a.txt", "1"));
        var second = await alice.CommitAsync("alice/compass", ("a.txt", "2"));

        using var late = await alice.PostCommitAsync("/api/models/alice/compass/commit/main", HubCalls.Line("header", new { summary = "x", parentCommit = first }), HubCalls.FileLine("b", []));
        using var right = await alice.PostCommitAsync("/api/models/alice/compass/commit/main", HubCalls.Line("header", new { summary = "x", parentCommit = second[..7] }), HubCalls.FileLine("b", []));

        Assert.Equal(HttpStatusCode.PreconditionFailed, late.StatusCode);
        Assert.Contains("The branch was updated since you opened this page. Please refresh and try again.", await late.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, right.StatusCode);
    }

    [Fact]
    public async Task A_file_that_belongs_in_large_storage_is_not_taken_inline()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var limit = new byte[10 * 1024 * 1024];

        await alice.CommitAsync("alice/compass", [HubCalls.FileLine("just.txt", limit)]);
        using var over = await alice.PostCommitAsync("/api/models/alice/compass/commit/main", Header, HubCalls.FileLine("over.txt", [.. limit, 0]));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, over.StatusCode);
        Assert.Contains("Upload it through large file storage", await over.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preupload_tells_how_each_file_travels_and_what_is_there_already()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CommitAsync("alice/compass", ("a.txt", "hello"), (".gitignore", "*.log\nbuild/\n!keep.log\n"));

        var answer = await alice.PostAsJsonAsync("/api/models/alice/compass/preupload/main", new
        {
            files = new[]
            {
                File("a.txt", 5, "hello"u8), File("model.bin", 4, "abcd"u8), File("big.txt", 9 << 20, "text"u8), File("huge.txt", 11 << 20, "text"u8), File("x.lfs.txt", 1 << 20, "text"u8),
                File("weights", 4 << 20, [0, 1, 2]), File("æ.txt", 600, Encoding.UTF8.GetBytes("æ" + new string('x', 510)).AsSpan(0, 511)), File("e.bin", 0, []),
                File("x.log", 5, "hello"u8), File("build/y", 5, "hello"u8), File("keep.log", 5, "hello"u8),
            },
        });

        var files = (await answer.OkAsync())["files"]!.AsArray().Select(f => $"{f!["path"]} {f["uploadMode"]} {f["shouldIgnore"]} {f["oid"]}".TrimEnd());
        Assert.Equal(
            [
                "a.txt regular false b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0", "model.bin lfs false", "big.txt regular false", "huge.txt lfs false", "x.lfs.txt lfs false",
                "weights lfs false", "æ.txt regular false", "e.bin regular false", "x.log regular true", "build/y regular true", "keep.log regular false",
            ],
            files);
        answer.Dispose();

        static object File(string path, int size, ReadOnlySpan<byte> sample) => new { path, size, sample = Convert.ToBase64String(sample) };
    }

    [Fact]
    public async Task Branches_and_tags_are_made_listed_and_deleted()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        var head = await alice.CommitAsync("alice/compass", ("a.txt", "1"));
        const string Repo = "/api/models/alice/compass";

        Assert.Equal(200, await Status(alice.PostAsync($"{Repo}/branch/dev%2Fone", null)));
        Assert.Equal(409, await Status(alice.PostAsync($"{Repo}/branch/dev%2Fone", null)));
        Assert.Equal(200, await Status(alice.PostAsJsonAsync($"{Repo}/branch/empty", new { emptyBranch = true })));
        Assert.Equal(404, await Status(alice.PostAsJsonAsync($"{Repo}/branch/other", new { startingPoint = "nope" })));
        Assert.Equal(400, await Status(alice.PostAsync($"{Repo}/branch/refs%2Fpr%2F1", null)));
        Assert.Equal(200, await Status(alice.PostAsJsonAsync($"{Repo}/tag/main", new { tag = "v1", message = "First" })));
        Assert.Equal(409, await Status(alice.PostAsJsonAsync($"{Repo}/tag/main", new { tag = "v1" })));
        Assert.Equal(403, await Status(alice.DeleteAsync($"{Repo}/branch/main")));
        Assert.Equal(404, await Status(alice.DeleteAsync($"{Repo}/branch/v1")));
        var refs = await alice.JsonAsync($"{Repo}/refs");
        Assert.Equal(["dev/one", "empty", "main"], refs["branches"]!.AsArray().Select(b => b!["name"]!.GetValue<string>()));
        Assert.Equal(head, refs["tags"]![0]!["targetCommit"]!.GetValue<string>());
        Assert.Empty((await alice.JsonAsync($"{Repo}/tree/empty")).AsArray());
        Assert.Equal(200, await Status(alice.PostAsJsonAsync($"{Repo}/branch/empty", new { overwrite = true })));
        Assert.Empty((await alice.JsonAsync($"{Repo}/tree/empty")).AsArray());
        Assert.Equal(200, await Status(alice.PostAsJsonAsync($"{Repo}/branch/empty", new { overwrite = true, startingPoint = "main" })));
        Assert.Equal(2, (await alice.JsonAsync($"{Repo}/tree/empty")).AsArray().Count);
        Assert.Equal(200, await Status(alice.DeleteAsync($"{Repo}/branch/dev%2Fone")));
        Assert.Equal(200, await Status(alice.DeleteAsync($"{Repo}/tag/v1")));

        static async Task<int> Status(Task<HttpResponseMessage> call)
        {
            using var answer = await call;
            return (int)answer.StatusCode;
        }
    }
}
