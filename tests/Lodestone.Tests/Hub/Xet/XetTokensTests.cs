using System.Net;
using System.Net.Http.Json;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class XetTokensTests
{
    [Fact]
    public async Task A_token_stands_in_the_body_and_in_the_headers_and_is_good_for_fifteen_minutes()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/weights");

        using var answer = await world.As(world.Alice).GetAsync("/api/models/alice/weights/xet-write-token/main");

        var said = await answer.OkAsync();
        Assert.Equal($"{world.Server.Url}xet", said["casUrl"]!.GetValue<string>());
        Assert.Equal(world.Server.Clock.GetUtcNow().AddMinutes(15).ToUnixTimeSeconds(), said["exp"]!.GetValue<long>());
        Assert.Equal(
            [said["casUrl"]!.ToString(), said["accessToken"]!.ToString(), said["exp"]!.ToString()],
            [Header("X-Xet-Cas-Url"), Header("X-Xet-Access-Token"), Header("X-Xet-Token-Expiration")]);
        Assert.Equal("no-store", answer.Headers.CacheControl!.ToString());

        string Header(string name) => answer.Headers.GetValues(name).Single();
    }

    [Theory]
    [InlineData("main")]
    [InlineData("None")]
    [InlineData("refs%2Fpr%2F1")]
    [InlineData("refs/pr/1")]
    [InlineData("a/branch/that/is/not/there")]
    [InlineData("")]
    public async Task A_revision_may_be_any(string revision)
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/weights");

        var door = await world.XetAsync(world.Alice, "alice/weights", "write", revision);

        using var sent = await door.PostXorbAsync(MadeXorb.Of([1, 2, 3]));
        Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
    }

    [Fact]
    public async Task Who_may_only_propose_gets_a_token_for_a_proposal()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/weights");
        var carol = world.As(world.Carol);

        using var change = await carol.GetAsync("/api/models/alice/weights/xet-write-token/main");
        using var proposal = await carol.GetAsync("/api/models/alice/weights/xet-write-token/None?create_pr=1");

        Assert.Equal([HttpStatusCode.Forbidden, HttpStatusCode.OK], [change.StatusCode, proposal.StatusCode]);
    }

    [Fact]
    public async Task A_call_without_a_token_with_a_wrong_one_or_a_late_one_is_told_to_get_another()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/weights");
        var (door, xorb) = (await world.XetAsync(world.Alice, "alice/weights"), MadeXorb.Of([1, 2, 3]));
        string[] wrong = ["", "x", door.Token[..^1], door.Token + "x", "." + door.Token, door.Token.Replace("Write", "Read", StringComparison.Ordinal), world.Alice.Token];

        var answers = new List<HttpStatusCode>();
        foreach (var token in wrong)
        {
            using var answer = await door.With(token).PostXorbAsync(xorb);
            answers.Add(answer.StatusCode);
        }

        world.Server.Clock.Advance(TimeSpan.FromMinutes(15));
        using var late = await door.PostXorbAsync(xorb);

        Assert.All(answers, status => Assert.Equal(HttpStatusCode.Unauthorized, status));
        Assert.Equal(HttpStatusCode.Unauthorized, late.StatusCode);
        Assert.Equal("0 0 0 0 0; 0 0", await world.StoredAsync());
    }

    [Fact]
    public async Task A_token_to_read_writes_nothing_and_a_token_to_write_reads()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/weights");
        var (reader, writer) = (await world.XetAsync(world.Alice, "alice/weights", "read"), await world.XetAsync(world.Alice, "alice/weights"));
        var xorb = MadeXorb.Of([1, 2, 3]);

        using var xorbByReader = await reader.PostXorbAsync(xorb);
        using var shardByReader = await reader.PostShardAsync(MadeShard.Of(xorb).Bytes());
        using var tellingShardByReader = await reader.PostShardAsync(MadeShard.Of(xorb).Bytes(), "/v2/shards");
        using var sent = await writer.PostXorbAsync(xorb);
        using var found = await writer.HeadXorbAsync(xorb.Hash);

        Assert.All([xorbByReader, shardByReader, tellingShardByReader], answer => Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode));
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], [sent.StatusCode, found.StatusCode]);
    }

    [Fact]
    public async Task A_token_does_not_outlive_its_repository_nor_a_move_to_another_namespace()
    {
        await using var world = await World.CreateAsync();
        var (alice, xorb) = (world.As(world.Alice), MadeXorb.Of([1, 2, 3]));
        await alice.CreateRepoAsync("alice/weights");
        await alice.CreateRepoAsync("alice/renamed");
        await alice.CreateRepoAsync("alice/deleted");
        var (moved, renamed, deleted) = (await world.XetAsync(world.Alice, "alice/weights"), await world.XetAsync(world.Alice, "alice/renamed"), await world.XetAsync(world.Alice, "alice/deleted"));
        (await alice.PostAsJsonAsync("/api/repos/move", new { fromRepo = "alice/weights", toRepo = "acme/weights" })).EnsureSuccessStatusCode().Dispose();
        (await alice.PostAsJsonAsync("/api/repos/move", new { fromRepo = "alice/renamed", toRepo = "alice/other" })).EnsureSuccessStatusCode().Dispose();
        using var delete = new HttpRequestMessage(HttpMethod.Delete, "/api/repos/delete") { Content = JsonContent.Create(new { name = "deleted", organization = "alice" }) };
        (await alice.SendAsync(delete)).EnsureSuccessStatusCode().Dispose();

        using var toMoved = await moved.PostXorbAsync(xorb);
        using var toDeleted = await deleted.PostXorbAsync(xorb);
        using var toRenamed = await renamed.PostXorbAsync(xorb);

        Assert.Equal([HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.OK], [toMoved.StatusCode, toDeleted.StatusCode, toRenamed.StatusCode]);
    }

    [Fact]
    public async Task A_server_that_takes_no_xet_says_so_to_writers_only()
    {
        await using var world = await World.CreateAsync(services => services.AddSingleton(new HubOptions { Xet = false }));
        await world.As(world.Alice).CreateRepoAsync("alice/weights");

        using var write = await world.As(world.Alice).GetAsync("/api/models/alice/weights/xet-write-token/main");
        using var read = await world.As(world.Alice).GetAsync("/api/models/alice/weights/xet-read-token/main");

        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.OK], [write.StatusCode, read.StatusCode]);
        Assert.Contains("HF_HUB_DISABLE_XET", await XetDoor.ErrorAsync(write), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_a_call_of_xet_is_missing_rather_than_forbidden()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/weights");
        var door = await world.XetAsync(world.Alice, "alice/weights");

        using var newer = await door.PostShardAsync([], "/v9/shards");
        using var telemetry = await door.SendAsync(HttpMethod.Post, "/v1/telemetry", "{}"u8.ToArray());
        using var telemetryAtRoot = await door.SendAsync(HttpMethod.Post, "/../v1/telemetry", "{}"u8.ToArray());

        Assert.Equal([HttpStatusCode.NotFound, HttpStatusCode.OK, HttpStatusCode.OK], [newer.StatusCode, telemetry.StatusCode, telemetryAtRoot.StatusCode]);
    }
}
