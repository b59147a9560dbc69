using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub.Pages;

public sealed class KeptFilesPagesTests
{
    private static readonly byte[] Whole = LfsCalls.Bytes(3000, seed: 1);
    private static readonly byte[] Cut = LfsCalls.Bytes(20_000, seed: 2);

    [Fact]
    public async Task The_files_page_says_how_each_file_is_kept_and_what_its_last_version_shares()
    {
        await using var world = await SetAsync();
        var alice = world.As(world.Alice);

        var first = (await alice.PageAsync("/alice/compass/tree/main")).TextsOf(".files__kept");
        byte[] next = [.. Cut, .. LfsCalls.Bytes(5000, seed: 3)];
        await UploadAsync(world, next);
        await alice.CommitAsync("alice/compass", [LfsCalls.FileLine("cut.bin", next)]);
        await alice.CommitAsync("alice/compass", ("notes.txt", "unrelated"));
        var second = (await alice.PageAsync("/alice/compass/tree/main")).TextsOf(".files__kept");

        Assert.Equal(["git", "chunked", "LFS"], first);
        Assert.Equal(4, second.Length);
        Assert.Matches("^(7[5-9]|8[0-5]) % shared chunked$", second[1]);
    }

    [Fact]
    public async Task Settings_show_what_the_files_need_on_disk()
    {
        await using var world = await SetAsync();
        var alice = world.As(world.Alice);

        var alone = (await alice.PageAsync("/alice/compass/settings")).TextOf(".stacked__parts");
        await alice.CreateRepoAsync("alice/other");
        await alice.HoldAsync("alice/other", Whole);
        var shared = (await alice.PageAsync("/alice/compass/settings")).TextOf(".stacked__parts");
        await alice.CreateRepoAsync("alice/empty");
        var empty = await alice.PageAsync("/alice/empty/settings");

        Assert.Contains("On disk, shared 0 bytes", alone, StringComparison.Ordinal);
        Assert.Matches("On disk, shared 3 kB ?with other repositories of alice", shared);
        Assert.Null(empty.QuerySelector(".stacked__parts"));
    }

    [Fact]
    public void A_share_is_that_of_the_chunks_at_the_same_place()
    {
        var (one, other) = (new XetHash(1, 0, 0, 0), new XetHash(2, 0, 0, 0));
        var before = FileTerm.Encode([new FileTerm(one, 0, 10, 100), new FileTerm(other, 5, 7, 20)]);
        var after = FileTerm.Encode([new FileTerm(one, 5, 15, 100), new FileTerm(other, 0, 6, 60), new FileTerm(one, 5, 9, 40)]);

        Assert.Equal((5 + 1 + 4) / 20d, FileStorage.Shared(after, before));
        Assert.Equal(1, FileStorage.Shared(before, before));
        Assert.Null(FileStorage.Shared(after, null));
        Assert.Null(FileStorage.Shared(null, before));
    }

    /// <summary>A model of Alice's with a file that is kept whole and one that is kept as chunks.</summary>
    private static async Task<World> SetAsync()
    {
        var world = await World.CreateAsync();
        var alice = world.As(world.Alice);
        await alice.CreateRepoAsync("alice/compass");
        await alice.HoldAsync("alice/compass", Whole);
        await UploadAsync(world, Cut);
        await alice.CommitAsync("alice/compass", [LfsCalls.FileLine("whole.bin", Whole), LfsCalls.FileLine("cut.bin", Cut)]);
        return world;
    }

    private static async Task UploadAsync(World world, byte[] content)
    {
        await using var scope = world.Server.Services.CreateAsyncScope();
        var repoId = await scope.ServiceProvider.GetRequiredService<HubDb>().Repos.Where(r => r.PathLower == "alice/compass").Select(r => r.Id).SingleAsync();
        await new ChunkingClient(world.Alice.Id).UploadAsync(scope.ServiceProvider, repoId, content);
    }
}
