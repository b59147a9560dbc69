using System.Net;
using System.Net.Http.Json;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class StorageQuotaTests
{
    private static readonly byte[] Large = LfsCalls.Bytes(60_000, seed: 1);
    private static readonly byte[] Small = LfsCalls.Bytes(30_000, seed: 2);
    private static readonly byte[] Other = LfsCalls.Bytes(50_000, seed: 3);

    [Fact]
    public async Task What_does_not_fit_is_refused_before_its_bytes_move_and_what_fits_is_not()
    {
        await using var world = await LimitedAsync();
        var alice = world.As(world.Alice);
        await alice.HoldAsync("alice/compass", Large);

        using var answer = await alice.PostBatchAsync(
            "alice/compass", new { operation = "upload", objects = new[] { Large, Other, Small }.Select(c => new { oid = LfsCalls.Digest(c), size = c.Length }) });
        var objects = (await answer.OkAsync())["objects"]!;

        Assert.Null(objects[0]!["error"] ?? objects[0]!["actions"]); // held already: nothing to add
        Assert.Equal(403, objects[1]!["error"]!["code"]!.GetValue<int>());
        Assert.Equal(
            "Storage has no room for 50 kB more: 60 kB of 100 kB are used. Delete files or raise the plan's limit.", objects[1]!["error"]!["message"]!.GetValue<string>());
        Assert.NotNull(objects[2]!["actions"]!["upload"]);
    }

    [Fact]
    public async Task Two_links_given_while_there_was_room_do_not_exceed_the_limit_together()
    {
        await using var world = await LimitedAsync();
        var alice = world.As(world.Alice);
        var links = new List<string>();
        foreach (var content in new[] { Large, Other })
        {
            links.Add((await LfsCalls.ObjectAsync(alice, "alice/compass", "upload", LfsCalls.Digest(content), content.Length))["actions"]!["upload"]!["href"]!.GetValue<string>());
        }

        using var first = await LfsCalls.PutAsync(alice, links[0], Large);
        using var second = await LfsCalls.PutAsync(alice, links[1], Other);

        Assert.Equal([200, 403], new[] { first, second }.Select(a => (int)a.StatusCode));
        Assert.Contains("Storage has no room", second.Headers.GetValues("X-Error-Message").Single(), StringComparison.Ordinal);
        Assert.Equal(60_000, (await alice.JsonAsync("/api/v1/storage/alice"))["used"]!.GetValue<long>());
    }

    [Fact]
    public async Task Preupload_counts_what_is_surely_new_and_nothing_that_may_be_here()
    {
        await using var world = await LimitedAsync();
        var alice = world.As(world.Alice);
        await alice.HoldAsync("alice/compass", Large);

        using var sameSize = await PreuploadAsync(alice, ("copy.bin", 60_000), ("notes.txt", 99_000));
        using var tooMuch = await PreuploadAsync(alice, ("a.bin", 30_000), ("b.bin", 20_000));

        Assert.Equal([200, 403], new[] { sameSize, tooMuch }.Select(a => (int)a.StatusCode));
        Assert.Contains("60 kB of 100 kB", await tooMuch.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_repository_counts_its_own_and_the_namespace_their_sum()
    {
        await using var world = await LimitedAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/second");
        await alice.CreateRepoAsync("acme/third");

        await alice.HoldAsync("alice/compass", Small);
        await alice.HoldAsync("alice/compass", Small);
        await alice.HoldAsync("alice/second", Small);
        await alice.HoldAsync("acme/third", Small);

        var use = await alice.JsonAsync("/api/v1/storage/Alice");
        Assert.Equal(("alice", 60_000, 100_000), (use["name"]!.GetValue<string>(), use["used"]!.GetValue<long>(), use["limit"]!.GetValue<long>()));
        Assert.Equal(30_000, (await alice.JsonAsync("/api/models/alice/second"))["usedStorage"]!.GetValue<long>());
    }

    [Fact]
    public async Task A_limit_of_its_own_goes_before_the_servers_and_lowering_it_stops_only_what_adds()
    {
        await using var world = await LimitedAsync();
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.HoldAsync("alice/compass", Large);
        await alice.CommitAsync("alice/compass", [LfsCalls.FileLine("w.bin", Large)]);

        using var lowered = await carol.PutAsJsonAsync("/api/v1/storage/alice", new { limit = 1000 });
        using var added = await alice.PostCommitAsync(
            "/api/models/alice/compass/commit/main", HubCalls.Line("header", new { summary = "Add" }), HubCalls.FileLine("a.txt", [1]));
        await alice.CommitAsync("alice/compass", ("w.bin", null));
        var read = await world.AsNobody().GetByteArrayAsync("/alice/compass/raw/main/.gitattributes");
        using var removed = await carol.DeleteAsync("/api/v1/storage/alice");
        await alice.CommitAsync("alice/compass", ("a.txt", "fits"));
        using var unlimited = await carol.PutAsJsonAsync("/api/v1/storage/alice", new { limit = (long?)null });

        Assert.Equal(1000, (await lowered.OkAsync())["limit"]!.GetValue<long>());
        Assert.Equal(HttpStatusCode.Forbidden, added.StatusCode);
        Assert.Contains("Storage is full: 60 kB of 1 kB.", await added.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.NotEmpty(read);
        Assert.Equal(100_000, (await removed.OkAsync())["limit"]!.GetValue<long>());
        Assert.Null((await unlimited.OkAsync())["limit"]);
    }

    [Theory]
    [InlineData("nobody", 401, 401)]
    [InlineData("bob", 404, 403)]
    [InlineData("alice", 200, 403)]
    [InlineData("carol", 200, 200)]
    public async Task Members_see_the_use_and_administrators_of_the_server_set_the_limit(string who, int seen, int set)
    {
        await using var world = await LimitedAsync();
        var client = who switch { "nobody" => world.AsNobody(), "bob" => world.As(world.Bob), "alice" => world.As(world.Alice), _ => world.As(world.Carol) };

        using var view = await client.GetAsync("/api/v1/storage/alice");
        using var limit = await client.PutAsJsonAsync("/api/v1/storage/alice", new { limit = 5 });
        using var removal = await client.DeleteAsync("/api/v1/storage/alice");

        Assert.Equal([seen, set, set], new[] { view, limit, removal }.Select(a => (int)a.StatusCode));
    }

    private static async Task<World> LimitedAsync()
    {
        var world = await World.CreateAsync(services => services.AddSingleton(new HubOptions { StorageLimit = 100_000 }));
        await world.As(world.Alice).CreateRepoAsync("alice/compass");
        return world;
    }

    private static Task<HttpResponseMessage> PreuploadAsync(HttpClient client, params (string Path, long Size)[] files) =>
        client.PostAsJsonAsync("/api/models/alice/compass/preupload/main", new { files = files.Select(f => new { path = f.Path, size = f.Size, sample = "" }) });
}
