using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Lodestone.Hub;
using Lodestone.Tests.Hub.Xet;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>What clients are told about chunks that they need not send, and what nobody is told.</summary>
public sealed class DeduplicationTests
{
    [Fact]
    public async Task Who_has_a_chunk_of_their_own_file_is_told_where_it_and_the_rest_are()
    {
        await using var world = await StartAsync();
        var door = await world.XetAsync(world.Alice, "alice/secret");
        var xorb = await door.SendAsync(LfsCalls.Bytes(220_000));

        var answer = await AskAsync(door, xorb.Chunks[0].Hash);

        var told = Assert.Single(answer.Xorbs);
        Assert.Equal(xorb.Hash, told.Hash);
        Assert.Equal(xorb.Chunks.Select(c => XetHashes.Keyed(answer.Key, c.Hash)), told.Chunks.Select(c => c.Hash));
        Assert.Equal(xorb.Chunks.Select((c, i) => (i * 50_000, c.Length)), told.Chunks.Select(c => (c.Offset, c.Size)));
        Assert.Equal(world.Server.Clock.GetUtcNow().AddHours(1).ToUnixTimeSeconds(), answer.Expires);
    }

    [Fact]
    public async Task Every_answer_has_a_key_of_its_own()
    {
        await using var world = await StartAsync();
        var door = await world.XetAsync(world.Alice, "alice/secret");
        var xorb = await door.SendAsync(LfsCalls.Bytes(1000));

        var first = await AskAsync(door, xorb.Chunks[0].Hash);
        var second = await AskAsync(door, xorb.Chunks[0].Hash);

        Assert.NotEqual(first.Key, second.Key);
        Assert.NotEqual(new byte[32], first.Key);
    }

    [Fact]
    public async Task A_private_chunk_of_somebody_else_looks_like_one_that_nobody_has()
    {
        await using var world = await StartAsync();
        var xorb = await (await world.XetAsync(world.Alice, "alice/secret")).SendAsync(LfsCalls.Bytes(220_000));
        var carol = await world.XetAsync(world.Carol, "carol/own");
        var (theirs, nobodys) = (xorb.Chunks[0].Hash, XetHashes.Chunk("nobody has this"u8));

        using var foreign = await carol.SendAsync(HttpMethod.Get, $"/v1/chunks/default/{theirs}");
        using var missing = await carol.SendAsync(HttpMethod.Get, $"/v1/chunks/default/{nobodys}");

        Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
        Assert.Equal(await SaidAsync(missing, nobodys), await SaidAsync(foreign, theirs));
    }

    [Theory]
    [InlineData(true, HttpStatusCode.OK)]
    [InlineData(false, HttpStatusCode.NotFound)]
    public async Task Chunks_of_public_files_are_told_to_everybody_where_the_server_says_so(bool isShared, HttpStatusCode expected)
    {
        await using var world = await StartAsync(new HubOptions { SharePublicChunks = isShared });
        var xorb = await (await world.XetAsync(world.Alice, "alice/open")).SendAsync(LfsCalls.Bytes(220_000));

        using var answer = await (await world.XetAsync(world.Carol, "carol/own")).SendAsync(HttpMethod.Get, $"/v1/chunks/default/{xorb.Chunks[0].Hash}");

        Assert.Equal(expected, answer.StatusCode);
    }

    /// <summary>A xorb of Alice has chunks of a public file between chunks of a private one.</summary>
    [Fact]
    public async Task Of_a_xorb_that_is_public_in_part_the_other_chunks_are_not_told()
    {
        await using var world = await StartAsync();
        byte[][] chunks = [LfsCalls.Bytes(9_001, 1), LfsCalls.Bytes(9_002, 2), LfsCalls.Bytes(9_003, 3), LfsCalls.Bytes(9_004, 4), LfsCalls.Bytes(9_005, 5)];
        var (mixed, alone) = (MadeXorb.Of(chunks), MadeXorb.Of(chunks[1], chunks[3]));
        var secret = await world.XetAsync(world.Alice, "alice/secret");
        await OkAsync(await secret.PostXorbAsync(mixed), await secret.PostShardAsync(MadeShard.Of(mixed).Bytes()));
        var shown = new MadeShard().File(MadeShard.HashOf(alone), SHA256.HashData(alone.Content), mixed.Term(1, 2), mixed.Term(3, 4));
        await OkAsync(await (await world.XetAsync(world.Alice, "alice/open")).PostShardAsync(shown.Bytes()));
        var carol = await world.XetAsync(world.Carol, "carol/own");

        var told = Assert.Single((await AskAsync(carol, mixed.Chunks[1].Hash)).Xorbs);
        using var hidden = await carol.SendAsync(HttpMethod.Get, $"/v1/chunks/default/{mixed.Chunks[0].Hash}");

        Assert.Equal([65_536, 9_002, 65_536, 9_004], told.Chunks.Select(c => c.Size));
        Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        Assert.Equal(5, Assert.Single((await AskAsync(secret, mixed.Chunks[0].Hash)).Xorbs).Chunks.Count);
    }

    [Fact]
    public async Task The_names_of_hidden_chunks_say_nothing()
    {
        await using var world = await StartAsync();
        var (mixed, alone) = (MadeXorb.Of([1, 2, 3], [4, 5, 6]), MadeXorb.Of([4, 5, 6]));
        var secret = await world.XetAsync(world.Alice, "alice/secret");
        await OkAsync(await secret.PostXorbAsync(mixed), await secret.PostShardAsync(MadeShard.Of(mixed).Bytes()));
        var shown = new MadeShard().File(MadeShard.HashOf(alone), SHA256.HashData(alone.Content), mixed.Term(1, 2));
        await OkAsync(await (await world.XetAsync(world.Alice, "alice/open")).PostShardAsync(shown.Bytes()));

        var answer = await AskAsync(await world.XetAsync(world.Carol, "carol/own"), mixed.Chunks[1].Hash);

        var told = Assert.Single(answer.Xorbs).Chunks;
        Assert.NotEqual(XetHashes.Keyed(answer.Key, mixed.Chunks[0].Hash), told[0].Hash);
        Assert.Equal(XetHashes.Keyed(answer.Key, mixed.Chunks[1].Hash), told[1].Hash);
    }

    [Fact]
    public async Task Only_chunks_that_clients_ask_for_are_known()
    {
        await using var world = await StartAsync();
        var door = await world.XetAsync(world.Alice, "alice/secret");
        var byHash = Enumerable.Range(0, int.MaxValue).Select(BitConverter.GetBytes).First(c => XetHashes.Chunk(c).Cut % 1024 == 0);
        var xorb = MadeXorb.Of([1], [2], byHash, [4], [5]);
        await OkAsync(await door.PostXorbAsync(xorb), await door.PostShardAsync(new MadeShard().File(xorb).Describe(xorb, marked: 3).Bytes()));

        var known = new List<bool>();
        foreach (var (hash, _) in xorb.Chunks)
        {
            using var answer = await door.SendAsync(HttpMethod.Get, $"/v1/chunks/default/{hash}");
            known.Add(answer.StatusCode == HttpStatusCode.OK);
        }

        Assert.Equal([true, false, true, true, false], known);
    }

    [Fact]
    public async Task The_first_chunk_of_a_file_tells_of_all_its_xorbs()
    {
        await using var world = await StartAsync();
        var door = await world.XetAsync(world.Alice, "alice/secret");
        MadeXorb[] xorbs = [.. Enumerable.Range(1, 4).Select(i => MadeXorb.OfContent(LfsCalls.Bytes(120_000, i)))];
        foreach (var xorb in xorbs)
        {
            await OkAsync(await door.PostXorbAsync(xorb));
        }

        await OkAsync(await door.PostShardAsync(MadeShard.Of(xorbs).Bytes()));

        var answer = await AskAsync(door, xorbs[0].Chunks[0].Hash);

        Assert.Equal(xorbs.Select(x => x.Hash), answer.Xorbs.Select(x => x.Hash));
        Assert.Equal(xorbs.SelectMany(x => x.Chunks).Select(c => XetHashes.Keyed(answer.Key, c.Hash)), answer.Xorbs.SelectMany(x => x.Chunks).Select(c => c.Hash));
    }

    [Fact]
    public async Task A_xorb_that_no_file_needs_any_more_is_not_told_of()
    {
        await using var world = await StartAsync();
        var door = await world.XetAsync(world.Alice, "alice/secret");
        var xorb = await door.SendAsync(LfsCalls.Bytes(1000));
        var now = world.Server.Clock.GetUtcNow();
        await world.RowsAsync(db => db.Xorbs.ExecuteUpdateAsync(x => x.SetProperty(p => p.UnreferencedSince, now)));

        using var answer = await door.SendAsync(HttpMethod.Get, $"/v1/chunks/default/{xorb.Chunks[0].Hash}");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task Clients_of_every_age_ask_at_their_address_and_with_a_token_that_reads()
    {
        await using var world = await StartAsync();
        var xorb = await (await world.XetAsync(world.Alice, "alice/secret")).SendAsync(LfsCalls.Bytes(1000));
        var door = await world.XetAsync(world.Alice, "alice/secret", "read");

        foreach (var place in (string[])["/v1/chunks/default", "/v1/chunks/default-merkledb", "/chunks/default", "/chunk/default-merkledb"])
        {
            using var answer = await door.SendAsync(HttpMethod.Get, $"{place}/{xorb.Chunks[0].Hash}");
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("application/octet-stream", answer.Content.Headers.ContentType?.MediaType);
        }

        using var noHash = await door.SendAsync(HttpMethod.Get, "/v1/chunks/default/abc");
        using var otherPrefix = await door.SendAsync(HttpMethod.Get, $"/v1/chunks/other/{xorb.Chunks[0].Hash}");
        using var noToken = await door.With("").SendAsync(HttpMethod.Get, $"/v1/chunks/default/{xorb.Chunks[0].Hash}");
        Assert.Equal(
            [HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.Unauthorized], [noHash.StatusCode, otherPrefix.StatusCode, noToken.StatusCode]);
    }

    [Fact]
    public async Task The_javascript_client_sends_of_a_second_version_only_what_changed()
    {
        const int Size = 90_000_000; // two xorbs
        await using var world = await World.CreateAsync();

        var said = JsonNode.Parse(await ClientProcess.RunAsync(
            "node", ["xet.mjs"], ClientProcess.Scripts(), ("HUB", world.Server.Url.ToString().TrimEnd('/')), ("TOKEN", world.Alice.Token), ("OTHER", world.Bob.Token),
            ("REPO", "alice/chunks"), ("SEED", "3"), ("SIZES", Size.ToString(CultureInfo.InvariantCulture))))!;

        Assert.InRange(said["sent"]!.GetValue<long>(), Size, Size + 100_000);
        Assert.InRange(said["sentForSecond"]!.GetValue<long>(), 1, 2_000_000); // three places, each with what is around it
    }

    private static async Task<Answer> AskAsync(XetDoor door, XetHash chunk)
    {
        using var answer = await door.SendAsync(HttpMethod.Get, $"/v1/chunks/default/{chunk}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        var shard = await XetSome.ReadShardAsync(bytes);
        Assert.Empty(shard.Files);
        return new Answer(shard.Xorbs, bytes[^128..^96], BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(^88..)));
    }

    private static async Task<string> SaidAsync(HttpResponseMessage answer, XetHash chunk) =>
        (await answer.Content.ReadAsStringAsync()).Replace(chunk.ToString(), "…", StringComparison.Ordinal);

    private static async Task OkAsync(params HttpResponseMessage[] answers)
    {
        foreach (var answer in answers)
        {
            await answer.OkAsync();
            answer.Dispose();
        }
    }

    private static async Task<World> StartAsync(HubOptions? options = null)
    {
        var world = await World.CreateAsync(services => services.AddSingleton(options ?? new HubOptions()));
        var (alice, carol) = (world.As(world.Alice), world.As(world.Carol));
        await alice.CreateRepoAsync("alice/secret", isPrivate: true);
        await alice.CreateRepoAsync("alice/open");
        await carol.CreateRepoAsync("carol/own", isPrivate: true);
        return world;
    }

    private sealed record Answer(IReadOnlyList<ShardXorb> Xorbs, byte[] Key, long Expires);
}
