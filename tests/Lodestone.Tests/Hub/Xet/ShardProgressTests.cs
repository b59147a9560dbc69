using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Hub;

public sealed class ShardProgressTests
{
    [Fact]
    public async Task A_long_registration_says_how_far_it_is()
    {
        await using var shards = await ShardWorld.CreateAsync();
        // One xorb over and over: a GB to prove, and little to send.
        ShardTerm[] terms = [.. Enumerable.Repeat(shards.One.Term(), 3400)];
        var tree = new HashTree();
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (hash, length) in terms.SelectMany(_ => shards.One.Chunks))
        {
            tree.Add(hash, length);
        }

        foreach (var _ in terms)
        {
            sha256.AppendData(shards.One.Content);
        }

        var digest = sha256.GetHashAndReset();
        var good = await TellAsync(shards, new MadeShard().File(tree.FileHash(), digest, terms).Bytes());
        await shards.World.RowsAsync(db => db.ChunkedFiles.ExecuteDeleteAsync());
        var bad = await TellAsync(shards, new MadeShard().File(tree.FileHash(), SHA256.HashData([]), terms).Bytes());

        Assert.Equal("""{"type":"validating","verified":0,"total":1}""", good[0]);
        Assert.Equal("""{"type":"result","result":1}""", good[^1]);
        Assert.Equal("""{"type":"validating","verified":0,"total":1}""", bad[0]);
        var error = JsonNode.Parse(bad[^1])!;
        Assert.Equal(("error", false), (error["type"]!.GetValue<string>(), error["retryable"]!.GetValue<bool>()));
        Assert.Contains("has the SHA-256", error["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    private static async Task<string[]> TellAsync(ShardWorld shards, byte[] shard)
    {
        var door = await shards.World.XetAsync(shards.World.Alice, "alice/weights");
        using var message = new HttpRequestMessage(HttpMethod.Post, $"{door.Place}/v2/shards") { Content = new ByteArrayContent(shard) };
        message.Headers.Authorization = new("Bearer", door.Token);
        var sending = shards.World.AsNobody().SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        for (var tries = 0; !sending.IsCompleted; tries++)
        {
            Assert.True(tries < 440, "The server was silent for minutes."); // before the token ends
            await Task.Delay(TimeSpan.FromMilliseconds(20));
            shards.World.Server.Clock.Advance(TimeSpan.FromSeconds(2));
        }

        using var answer = await sending;
        return (await answer.Content.ReadAsStringAsync()).TrimEnd('\n').Split('\n');
    }
}
