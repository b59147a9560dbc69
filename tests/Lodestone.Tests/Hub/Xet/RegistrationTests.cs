using System.Net;
using System.Security.Cryptography;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Hub;

/// <summary>What a shard writes down, also when others do the same at once.</summary>
public sealed class RegistrationTests
{
    [Fact]
    public async Task The_same_shard_from_many_at_once_is_registered_once()
    {
        await using var shards = await ShardWorld.CreateAsync();
        var shard = MadeShard.Of(shards.One, shards.Two).File(shards.Two).Bytes();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => shards.Door.PostShardAsync(shard, i % 2 == 0 ? "/v1/shards" : "/v2/shards")));

        var news = 0;
        foreach (var answer in answers)
        {
            news += await ShardWorld.ResultAsync(answer);
            answer.Dispose();
        }

        Assert.Equal(1, news);
        Assert.Equal("2 2 2 2 2; 2 0", await shards.World.StoredAsync());
    }

    [Fact]
    public async Task The_same_file_of_different_xorbs_from_many_at_once_is_registered_once()
    {
        await using var shards = await ShardWorld.CreateAsync();
        var whole = MadeXorb.Of([.. shards.One.Content.Chunk(50_000), .. shards.Two.Content.Chunk(50_000)]);
        await shards.SendAsync(whole);
        byte[][] bodies = [MadeShard.Of(shards.One, shards.Two).Bytes(), MadeShard.Of(whole).Bytes()];

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => shards.Door.PostShardAsync(bodies[i % 2])));

        foreach (var answer in answers)
        {
            await answer.OkAsync();
            answer.Dispose();
        }

        Assert.Equal((1, 1), await shards.World.RowsAsync(async db => (await db.ChunkedFiles.CountAsync(), await db.LfsObjects.CountAsync())));
    }

    [Fact]
    public async Task A_xorb_that_waits_to_be_reclaimed_waits_no_more_and_one_that_is_gone_is_missing()
    {
        await using var shards = await ShardWorld.CreateAsync();
        await shards.World.RowsAsync(db => db.Xorbs.Where(x => x.Hash == shards.Two.Hash).ExecuteDeleteAsync());

        using var gone = await shards.Door.PostShardAsync(MadeShard.Of(shards.One, shards.Two).Bytes());
        var waiting = await shards.World.RowsAsync(db => db.Xorbs.CountAsync(x => x.UnreferencedSince != null));
        using var taken = await shards.Door.PostShardAsync(MadeShard.Of(shards.One).Bytes());

        Assert.StartsWith($"400 There is no xorb {shards.Two.Hash}", await XetDoor.ErrorAsync(gone), StringComparison.Ordinal);
        Assert.Equal(1, waiting);
        await taken.OkAsync();
        Assert.Equal(0, await shards.World.RowsAsync(db => db.Xorbs.CountAsync(x => x.UnreferencedSince != null)));
    }

    [Fact]
    public async Task What_clients_may_ask_for_is_written_down()
    {
        await using var shards = await ShardWorld.CreateAsync();
        var rare = Enumerable.Range(0, int.MaxValue).Select(i => BitConverter.GetBytes(i)).First(c => XetHashes.Chunk(c).Cut % 1024 == 0);
        var xorb = MadeXorb.Of([1], [2], rare, [3], [4]);
        await shards.SendAsync(xorb);
        var lying = MadeXorb.Of([1], [2], [9], [3], [8]); // described as that, under the name of the other
        var shard = new MadeShard().File(xorb).Describe(xorb, 3).Bytes();
        var at = shard.AsSpan().IndexOf(BytesOf(xorb.Chunks[4].Hash));
        BytesOf(lying.Chunks[4].Hash).CopyTo(shard.AsSpan(at));
        shard[at + 43] = 0x80; // marked, and not what it says

        using var taken = await shards.Door.PostShardAsync(shard);

        await taken.OkAsync();
        var known = await shards.World.RowsAsync(db => db.KnownChunks.Where(c => c.Xorb == xorb.Hash).OrderBy(c => c.Number).Select(c => c.Number).ToListAsync());
        Assert.Equal([0, 2, 3], known);
    }

    [Fact]
    public async Task A_shard_may_have_many_small_files()
    {
        await using var shards = await ShardWorld.CreateAsync();
        var xorb = MadeXorb.Of([.. Enumerable.Range(0, 1200).Select(i => BitConverter.GetBytes(i))]);
        await shards.SendAsync(xorb);
        var shard = new MadeShard().Describe(xorb);
        for (var i = 0; i < 1200; i++)
        {
            var tree = new HashTree();
            tree.Add(xorb.Chunks[i].Hash, xorb.Chunks[i].Length);
            shard.File(tree.FileHash(), SHA256.HashData(BitConverter.GetBytes(i)), xorb.Term(i, i + 1));
        }

        using var taken = await shards.Door.PostShardAsync(shard.Bytes());
        using var again = await shards.Door.PostShardAsync(shard.Bytes());

        Assert.Equal((1, 0), (await ShardWorld.ResultAsync(taken), await ShardWorld.ResultAsync(again)));
        Assert.Equal("3 3 1200 1200 1200; 3 0", await shards.World.StoredAsync());
    }

    [Fact]
    public async Task What_the_namespace_has_no_room_for_is_refused_whole()
    {
        await using var shards = await ShardWorld.CreateAsync(new HubOptions { StorageLimit = 400_000 });

        using var tooMuch = await shards.Door.PostShardAsync(new MadeShard().File(shards.One).File(shards.Two).Bytes());
        using var taken = await shards.Door.PostShardAsync(new MadeShard().File(shards.One).Bytes());
        using var noMore = await shards.Door.PostShardAsync(new MadeShard().File(shards.Two).Bytes());
        using var again = await shards.Door.PostShardAsync(new MadeShard().File(shards.One).Bytes());

        Assert.Equal(
            [HttpStatusCode.Forbidden, HttpStatusCode.OK, HttpStatusCode.Forbidden, HttpStatusCode.OK],
            [tooMuch.StatusCode, taken.StatusCode, noMore.StatusCode, again.StatusCode]);
        Assert.Contains("Storage has no room", await XetDoor.ErrorAsync(noMore), StringComparison.Ordinal);
        Assert.Equal("2 2 1 1 1; 2 0", await shards.World.StoredAsync());
    }

    private static byte[] BytesOf(XetHash hash)
    {
        var bytes = new byte[XetHash.Size];
        hash.Write(bytes);
        return bytes;
    }
}
