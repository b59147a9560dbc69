using System.Globalization;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class ConversionTests(ITestOutputHelper output)
{
    private const int Mebibyte = 1024 * 1024;
    private const int Places = 10;

    /// <summary>More and larger ones by <c>scripts/bench-xet-storage</c>.</summary>
    private static readonly int Checkpoints = Number("LODESTONE_CHECKPOINTS") ?? 6;

    private static readonly int CheckpointSize = (Number("LODESTONE_CHECKPOINT_MIB") ?? 6) * Mebibyte;

    private static readonly int LargeSize = (Number("LODESTONE_LARGE_MIB") ?? 12) * Mebibyte;

    /// <summary>Around a change: the chunk that it begins in, and what it takes to find the old cuts again.</summary>
    private const int Spoilt = 3 * Chunker.MostSize;

    private static readonly byte[] Content = LfsCalls.Bytes(700_000, seed: 1);

    [Fact]
    public async Task A_file_that_came_whole_is_kept_as_chunks_and_its_blob_goes()
    {
        await using var stage = await SetAsync();
        var repo = await stage.RepoAsync();
        await HoldAsync(stage, repo, Content);

        await ChunkAsync(stage);
        await ChunkAsync(stage); // nothing is left to do
        await stage.AssertReadableAsync(Content);
        await stage.ReclaimAsync();
        await stage.ReclaimAfterAsync(TimeSpan.FromDays(8));

        Assert.Empty(stage.Blobs());
        await stage.AssertReadableAsync(Content);
        Assert.Equal(1, await stage.RowsAsync(db => db.ChunkedFiles.CountAsync()));
    }

    [Fact]
    public async Task Nothing_is_cut_unless_the_server_is_set_so_and_nothing_that_is_small()
    {
        await using var off = await KeepingStage.SetAsync();
        await using var on = await SetAsync();
        await HoldAsync(off, await off.RepoAsync(), Content);
        await HoldAsync(on, await on.RepoAsync(), LfsCalls.Bytes(100_000));

        await off.Hub.InScopeAsync(services => services.GetRequiredService<Chunking>().RunAsync(Claim(), CancellationToken.None));
        await on.Hub.InScopeAsync(services => services.GetRequiredService<Chunking>().RunAsync(Claim(), CancellationToken.None));

        Assert.Equal(0, await off.RowsAsync(db => db.ChunkedFiles.CountAsync()));
        Assert.Equal(0, await on.RowsAsync(db => db.ChunkedFiles.CountAsync()));
    }

    [Fact]
    public async Task A_version_with_changes_in_ten_places_stores_little_more_than_the_changes()
    {
        await using var stage = await SetAsync();
        var repo = await stage.RepoAsync();
        var first = LfsCalls.Bytes(LargeSize, seed: 5);
        var second = Drift.Of(first, share: 0.01, Places, seed: 6);
        await HoldAsync(stage, repo, first);
        await ChunkAsync(stage);
        var before = await StoredAsync(stage);
        await HoldAsync(stage, repo, second);
        await ChunkAsync(stage);

        var added = await StoredAsync(stage) - before;

        output.WriteLine($"{first.Length} bytes, 1 % changed in {Places} places: {added} more stored, {added * 100d / first.Length:F2} %");
        Assert.InRange(added, second.Length / 100, (second.Length / 100) + (Places * Spoilt));
        await stage.AssertReadableAsync(first, second);
    }

    [Fact]
    public async Task Checkpoints_that_drift_store_about_their_drift()
    {
        await using var stage = await SetAsync();
        var repo = await stage.RepoAsync();
        var versions = new List<byte[]> { LfsCalls.Bytes(CheckpointSize, seed: 7) };
        while (versions.Count < Checkpoints)
        {
            versions.Add(Drift.Of(versions[^1], share: 0.05, places: 1, seed: versions.Count));
        }

        foreach (var version in versions)
        {
            await HoldAsync(stage, repo, version);
            stage.Hub.Clock.Advance(TimeSpan.FromMinutes(1));
        }

        await ChunkAsync(stage); // all at once, in the order in which they came

        var (stored, drifted) = (await StoredAsync(stage), (long)(CheckpointSize * (1 + (0.05 * (Checkpoints - 1)))));
        output.WriteLine($"{Checkpoints} checkpoints of {CheckpointSize} bytes with 5 % drift: {stored} stored, {(double)stored / CheckpointSize:F3} times one");
        Assert.InRange(stored, drifted - (CheckpointSize / 10), drifted + (CheckpointSize / 100) + ((Checkpoints - 1) * Spoilt)); // the drift may meet what drifted before
        await stage.AssertReadableAsync([.. versions]);
    }

    [Fact]
    public async Task What_another_namespace_keeps_private_is_not_built_on()
    {
        await using var stage = await SetAsync();
        var (own, foreign) = (await stage.RepoAsync(), await stage.RepoAsync(Guid.CreateVersion7()));
        byte[] edited = [.. Content, 1];
        await HoldAsync(stage, foreign, Content);
        await ChunkAsync(stage);
        await HoldAsync(stage, own, edited);
        await ChunkAsync(stage);

        var needed = await stage.RowsAsync(db => db.FileXorbs.Select(r => new { r.File, r.Xorb }).ToListAsync());

        Assert.Equal(2, needed.Select(r => r.File).Distinct().Count());
        Assert.Equal(needed.Count, needed.Select(r => r.Xorb).Distinct().Count());
    }

    [Fact]
    public async Task A_file_of_one_repeated_chunk_has_it_once()
    {
        await using var stage = await SetAsync();
        var repo = await stage.RepoAsync();
        var zeros = new byte[3_000_000];
        await HoldAsync(stage, repo, zeros);

        await ChunkAsync(stage);

        Assert.Equal(2, (await stage.RowsAsync(db => db.Xorbs.SingleAsync())).ChunkCount); // and the rest
        await stage.AssertReadableAsync(zeros);
    }

    private static Task<KeepingStage> SetAsync() => KeepingStage.SetAsync(services => services.AddSingleton(new HubOptions { ChunkLargeFiles = true, SharePublicChunks = true }));

    private static Task HoldAsync(KeepingStage stage, KeptRepo repo, byte[] content) => stage.Hub.InScopeAsync(async services =>
    {
        await repo.HoldAsync(services, content);
        await repo.PublishAsync(services, "refs/heads/main", [("model.bin", content)], isOrphan: false);
    });

    private static Task ChunkAsync(KeepingStage stage) => stage.Hub.InScopeAsync(services => services.GetRequiredService<Chunking>().RunAsync(CancellationToken.None));

    private static Task<long> StoredAsync(KeepingStage stage) => stage.RowsAsync(db => db.Xorbs.SumAsync(x => x.Size));

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out var number) ? number : null;

    private static LeasedTask Claim() => new()
    {
        Id = Guid.CreateVersion7(), Kind = Chunking.Kind, Key = "all", DueAt = DateTimeOffset.UnixEpoch, Epoch = 1, LeasedUntil = DateTimeOffset.UnixEpoch, Tries = 1, Payload = "{}",
    };
}
