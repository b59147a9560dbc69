using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

/// <summary>Large files as such: listed, deleted for good, made available elsewhere.</summary>
public sealed class LfsFilesTests
{
    private static readonly byte[] One = LfsCalls.Bytes(1000, seed: 1);
    private static readonly byte[] Two = LfsCalls.Bytes(2000, seed: 2);
    private static readonly byte[] Three = LfsCalls.Bytes(3000, seed: 3);

    [Fact]
    public async Task A_list_names_each_file_and_a_reference_that_reaches_it_page_by_page()
    {
        await using var world = await World.CreateAsync();
        var alice = await StartAsync(world);

        var pages = new List<JsonNode>();
        for (var url = "/api/models/alice/compass/lfs-files?limit=2"; url is not null;)
        {
            using var answer = await world.AsNobody().GetAsync(url);
            pages.AddRange((await answer.OkAsync()).AsArray().Select(f => f!));
            url = answer.Headers.TryGetValues("Link", out var link) ? link.Single().Split('<', '>')[1] : null;
        }

        var files = pages.ToDictionary(f => f["oid"]!.GetValue<string>());
        Assert.Equal(new[] { One, Two, Three }.Select(LfsCalls.Digest).Order(StringComparer.Ordinal), pages.Select(f => f["fileOid"]!.GetValue<string>()));
        Assert.Equal(["now/one.bin", "side.bin", LfsCalls.Digest(Three)], new[] { One, Two, Three }.Select(f => files[LfsCalls.Digest(f)]["filename"]!.GetValue<string>()));
        Assert.Equal(["refs/heads/main", "refs/heads/side", null], new[] { One, Two, Three }.Select(f => files[LfsCalls.Digest(f)]["ref"]?.GetValue<string>()));
        Assert.Equal(1000, files[LfsCalls.Digest(One)]["size"]!.GetValue<long>());
        Assert.EndsWith("Z", files[LfsCalls.Digest(One)]["pushedAt"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(6000, (await alice.JsonAsync("/api/models/alice/compass?expand=usedStorage"))["usedStorage"]!.GetValue<long>());
    }

    [Fact]
    public async Task Deleting_with_history_takes_the_file_out_of_every_commit_of_every_reference()
    {
        await using var world = await World.CreateAsync();
        var alice = await StartAsync(world);
        await alice.CommitAsync("alice/compass", [LfsCalls.FileLine("now/copy.bin", One), LfsCalls.FileLine("two.bin", Two)]);
        await alice.CommitAsync("alice/compass", [HubCalls.Line("deletedFolder", new { path = "now" })]);
        using var tag = await alice.PostAsJsonAsync("/api/models/alice/compass/tag/side", new { tag = "v1", message = "With a message" });
        var before = (await alice.JsonAsync("/api/models/alice/compass/commits/main")).AsArray().Select(c => c!["title"]!.GetValue<string>()).ToList();

        using var deleted = await alice.PostAsJsonAsync(
            "/api/models/alice/compass/lfs-files/batch", new { deletions = new { sha = new[] { LfsCalls.Digest(One) }, rewriteHistory = true } });

        Assert.Equal(HttpStatusCode.OK, deleted.StatusCode);
        var nobody = world.AsNobody();
        var commits = (await alice.JsonAsync("/api/models/alice/compass/commits/main")).AsArray();
        Assert.Equal(before, commits.Select(c => c!["title"]!.GetValue<string>()));
        foreach (var revision in commits.Select(c => c!["id"]!.GetValue<string>()).Append("side").Append("v1"))
        {
            var paths = (await nobody.JsonAsync($"/api/models/alice/compass/tree/{revision}?recursive=true")).AsArray().Select(e => e!["path"]!.GetValue<string>());
            Assert.DoesNotContain(paths, p => p.StartsWith("now", StringComparison.Ordinal));
        }

        Assert.Equal(Two, await nobody.GetByteArrayAsync("/alice/compass/resolve/main/two.bin"));
        using var gone = await nobody.GetAsync("/alice/compass/resolve/side/now/one.bin");
        Assert.Equal("EntryNotFound", gone.Headers.GetValues("X-Error-Code").Single());
        Assert.Equal(2, (await nobody.JsonAsync("/api/models/alice/compass/lfs-files")).AsArray().Count);
        Assert.NotNull((await LfsCalls.ObjectAsync(alice, "alice/compass", "upload", LfsCalls.Digest(One), 1000))["actions"]);
        await AssertSoundAsync(world);
    }

    [Fact]
    public async Task Deleting_without_history_leaves_a_pointer_that_leads_nowhere()
    {
        await using var world = await World.CreateAsync();
        var alice = await StartAsync(world);

        using var deleted = await alice.DeleteAsync($"/api/models/alice/compass/lfs-files/{LfsCalls.Digest(One)}");
        using var again = await alice.DeleteAsync($"/api/models/alice/compass/lfs-files/{LfsCalls.Digest(One)}");

        using var resolved = await world.AsNobody().GetAsync("/alice/compass/resolve/main/now/one.bin");
        Assert.Equal([200, 404, 404], new[] { deleted, again, resolved }.Select(a => (int)a.StatusCode));
        Assert.Equal("EntryNotFound", resolved.Headers.GetValues("X-Error-Code").Single());
        Assert.StartsWith("version https://git-lfs", await world.AsNobody().GetStringAsync("/alice/compass/raw/main/now/one.bin"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bob", "acme/shared", 403)]
    [InlineData("bob", "alice/secret", 404)]
    [InlineData("nobody", "alice/compass", 401)]
    public async Task Only_administrators_of_the_repository_delete_for_good(string who, string id, int status)
    {
        await using var world = await World.CreateAsync();
        var alice = await StartAsync(world);
        await alice.CreateRepoAsync("acme/shared");
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        var client = who == "bob" ? world.As(world.Bob) : world.AsNobody();

        using var one = await client.DeleteAsync($"/api/models/{id}/lfs-files/{LfsCalls.Digest(One)}");
        using var some = await client.PostAsJsonAsync($"/api/models/{id}/lfs-files/batch", new { deletions = new { sha = Array.Empty<string>() } });

        Assert.Equal([status, status], new[] { one, some }.Select(a => (int)a.StatusCode));
    }

    [Fact]
    public async Task Who_may_read_the_one_and_write_the_other_repository_copies_without_moving_bytes()
    {
        await using var world = await World.CreateAsync();
        var alice = await StartAsync(world);
        await alice.CreateRepoAsync("acme/copy", type: "dataset");
        var wanted = new { target = new { type = "dataset", name = "acme/copy" }, files = new[] { File(One), File(LfsCalls.Bytes(5)) } };

        using var made = await alice.PostAsJsonAsync("/api/models/alice/compass/lfs-files/duplicate", wanted);
        using var bobs = await world.As(world.Bob).PostAsJsonAsync("/api/models/alice/compass/lfs-files/duplicate", wanted);
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        using var hidden = await world.As(world.Bob).PostAsJsonAsync("/api/models/alice/secret/lfs-files/duplicate", wanted);

        var failed = (await made.OkAsync())["failed"]!.AsArray();
        Assert.Equal(LfsCalls.Digest(LfsCalls.Bytes(5)), failed.Single()!["sha256"]!.GetValue<string>());
        Assert.Equal([403, 404], new[] { bobs, hidden }.Select(a => (int)a.StatusCode));
        Assert.Null((await LfsCalls.ObjectAsync(alice, "datasets/acme/copy", "upload", LfsCalls.Digest(One), 1000))["actions"]);
    }

    private static object File(byte[] content) => new { xetHash = "", sha256 = LfsCalls.Digest(content), filename = "w.bin" };

    /// <summary>One on main and side, two on side alone, three uploaded and never committed.</summary>
    private static async Task<HttpClient> StartAsync(World world)
    {
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        foreach (var content in new[] { One, Two, Three })
        {
            await alice.HoldAsync("alice/compass", content);
        }

        await alice.CommitAsync("alice/compass", [LfsCalls.FileLine("now/one.bin", One)]);
        (await alice.PostAsync("/api/models/alice/compass/branch/side", null)).EnsureSuccessStatusCode().Dispose();
        using var side = await alice.PostCommitAsync("/api/models/alice/compass/commit/side", HubCalls.Line("header", new { summary = "Add two" }), LfsCalls.FileLine("side.bin", Two));
        side.EnsureSuccessStatusCode();
        return alice;
    }

    private static async Task AssertSoundAsync(World world)
    {
        var repository = Directory.EnumerateDirectories(Path.Combine(world.Server.DataDirectory, "repositories"), "*.git", SearchOption.AllDirectories).Single();
        var (exitCode, _, error) = await ClientProcess.TryAsync("git", ["fsck", "--full", "--strict", "--no-dangling"], repository);
        Assert.Equal((0, ""), (exitCode, error));
    }
}
