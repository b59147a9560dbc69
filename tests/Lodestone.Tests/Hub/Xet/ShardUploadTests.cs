using System.Net;
using System.Security.Cryptography;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Tests.Hub;

public sealed class ShardUploadTests
{
    [Theory]
    [InlineData("/v1/shards", false)]
    [InlineData("/v1/shards", true)]
    [InlineData("/v2/shards", false)]
    [InlineData("/v2/shards", true)]
    [InlineData("/shards", false)]
    [InlineData("/shard/default/07060504030201000f0e0d0c0b0a0908171615141312111f1e1d1c1b1a1918ff", false)]
    public async Task A_shard_makes_its_files_committable_with_a_footer_and_without(string place, bool hasFooter)
    {
        await using var shards = await ShardWorld.CreateAsync();
        byte[] content = [.. shards.One.Content, .. shards.Two.Content];

        using var taken = await shards.Door.PostShardAsync(MadeShard.Of(shards.One, shards.Two).Bytes(hasFooter), place);

        Assert.Equal(1, (await taken.OkAsync())["result"]!.GetValue<int>());
        await shards.World.As(shards.World.Alice).CommitAsync("alice/weights", [LfsCalls.FileLine("model.bin", content)]);
        Assert.Equal("2 2 1 1 1; 2 0", await shards.World.StoredAsync());
        var file = await shards.World.RowsAsync(db => db.ChunkedFiles.SingleAsync());
        Assert.Equal((MadeShard.HashOf(shards.One, shards.Two), LfsCalls.Digest(content), content.Length), (file.Hash, file.Sha256, file.Size));
        Assert.Equal(2, await shards.World.RowsAsync(db => db.FileXorbs.CountAsync(f => f.File == file.Hash)));
        Assert.Equal(0, await shards.World.RowsAsync(db => db.Xorbs.CountAsync(x => x.UnreferencedSince != null)));
    }

    [Fact]
    public async Task What_is_known_is_answered_so_and_held_by_the_next_repository_too()
    {
        await using var shards = await ShardWorld.CreateAsync();
        var shard = MadeShard.Of(shards.One).Bytes();
        await shards.World.As(shards.World.Alice).CreateRepoAsync("alice/second");
        var second = await shards.World.XetAsync(shards.World.Alice, "alice/second");

        using var first = await shards.Door.PostShardAsync(shard);
        using var again = await shards.Door.PostShardAsync(shard);
        using var toldAgain = await shards.Door.PostShardAsync(shard, "/v2/shards");
        using var elsewhere = await second.PostShardAsync(shard);

        int[] results = [await ShardWorld.ResultAsync(first), await ShardWorld.ResultAsync(again), await ShardWorld.ResultAsync(toldAgain), await ShardWorld.ResultAsync(elsewhere)];
        Assert.Equal([1, 0, 0, 1], results);
        Assert.Equal("application/x-ndjson", toldAgain.Content.Headers.ContentType!.MediaType);
        Assert.Equal("""{"type":"result","result":0}""" + "\n", await toldAgain.Content.ReadAsStringAsync());
        Assert.Equal("2 2 1 2 1; 2 0", await shards.World.StoredAsync());
    }

    [Fact]
    public async Task A_file_may_be_made_of_pieces_in_any_order_and_more_than_once()
    {
        await using var shards = await ShardWorld.CreateAsync();
        ShardTerm[] terms = [shards.Two.Term(1, 3), shards.One.Term(0, 2), shards.Two.Term(1, 3), shards.One.Term(5, 6)];
        byte[] content = [.. shards.Two.Content[50_000..150_000], .. shards.One.Content[..100_000], .. shards.Two.Content[50_000..150_000], .. shards.One.Content[250_000..]];
        var tree = new HashTree();
        foreach (var (hash, length) in shards.Two.Chunks.Take(3).Skip(1).Concat(shards.One.Chunks.Take(2)).Concat(shards.Two.Chunks.Take(3).Skip(1)).Concat(shards.One.Chunks.Skip(5)))
        {
            tree.Add(hash, length);
        }

        using var taken = await shards.Door.PostShardAsync(new MadeShard().File(tree.FileHash(), SHA256.HashData(content), terms).Bytes());

        await taken.OkAsync();
        await shards.World.As(shards.World.Alice).CommitAsync("alice/weights", [LfsCalls.FileLine("model.bin", content)]);
    }

    [Fact]
    public async Task The_same_bytes_cut_in_two_ways_are_two_files_and_one_object()
    {
        await using var shards = await ShardWorld.CreateAsync();
        var other = MadeXorb.OfContent(shards.One.Content, length: 33_333);
        using var sent = await shards.Door.PostXorbAsync(other);
        await sent.OkAsync();

        using var first = await shards.Door.PostShardAsync(MadeShard.Of(shards.One).Bytes());
        using var second = await shards.Door.PostShardAsync(MadeShard.Of(other).Bytes());

        Assert.Equal((1, 1), (await ShardWorld.ResultAsync(first), await ShardWorld.ResultAsync(second)));
        Assert.Equal("3 3 2 1 2; 3 0", await shards.World.StoredAsync());
    }

    [Fact]
    public async Task An_empty_file_is_a_file()
    {
        await using var shards = await ShardWorld.CreateAsync();
        using var taken = await shards.Door.PostShardAsync(new MadeShard().File(default, SHA256.HashData([])).Bytes());

        await taken.OkAsync();
        Assert.Equal("2 2 1 1 0; 2 0", await shards.World.StoredAsync());
    }

    public static TheoryData<string, string> BadShards => new()
    {
        { "no shard", "This is not a shard" },
        { "half a shard", "This is not a shard" },
        { "a xorb that is not there", "There is no xorb" },
        { "a described xorb that is not there", "There is no xorb" },
        { "chunks past the end", "names chunks 0 to 99" },
        { "chunks in reverse", "This is not a shard" },
        { "no chunks", "This is not a shard" },
        { "another length", "states 1 bytes" },
        { "another verification", "verification hash" },
        { "another file hash", "does not have the hash" },
        { "another SHA-256", "has the SHA-256" },
        { "no SHA-256", "without its SHA-256" },
        { "one wrong file of two", "has the SHA-256" },
    };

    [Theory]
    [MemberData(nameof(BadShards))]
    public async Task A_shard_that_is_wrong_anywhere_registers_nothing(string fault, string message)
    {
        await using var shards = await ShardWorld.CreateAsync();
        var (hash, sha256, term) = (MadeShard.HashOf(shards.One), SHA256.HashData(shards.One.Content), shards.One.Term());
        var shard = fault switch
        {
            "no shard" => "this is no shard, whatever it may be"u8.ToArray(),
            "half a shard" => MadeShard.Of(shards.One).Bytes()[..200],
            "a xorb that is not there" => MadeShard.Of(MadeXorb.Of([1, 2, 3])).Bytes(),
            "a described xorb that is not there" => new MadeShard().File(shards.One).Describe(MadeXorb.Of([1, 2, 3])).Bytes(),
            "chunks past the end" => new MadeShard().File(hash, sha256, term with { EndChunk = 99 }).Bytes(),
            "chunks in reverse" => new MadeShard().File(hash, sha256, term with { FirstChunk = 3, EndChunk = 2 }).Bytes(),
            "no chunks" => new MadeShard().File(hash, sha256, term with { FirstChunk = 3, EndChunk = 3 }).Bytes(),
            "another length" => new MadeShard().File(hash, sha256, term with { Size = 1 }).Bytes(),
            "another verification" => new MadeShard().File(hash, sha256, term with { Verification = shards.Two.Term().Verification }).Bytes(),
            "another file hash" => new MadeShard().File(MadeShard.HashOf(shards.Two), sha256, term).Bytes(),
            "another SHA-256" => new MadeShard().File(hash, SHA256.HashData(shards.Two.Content), term).Bytes(),
            "no SHA-256" => new MadeShard().File(hash, null, term).Bytes(),
            _ => new MadeShard().File(shards.Two).File(hash, SHA256.HashData(shards.Two.Content), term).Bytes(),
        };

        using var answer = await shards.Door.PostShardAsync(shard);
        using var told = await shards.Door.PostShardAsync(shard, "/v2/shards");

        Assert.Equal([HttpStatusCode.BadRequest, HttpStatusCode.BadRequest], [answer.StatusCode, told.StatusCode]);
        Assert.Contains(message, await XetDoor.ErrorAsync(answer), StringComparison.Ordinal);
        Assert.Equal("2 2 0 0 0; 2 0", await shards.World.StoredAsync());
        Assert.Equal(2, await shards.World.RowsAsync(db => db.Xorbs.CountAsync(x => x.UnreferencedSince != null)));
    }

    [Fact]
    public async Task A_shard_above_64_MiB_is_refused()
    {
        await using var shards = await ShardWorld.CreateAsync();
        using var answer = await shards.Door.PostShardAsync(new byte[(64 * 1024 * 1024) + 300]);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task A_known_file_is_not_taken_under_another_digest()
    {
        await using var shards = await ShardWorld.CreateAsync();
        using var first = await shards.Door.PostShardAsync(MadeShard.Of(shards.One).Bytes());
        await first.OkAsync();

        using var answer = await shards.Door.PostShardAsync(new MadeShard().File(MadeShard.HashOf(shards.One), SHA256.HashData(shards.Two.Content), shards.One.Term()).Bytes());

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("2 2 1 1 1; 2 0", await shards.World.StoredAsync());
    }
}
