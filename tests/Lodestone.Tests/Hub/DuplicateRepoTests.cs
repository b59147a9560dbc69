using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

public sealed class DuplicateRepoTests
{
    [Fact]
    public async Task A_copy_has_the_files_and_large_files_of_main_in_one_commit()
    {
        await using var world = await World.CreateAsync();
        var carol = world.As(world.Carol);
        var weights = RandomNumberGenerator.GetBytes(3000);
        await world.PublishAsync("alice/compass", weights);
        await world.As(world.Alice).CommitAsync("alice/compass", ("README.md", "---\nlicense: mit\n---\n"), ("deep/folder/æ.txt", "deep"), ("same.txt", "deep"));

        var copied = await DuplicateAsync(carol, "alice/compass", new { repository = "carol/copy" });
        using var twice = await carol.PostAsJsonAsync("/api/models/alice/compass/duplicate", new { repository = "carol/COPY" });

        Assert.Equal($"{world.Server.Url}carol/copy", copied["url"]!.GetValue<string>());
        Assert.Equal(409, (int)twice.StatusCode);
        Assert.Equal($"{world.Server.Url}carol/copy", (await twice.Content.ReadFromJsonAsync<JsonObject>())!["url"]!.GetValue<string>());
        var (source, copy) = (await carol.JsonAsync("/api/models/alice/compass/tree/main?recursive=true"), await carol.JsonAsync("/api/models/carol/copy/tree/main?recursive=true"));
        Assert.Equal(source.ToJsonString(), copy.ToJsonString());
        Assert.Equal(weights, await carol.GetByteArrayAsync("/carol/copy/resolve/main/compass-Q8_0.gguf"));
        Assert.Equal("deep", await carol.GetStringAsync("/carol/copy/resolve/main/deep/folder/%C3%A6.txt"));
        Assert.Equal(["Duplicate from alice/compass"], (await carol.JsonAsync("/api/models/carol/copy/commits/main")).AsArray().Select(c => c!["title"]!.GetValue<string>()));
        Assert.Contains("license:mit", (await carol.JsonAsync("/api/models/carol/copy"))["tags"]!.AsArray().Select(t => t!.GetValue<string>()));
    }

    [Fact]
    public async Task A_copy_outlives_its_source_and_hides_what_was_hidden()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        var weights = RandomNumberGenerator.GetBytes(3000);
        await world.PublishAsync("alice/secret", weights, isPrivate: true);

        await DuplicateAsync(alice, "alice/secret", new { repository = "acme/inner" });
        await DuplicateAsync(alice, "alice/secret", new { repository = "open", @private = false });
        using var deletion = new HttpRequestMessage(HttpMethod.Delete, "/api/repos/delete") { Content = JsonContent.Create(new { name = "secret" }) };
        (await alice.SendAsync(deletion)).EnsureSuccessStatusCode().Dispose();

        Assert.Equal(weights, await alice.GetByteArrayAsync("/acme/inner/resolve/main/compass-Q8_0.gguf"));
        Assert.Equal(["alice/open"], (await world.AsNobody().JsonAsync("/api/models")).AsArray().Select(m => m!["id"]!.GetValue<string>()));
        Assert.Equal(weights, await world.AsNobody().GetByteArrayAsync("/alice/open/resolve/main/compass-Q8_0.gguf"));
    }

    [Fact]
    public async Task A_copy_that_keeps_history_has_the_same_commits_and_what_they_need()
    {
        await using var world = await World.CreateAsync();
        var carol = world.As(world.Carol);
        var weights = RandomNumberGenerator.GetBytes(3000);
        await world.PublishAsync("alice/compass", weights);
        await world.As(world.Alice).CommitAsync("alice/compass", ("deep/a.txt", "one"), ("compass-Q8_0.gguf", null));
        var last = await world.As(world.Alice).CommitAsync("alice/compass", ("deep/a.txt", "two"));

        await DuplicateAsync(carol, "alice/compass", new { repository = "carol/fork", history = "keep" });
        var next = await carol.CommitAsync("carol/fork", ("b.txt", "mine"));

        var before = (await carol.JsonAsync("/api/models/alice/compass/commits/main")).AsArray().Select(c => c!["id"]!.GetValue<string>()).ToList();
        var kept = (await carol.JsonAsync("/api/models/carol/fork/commits/main")).AsArray().Select(c => c!["id"]!.GetValue<string>()).ToList();
        Assert.Equal(last, before[0]);
        Assert.Equal([next, .. before], kept);
        Assert.Equal("one", await carol.GetStringAsync($"/carol/fork/resolve/{before[1]}/deep/a.txt"));
        Assert.Equal(weights, await carol.GetByteArrayAsync($"/carol/fork/resolve/{before[2]}/compass-Q8_0.gguf"));
    }

    [Theory]
    [InlineData("carol", "alice/compass", """{"repository":"carol/x","history":"rewrite"}""", 400)]
    [InlineData("nobody", "alice/compass", """{"repository":"alice/copy"}""", 401)]
    [InlineData("carol", "alice/secret", """{"repository":"carol/copy"}""", 404)]
    [InlineData("carol", "alice/compass", """{"repository":"alice/copy"}""", 403)]
    [InlineData("bob", "alice/compass", """{"repository":"bob/copy"}""", 403)]
    [InlineData("carol", "alice/compass", """{"repository":"carol/x--y"}""", 400)]
    [InlineData("carol", "alice/compass", """{"repository":"carol/x","visibility":"odd"}""", 400)]
    [InlineData("carol", "alice/compass", "{}", 400)]
    public async Task A_copy_is_refused_and_leaves_nothing(string who, string id, string body, int status)
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        var folders = Folders(world);
        var client = who switch { "carol" => world.As(world.Carol), "bob" => world.As(world.Bob), _ => world.AsNobody() };

        using var answer = await client.PostAsync($"/api/models/{id}/duplicate", new StringContent(body, null, "application/json"));

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(folders, Folders(world));
    }

    [Fact]
    public async Task Neither_a_copy_nor_a_move_goes_beyond_what_a_namespace_may_store()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await world.PublishAsync("alice/compass", RandomNumberGenerator.GetBytes(3000));
        (await world.As(world.Carol).PutAsJsonAsync("/api/v1/storage/acme", new { limit = 2999 })).EnsureSuccessStatusCode().Dispose();

        using var copy = await alice.PostAsJsonAsync("/api/models/alice/compass/duplicate", new { repository = "acme/compass" });
        using var move = await alice.PostAsJsonAsync("/api/repos/move", new { fromRepo = "alice/compass", toRepo = "acme/compass" });
        (await world.As(world.Carol).PutAsJsonAsync("/api/v1/storage/acme", new { limit = 3000 })).EnsureSuccessStatusCode().Dispose();
        using var fitting = await alice.PostAsJsonAsync("/api/repos/move", new { fromRepo = "alice/compass", toRepo = "acme/compass" });

        Assert.Equal([403, 403, 200], new[] { copy, move, fitting }.Select(a => (int)a.StatusCode));
        Assert.Single(Folders(world));
        Assert.Equal(3000, (await alice.JsonAsync("/api/models/acme/compass"))["usedStorage"]!.GetValue<int>());
    }

    private static async Task<JsonNode> DuplicateAsync(HttpClient client, string id, object body)
    {
        using var answer = await client.PostAsJsonAsync($"/api/models/{id}/duplicate", body);
        return await answer.OkAsync();
    }

    private static string[] Folders(World world) =>
        [.. Directory.EnumerateDirectories(Path.Combine(world.Server.DataDirectory, "repositories"), "*.git", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
