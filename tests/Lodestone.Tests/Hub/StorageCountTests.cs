using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class StorageCountTests
{
    private static readonly byte[] Shared = LfsCalls.Bytes(3000, seed: 1);
    private static readonly byte[] Own = LfsCalls.Bytes(1000, seed: 2);
    private static readonly byte[] Content = LfsCalls.Bytes(20_000, seed: 3);

    [Fact]
    public async Task A_file_of_several_repositories_counts_for_each_and_is_stored_once()
    {
        await using var stage = await KeepingStage.SetAsync();
        var (first, second, foreign) = (await stage.RepoAsync(), await stage.RepoAsync(), await stage.RepoAsync(Guid.CreateVersion7()));
        await stage.Hub.InScopeAsync(async services =>
        {
            await first.HoldAsync(services, Own);
            await first.HoldAsync(services, Shared);
            await second.HoldAsync(services, Shared);
            await foreign.HoldAsync(services, Shared);
        });

        var counts = await CountAsync(stage, stage.OwnerId);
        var (server, others) = (await CountAllAsync(stage), await CountAsync(stage, foreign.OwnerId));

        Assert.Equal("3 7000 4000 3000", Figures(counts[0]));
        Assert.Equal("2 4000 4000 3000", Figures(counts.Single(c => c.Id == first.Id)));
        Assert.Equal("1 3000 3000 3000", Figures(counts.Single(c => c.Id == second.Id)));
        Assert.Equal(["1 3000 3000 0", "1 3000 3000 0"], others.Select(Figures)); // what the other namespace has does not show
        Assert.Equal("4 10000 4000 3000", Figures(server));
        Assert.Equal(6, await stage.RowsAsync(db => db.StorageCounts.CountAsync()));
    }

    [Fact]
    public async Task Of_files_in_chunks_the_common_chunks_are_shared()
    {
        await using var stage = await KeepingStage.SetAsync();
        var (first, second) = (await stage.RepoAsync(), await stage.RepoAsync());
        await stage.UploadAsync(first, Content);
        await stage.UploadAsync(second, [.. Content[..15_000], .. LfsCalls.Bytes(4000, seed: 9)]);

        var counts = await CountAsync(stage, stage.OwnerId);
        var (one, two) = (counts.Single(c => c.Id == first.Id), counts.Single(c => c.Id == second.Id));

        Assert.Equal(await stage.RowsAsync(db => db.Xorbs.SumAsync(x => x.Size)), counts[0].Stored); // every chunk of them is needed
        Assert.Equal(counts[0].Shared, one.Stored + two.Stored - counts[0].Stored);
        Assert.Equal((one.Shared, two.Shared), (counts[0].Shared, counts[0].Shared));
        Assert.InRange(one.Shared, 14_000, 16_500); // with the records' headers
        Assert.Equal(39_000, counts[0].Logical);
    }

    [Fact]
    public async Task What_no_reference_reaches_waits_and_is_due_after_the_wait()
    {
        await using var stage = await KeepingStage.SetAsync();
        var repo = await stage.RepoAsync();
        await stage.Hub.InScopeAsync(services => repo.HoldAsync(services, Own));
        await stage.Hub.InScopeAsync(services => repo.ShowAsync(services));
        await stage.ReclaimAsync();

        var waiting = (await CountAsync(stage, stage.OwnerId))[0];
        stage.Hub.Clock.Advance(TimeSpan.FromDays(8));
        var due = (await CountAsync(stage, stage.OwnerId))[0];

        Assert.Equal([(1000, 0), (1000, 1000)], new[] { waiting, due }.Select(c => (c.Waiting, c.Due)));
    }

    [Fact]
    public async Task A_sweep_counts_everything_anew_and_a_dry_one_writes_nothing()
    {
        await using var stage = await KeepingStage.SetAsync();
        var repo = await stage.RepoAsync();
        await stage.UploadAsync(repo, Content);

        var dry = await SweepAsync(stage, isDryRun: true);
        var none = await stage.RowsAsync(db => db.StorageCounts.CountAsync());
        await SweepAsync(stage, isDryRun: false);
        var counted = await stage.RowsAsync(db => db.StorageCounts.CountAsync());
        await stage.Hub.InScopeAsync(repo.DeleteAsync);
        stage.Hub.Clock.Advance(TimeSpan.FromMinutes(1));
        await SweepAsync(stage, isDryRun: false);

        Assert.Equal((0, 3), (none, counted));
        Assert.Equal(StorageScope.Server, Assert.Single(await stage.RowsAsync(db => db.StorageCounts.ToListAsync())).Scope);
        Assert.Contains($"needed: {Lodestone.Ui.Readable.Bytes(dry.Server!.Stored)}, for 1 large files of 20 kB", dry.Text, StringComparison.Ordinal); // a sweep counts
    }

    [Fact]
    public async Task Namespaces_are_listed_with_what_needs_most_first_page_by_page()
    {
        await using var stage = await KeepingStage.SetAsync();
        foreach (var size in (int[])[100, 300, 200, 300])
        {
            var repo = await stage.RepoAsync(Guid.CreateVersion7());
            await stage.Hub.InScopeAsync(services => repo.HoldAsync(services, LfsCalls.Bytes(size, size)));
        }

        await CountAllAsync(stage);
        var pages = new List<long[]>();
        for (StorageCount? last = null; pages.Count < 4;)
        {
            var page = await stage.Hub.InScopeAsync(services => services.GetRequiredService<StorageFigures>().LargestAsync(last, 1, CancellationToken.None));
            pages.Add([.. page.Select(c => c.Stored)]);
            last = page[^1];
        }

        Assert.Equal([300, 300, 200, 100], pages.SelectMany(p => p));
    }

    private static string Figures(StorageCount count) => $"{count.Files} {count.Logical} {count.Stored} {count.Shared}";

    private static Task<IReadOnlyList<StorageCount>> CountAsync(KeepingStage stage, Guid ownerId) =>
        stage.Hub.InScopeAsync(services => services.GetRequiredService<StorageCounting>().CountAsync(ownerId, CancellationToken.None));

    private static Task<StorageCount> CountAllAsync(KeepingStage stage) =>
        stage.Hub.InScopeAsync(services => services.GetRequiredService<StorageCounting>().CountAllAsync(isSaved: true, CancellationToken.None));

    private static Task<ReclaimReport> SweepAsync(KeepingStage stage, bool isDryRun) =>
        stage.Hub.InScopeAsync(services => services.GetRequiredService<Sweeps>().RunAsync(isDryRun, CancellationToken.None));
}
