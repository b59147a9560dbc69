using System.IO.Pipelines;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>What clients do between what upkeep has read and what it writes.</summary>
public sealed class KeepingRacesTests
{
    private static readonly byte[] Content = LfsCalls.Bytes(20_000, seed: 1);

    [Fact]
    public async Task A_registration_that_comes_before_the_row_goes_keeps_the_xorb()
    {
        var (interposed, stage) = await SetAsync();
        await using var _ = stage;
        var repo = await stage.RepoAsync();
        await stage.Hub.InScopeAsync(services => stage.Client.AbandonAsync(services, Content));
        await stage.ReclaimAfterAsync(TimeSpan.FromDays(20)); // marked; the client remembers
        stage.Hub.Clock.Advance(TimeSpan.FromDays(2));
        interposed.After("FROM hub_file_xorb", () => stage.UploadAsync(repo, Content)); // after it was seen that no file needs it

        var report = await stage.ReclaimAsync();

        Assert.True(interposed.IsDone);
        Assert.Equal(0, report.FreedXorbs.Files);
        await stage.AssertReadableAsync(Content);
    }

    [Fact]
    public async Task A_xorb_that_is_sent_again_between_row_and_file_keeps_its_file()
    {
        var (interposed, stage) = await SetAsync();
        await using var _ = stage;
        var (repo, xorb) = (await stage.RepoAsync(), MadeXorb.Of([.. ChunkingClient.Cut(Content)]));
        await stage.Hub.InScopeAsync(services => stage.Client.AbandonAsync(services, Content));
        stage.Hub.Clock.Advance(TimeSpan.FromDays(22));
        var store = stage.Hub.Services.GetRequiredService<XorbStore>();
        ChunkTable? table = null;
        interposed.After("DELETE FROM hub_xorb", async () => table = await store.WriteAsync(PipeReader.Create(new MemoryStream(xorb.Records)), xorb.Hash, CancellationToken.None));

        await stage.ReclaimAsync();
        await stage.Hub.InScopeAsync(services => services.GetRequiredService<XorbEntry>().AddAsync(table!, stage.OwnerId, CancellationToken.None)); // was set by what was interposed
        await stage.UploadAsync(repo, Content);

        Assert.Equal([xorb.Hash], stage.XorbFiles());
        await stage.AssertReadableAsync(Content);
    }

    [Fact]
    public async Task A_file_that_is_registered_again_before_it_is_forgotten_stays()
    {
        var (interposed, stage) = await SetAsync();
        await using var _ = stage;
        var (repo, other) = (await stage.RepoAsync(), await stage.RepoAsync());
        await stage.UploadAsync(repo, Content);
        await stage.Hub.InScopeAsync(repo.DeleteAsync);
        await stage.ReclaimAsync();
        stage.Hub.Clock.Advance(TimeSpan.FromDays(8));
        interposed.After("FROM hub_lfs_object AS h\nWHERE h.sha256", () => stage.UploadAsync(other, Content)); // after it was seen that nobody holds it

        await stage.ReclaimAsync();

        Assert.True(interposed.IsDone);
        Assert.Equal(1, await stage.RowsAsync(db => db.ChunkedFiles.CountAsync()));
        await stage.AssertReadableAsync(Content);
    }

    [Fact]
    public async Task A_file_that_comes_to_need_a_dead_chunk_stops_the_compaction()
    {
        var (interposed, stage) = await SetAsync();
        await using var _ = stage;
        var repo = await stage.RepoAsync();
        var (part, other) = (ChunkingClient.Cut(Content).Take(40).SelectMany(c => c).ToArray(), LfsCalls.Bytes(100, seed: 3));
        await stage.UploadAsync(repo, Content);
        await stage.UploadAsync(repo, part);
        foreach (var days in (int[])[0, 8])
        {
            await stage.ReclaimAfterAsync(TimeSpan.FromDays(days)); // the whole file is forgotten; most of its chunks are dead
        }

        interposed.After("FROM hub_xorb AS", () => stage.UploadAsync(repo, Content, part, other)); // the client remembers all its chunks
        var report = await stage.CompactAsync();

        Assert.True(interposed.IsDone);
        Assert.Equal((1, 0), (report.Sparse.Files, report.Compacted.Files));
        await stage.AssertReadableAsync(Content, part, other);
    }

    private static async Task<(Interposed Interposed, KeepingStage Stage)> SetAsync()
    {
        var interposed = new Interposed();
        return (interposed, await KeepingStage.SetAsync(interposed.AddTo));
    }
}
