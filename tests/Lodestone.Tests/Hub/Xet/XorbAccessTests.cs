using System.Net;
using System.Security.Cryptography;
using Lodestone.Core;
using Lodestone.Hub;
using Lodestone.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>Who may build files of whose chunks. What one may not use is missing, in the same words as what is not there.</summary>
public sealed class XorbAccessTests
{
    [Fact]
    public async Task A_private_xorb_of_somebody_else_is_missing()
    {
        await using var world = await StartAsync();
        var xorb = await (await world.XetAsync(world.Alice, "alice/secret")).SendAsync(LfsCalls.Bytes(200_000));
        var carol = await world.XetAsync(world.Carol, "carol/own");

        using var foreign = await carol.PostShardAsync(MadeShard.Of(xorb).Bytes());
        using var missing = await carol.PostShardAsync(MadeShard.Of(MadeXorb.Of([1, 2, 3])).Bytes());

        Assert.Equal(HttpStatusCode.BadRequest, foreign.StatusCode);
        Assert.Equal(
            (await XetDoor.ErrorAsync(missing)).Replace(MadeXorb.Of([1, 2, 3]).Hash.ToString(), xorb.Hash.ToString(), StringComparison.Ordinal),
            await XetDoor.ErrorAsync(foreign));
    }

    [Fact]
    public async Task Who_sends_the_bytes_of_a_private_xorb_may_use_it()
    {
        await using var world = await StartAsync();
        var xorb = await (await world.XetAsync(world.Alice, "alice/secret")).SendAsync(LfsCalls.Bytes(200_000));
        var carol = await world.XetAsync(world.Carol, "carol/own");
        using var sent = await carol.PostXorbAsync(xorb);
        await sent.OkAsync();

        using var taken = await carol.PostShardAsync(MadeShard.Of(xorb).Bytes());

        await taken.OkAsync();
        await world.As(world.Carol).CommitAsync("carol/own", [LfsCalls.FileLine("model.bin", xorb.Content)]);
    }

    [Theory]
    [InlineData(true, HttpStatusCode.OK)]
    [InlineData(false, HttpStatusCode.BadRequest)]
    public async Task Chunks_of_public_files_are_for_everybody_where_the_server_says_so(bool isShared, HttpStatusCode expected)
    {
        await using var world = await StartAsync(new HubOptions { SharePublicChunks = isShared });
        var xorb = await (await world.XetAsync(world.Alice, "alice/open")).SendAsync(LfsCalls.Bytes(200_000));

        using var answer = await (await world.XetAsync(world.Carol, "carol/own")).PostShardAsync(MadeShard.Of(xorb).Bytes());

        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task Only_those_chunks_of_a_xorb_are_for_others_that_public_files_have()
    {
        await using var world = await StartAsync();
        var door = await world.XetAsync(world.Alice, "alice/open");
        var xorb = MadeXorb.OfContent(LfsCalls.Bytes(200_000));
        var shown = new ShardFileOf(xorb, 1, 3);
        using var sent = await door.PostXorbAsync(xorb);
        await sent.OkAsync();
        using var taken = await door.PostShardAsync(shown.Shard);
        await taken.OkAsync();
        var carol = await world.XetAsync(world.Carol, "carol/own");

        using var same = await carol.PostShardAsync(shown.Shard);
        using var less = await carol.PostShardAsync(new ShardFileOf(xorb, 2, 3).Shard);
        using var before = await carol.PostShardAsync(new ShardFileOf(xorb, 0, 3).Shard);
        using var after = await carol.PostShardAsync(new ShardFileOf(xorb, 1, 4).Shard);
        using var far = await carol.PostShardAsync(new ShardFileOf(xorb, 3, 4).Shard);

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], [same.StatusCode, less.StatusCode]);
        Assert.All([before, after, far], answer => Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode));
        Assert.StartsWith($"400 There is no xorb {xorb.Hash}", await XetDoor.ErrorAsync(far), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_one_has_sent_or_may_read_one_may_use_in_every_repository_that_one_writes_to()
    {
        await using var world = await StartAsync(new HubOptions { SharePublicChunks = false });
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/third", isPrivate: true);
        await alice.CreateRepoAsync("acme/other", isPrivate: true);
        var (door, sent, held) = (await world.XetAsync(world.Alice, "alice/secret"), MadeXorb.Of(LfsCalls.Bytes(1000)), await JoinAsync(world));
        using var posted = await door.PostXorbAsync(sent);
        await posted.OkAsync();

        using var inTheNamespace = await (await world.XetAsync(world.Alice, "alice/third")).PostShardAsync(MadeShard.Of(sent).Bytes());
        using var inAnother = await (await world.XetAsync(world.Alice, "acme/other")).PostShardAsync(MadeShard.Of(sent).Bytes());
        using var ofAnother = await door.PostShardAsync(MadeShard.Of(held).Bytes());

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK], [inTheNamespace.StatusCode, inAnother.StatusCode, ofAnother.StatusCode]);
    }

    [Fact]
    public async Task What_a_member_has_sent_the_namespace_may_use_and_the_members_other_namespaces_may_not()
    {
        await using var world = await StartAsync();
        await JoinAsync(world);
        var sent = MadeXorb.Of(LfsCalls.Bytes(1000));
        using var posted = await (await world.XetAsync(world.Carol, "acme/weights")).PostXorbAsync(sent);
        await posted.OkAsync();

        using var byAnother = await (await world.XetAsync(world.Alice, "acme/weights")).PostShardAsync(MadeShard.Of(sent).Bytes());
        using var elsewhere = await (await world.XetAsync(world.Alice, "alice/secret")).HeadXorbAsync(sent.Hash);
        var own = await (await world.XetAsync(world.Carol, "carol/own")).SendAsync(LfsCalls.Bytes(1000, seed: 7));
        using var foreign = await (await world.XetAsync(world.Alice, "acme/weights")).PostShardAsync(MadeShard.Of(own).Bytes());

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.BadRequest], [byAnother.StatusCode, elsewhere.StatusCode, foreign.StatusCode]);
    }

    [Fact]
    public async Task Who_proposes_builds_on_what_the_repository_has_and_on_their_own_and_the_namespace_not_on_theirs()
    {
        await using var world = await StartAsync(new HubOptions { SharePublicChunks = false });
        var (alice, carol) = (await world.XetAsync(world.Alice, "alice/open"), await world.XetAsync(world.Carol, "alice/open", revision: "None?create_pr=1"));
        var held = await alice.SendAsync(LfsCalls.Bytes(200_000));
        var granted = MadeXorb.Of(LfsCalls.Bytes(1000, seed: 3));
        var proposed = MadeXorb.Of(LfsCalls.Bytes(1000, seed: 4));
        using var sentByAlice = await alice.PostXorbAsync(granted);
        using var sentByCarol = await carol.PostXorbAsync(proposed);
        await sentByAlice.OkAsync();
        await sentByCarol.OkAsync();

        using var own = await carol.PostShardAsync(MadeShard.Of(held, proposed).Bytes());
        using var ofTheNamespace = await carol.PostShardAsync(MadeShard.Of(granted).Bytes());
        using var ofTheProposer = await alice.PostShardAsync(new MadeShard().File(granted).Describe(proposed).Bytes());

        await own.OkAsync();
        Assert.Equal(HttpStatusCode.BadRequest, ofTheNamespace.StatusCode);
        Assert.Equal(HttpStatusCode.OK, ofTheProposer.StatusCode); // by now the repository has a file of it
    }

    /// <summary>Carol writes for Acme too, and has sent a file there.</summary>
    private static async Task<MadeXorb> JoinAsync(World world)
    {
        await world.UseAsync<Accounts, bool>(async accounts =>
        {
            await accounts.SetMemberAsync(world.Acme.Id, world.Carol.Id, NamespaceRole.Write, CancellationToken.None);
            return true;
        });
        await world.As(world.Carol).CreateRepoAsync("acme/weights", isPrivate: true);
        return await (await world.XetAsync(world.Carol, "acme/weights")).SendAsync(LfsCalls.Bytes(100_000, seed: 9));
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

    /// <summary>A shard with one file, of some chunks in a row.</summary>
    private sealed class ShardFileOf
    {
        public ShardFileOf(MadeXorb xorb, int first, int end)
        {
            var tree = new HashTree();
            foreach (var (hash, length) in xorb.Chunks.Take(end).Skip(first))
            {
                tree.Add(hash, length);
            }

            var content = xorb.Content[(first * 50_000)..(end * 50_000)];
            Shard = new MadeShard().File(tree.FileHash(), SHA256.HashData(content), xorb.Term(first, end)).Bytes();
        }

        public byte[] Shard { get; }
    }
}
