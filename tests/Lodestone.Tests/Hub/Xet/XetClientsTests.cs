using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Hub;

/// <summary>Uploads by Xet with the client that people have, unmodified; read back by plain HTTP.</summary>
public sealed class XetClientsTests
{
    [Theory]
    [InlineData(new[] { 1, 8192, 200_000, 20_000_000 })]
    [InlineData(new[] { 300_000_000 })]
    public async Task What_the_javascript_client_sends_by_xet_comes_back_by_plain_http(int[] sizes)
    {
        await using var world = await World.CreateAsync();

        var said = JsonNode.Parse(await RunAsync(world, sizes))!;

        string[] expected =
        [
            "GET /api/models/alice/chunks/xet-write-token/main", "POST /alice/chunks.git/info/lfs/objects/batch", "POST /api/models/alice/chunks/commit/main",
            "POST /api/models/alice/chunks/preupload/main", "POST /xet/v1/shards", "POST /xet/v1/xorbs/default/*",
        ];
        Assert.Equal("", string.Join(' ', expected.Except(said["calls"]!.AsArray().Select(c => c!.GetValue<string>()), StringComparer.Ordinal)));
        Assert.DoesNotContain("/api/lfs/", said["calls"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.True(said["sent"]!.GetValue<long>() >= sizes.Sum());
        Assert.Equal(403, said["refused"]!.GetValue<int>());
        foreach (var file in said["files"]!.AsArray())
        {
            Assert.Equal(file![1]!.GetValue<string>(), await DigestAsync(world, file[0]!.GetValue<string>()));
        }
    }

    private static async Task<string> DigestAsync(World world, string path)
    {
        await using var content = await world.AsNobody().GetStreamAsync($"/alice/chunks/resolve/main/{path}");
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(content));
    }

    private static Task<string> RunAsync(World world, int[] sizes) => ClientProcess.RunAsync(
        "node", ["xet.mjs"], Path.Combine(Executable.Root, "tests", "clients"), ("HUB", world.Server.Url.ToString().TrimEnd('/')), ("TOKEN", world.Alice.Token), ("OTHER", world.Bob.Token),
        ("REPO", "alice/chunks"), ("SEED", "1"), ("SIZES", string.Join(',', sizes.Select(s => s.ToString(CultureInfo.InvariantCulture)))));
}
