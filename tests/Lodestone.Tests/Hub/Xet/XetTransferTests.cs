using System.Net;
using System.Text.Json.Nodes;
using Lodestone.Hub;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Xet offered by LFS clients, as one of their ways of transfer.</summary>
public sealed class XetTransferTests
{
    private static readonly string[] All = ["basic", "multipart", "xet"];

    [Fact]
    public async Task A_client_that_offers_xet_is_told_where_to_send_chunks()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/weights");
        var xorb = MadeXorb.OfContent(LfsCalls.Bytes(100_000));

        var said = await BatchAsync(alice, "upload", xorb.Content, new { name = "refs/heads/a/b" });

        Assert.Equal("xet", said["transfer"]!.GetValue<string>());
        var action = said["objects"]![0]!["actions"]!["upload"]!;
        Assert.Equal($"{world.Server.Url}api/models/alice/weights/xet-write-token/refs%2Fheads%2Fa%2Fb", action["href"]!.GetValue<string>());
        Assert.Equal(900, action["expires_in"]!.GetValue<int>());
        Assert.Equal(["X-Xet-Cas-Url", "X-Xet-Access-Token", "X-Xet-Token-Expiration", "X-Xet-Session-Id"], action["header"]!.AsObject().Select(h => h.Key));
        var door = new XetDoor(world.AsNobody(), action["header"]!["X-Xet-Cas-Url"]!.GetValue<string>(), action["header"]!["X-Xet-Access-Token"]!.GetValue<string>());
        await door.SendAsync(xorb.Content);
        await alice.CommitAsync("alice/weights", [LfsCalls.FileLine("model.bin", xorb.Content)]);
        var again = await BatchAsync(alice, "upload", xorb.Content, new { name = "main" });
        Assert.Null(again["objects"]![0]!["actions"]);
        Assert.Equal(HttpStatusCode.OK, (await alice.GetAsync(action["href"]!.GetValue<string>())).StatusCode);
    }

    [Fact]
    public async Task Who_proposes_is_given_the_address_for_proposals()
    {
        await using var world = await World.CreateAsync();
        await world.As(world.Alice).CreateRepoAsync("alice/weights");

        var said = await BatchAsync(world.As(world.Carol), "upload", [1], null);

        var href = said["objects"]![0]!["actions"]!["upload"]!["href"]!.GetValue<string>();
        Assert.EndsWith("/alice/weights/xet-write-token/None?create_pr=1", href, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await world.As(world.Carol).GetAsync(href)).StatusCode);
    }

    [Fact]
    public async Task Other_clients_and_downloads_go_the_other_ways()
    {
        await using var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/weights");
        var content = LfsCalls.Bytes(1000);

        using var basic = await alice.PostBatchAsync("alice/weights", Batch("upload", content, null, "basic", "multipart"));
        await alice.HoldAsync("alice/weights", content);
        var download = await BatchAsync(alice, "download", content, null);

        Assert.Equal("basic", (await basic.OkAsync())["transfer"]!.GetValue<string>());
        Assert.Equal("basic", download["transfer"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(true, "xet")]
    [InlineData(false, "basic")]
    public async Task A_server_says_whether_it_takes_xet(bool takesXet, string transfer)
    {
        await using var world = await World.CreateAsync(services => services.AddSingleton(new HubOptions { Xet = takesXet }));
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/weights");

        var said = await BatchAsync(alice, "upload", [1], null);
        var info = await alice.JsonAsync("/api/models/alice/weights?expand[]=xetEnabled");
        var listed = await alice.JsonAsync("/api/models?author=alice&expand[]=xetEnabled");

        Assert.Equal(transfer, said["transfer"]!.GetValue<string>());
        Assert.Equal([takesXet, takesXet], [info["xetEnabled"]!.GetValue<bool>(), listed[0]!["xetEnabled"]!.GetValue<bool>()]);
    }

    private static async Task<JsonNode> BatchAsync(HttpClient client, string operation, byte[] content, object? reference)
    {
        using var answer = await client.PostBatchAsync("alice/weights", Batch(operation, content, reference, All));
        return await answer.OkAsync();
    }

    private static object Batch(string operation, byte[] content, object? reference, params string[] transfers) =>
        new { operation, transfers, objects = new[] { new { oid = LfsCalls.Digest(content), size = content.Length } }, hash_algo = "sha_256", @ref = reference };
}
