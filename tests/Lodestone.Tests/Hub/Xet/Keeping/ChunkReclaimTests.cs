using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class ChunkReclaimTests
{
    private static readonly byte[] Content = LfsCalls.Bytes(20_000, seed: 1);
    private static readonly byte[] Edited = [.. Content, .. LfsCalls.Bytes(1000, seed: 2)];

    [Fact]
    public async Task A_deleted_file_is_forgotten_after_its_wait_and_its_chunks_after_three_weeks_more()
    {
        await using var stage = await KeepingStage.SetAsync();
        var repo = await stage.RepoAsync();
        await stage.UploadAsync(repo, Content);
        await stage.Hub.InScopeAsync(repo.DeleteAsync);

        var marked = await stage.ReclaimAsync();
        var early = await stage.ReclaimAfterAsync(TimeSpan.FromDays(6));
        var forgotten = await stage.ReclaimAfterAsync(TimeSpan.FromDays(2));
        var waiting = await stage.ReclaimAfterAsync(TimeSpan.FromDays(20));
        var kept = stage.XorbFiles().Count;
        var freed = await stage.ReclaimAfterAsync(TimeSpan.FromDays(2));

        Assert.Equal([0, 0, 1, 0, 0], new[] { marked, early, forgotten, waiting, freed }.Select(r => r.Forgotten.Files));
        Assert.Equal([0, 0, 0, 0, kept], new[] { marked, early, forgotten, waiting, freed }.Select(r => r.FreedXorbs.Files));
        Assert.Equal((kept, true), (waiting.WaitingXorbs.Files, kept > 0));
        Assert.Empty(stage.XorbFiles());
        Assert.Empty(await stage.XorbsAsync());
    }

    [Fact]
    public async Task A_dry_run_says_what_a_sweep_does_and_changes_nothing()
    {
        await using var stage = await KeepingStage.SetAsync();
        var repo = await stage.RepoAsync();
        await stage.UploadAsync(repo, Content);
        await stage.Hub.InScopeAsync(services => repo.ShowAsync(services));
        await stage.ReclaimAsync();

        var first = await stage.ReclaimAfterAsync(TimeSpan.FromDays(8), isDryRun: true);
        var (files, held) = (await stage.RowsAsync(db => db.ChunkedFiles.CountAsync()), await stage.RowsAsync(db => db.LfsObjects.CountAsync()));
        var real = await stage.ReclaimAsync();
        var second = await stage.ReclaimAfterAsync(TimeSpan.FromDays(22), isDryRun: true);
        var left = stage.XorbFiles().Count;
        var last = await stage.ReclaimAsync();

        Assert.Equal((1, 1), (files, held));
        Assert.Equal(real with { IsDryRun = true }, first);
        Assert.Equal(last with { IsDryRun = true }, second);
        Assert.Equal(1, real.Forgotten.Files);
        Assert.Equal(last.FreedXorbs.Files, left);
    }

    [Fact]
    public async Task What_another_repository_needs_of_the_chunks_stays()
    {
        await using var stage = await KeepingStage.SetAsync();
        var (first, second) = (await stage.RepoAsync(), await stage.RepoAsync());
        await stage.UploadAsync(first, Content);
        await stage.UploadAsync(second, Edited);
        await stage.Hub.InScopeAsync(first.DeleteAsync);

        foreach (var days in (int[])[0, 8, 22, 22])
        {
            await stage.ReclaimAfterAsync(TimeSpan.FromDays(days));
        }

        await stage.AssertReadableAsync(Edited);
        Assert.Equal(1, await stage.RowsAsync(db => db.ChunkedFiles.CountAsync()));
    }

    [Fact]
    public async Task A_xorb_that_is_sent_again_waits_anew_and_can_be_used()
    {
        await using var stage = await KeepingStage.SetAsync();
        var repo = await stage.RepoAsync();
        await stage.Hub.InScopeAsync(services => stage.Client.AbandonAsync(services, Content));
        await stage.ReclaimAfterAsync(TimeSpan.FromDays(20));
        await stage.Hub.InScopeAsync(services => stage.Client.AbandonAsync(services, Content));

        var report = await stage.ReclaimAfterAsync(TimeSpan.FromDays(20));
        await stage.UploadAsync(repo, Content);
        await stage.ReclaimAfterAsync(TimeSpan.FromDays(40));

        Assert.Equal((1, 0), (report.WaitingXorbs.Files, report.FreedXorbs.Files));
        await stage.AssertReadableAsync(Content);
    }

    [Fact]
    public async Task A_client_that_remembers_a_xorb_for_too_long_is_refused_and_sends_it_again()
    {
        await using var stage = await KeepingStage.SetAsync();
        var repo = await stage.RepoAsync();
        await stage.Hub.InScopeAsync(services => stage.Client.AbandonAsync(services, Content));
        await stage.ReclaimAfterAsync(TimeSpan.FromDays(22));
        var isGone = stage.XorbFiles().Count == 0;

        await stage.UploadAsync(repo, Content);

        Assert.True(isGone);
        await stage.AssertReadableAsync(Content);
    }

    [Fact]
    public async Task A_file_without_a_row_goes_after_a_day()
    {
        await using var stage = await KeepingStage.SetAsync();
        var xorb = MadeXorb.OfContent(Content);
        await stage.Hub.Services.GetRequiredService<XorbStore>().WriteAsync(System.IO.Pipelines.PipeReader.Create(new MemoryStream(xorb.Records)), xorb.Hash, CancellationToken.None);

        await stage.ReclaimAfterAsync(TimeSpan.FromHours(23));
        var early = stage.XorbFiles().Count;
        await stage.ReclaimAfterAsync(TimeSpan.FromHours(2), isDryRun: true);
        var dry = stage.XorbFiles().Count;
        await stage.ReclaimAsync();

        Assert.Equal((1, 1, 0), (early, dry, stage.XorbFiles().Count));
    }

    [Fact]
    public async Task A_blob_whose_bytes_are_kept_as_chunks_too_goes_and_the_file_stays()
    {
        await using var stage = await KeepingStage.SetAsync();
        var repo = await stage.RepoAsync();
        await stage.Hub.InScopeAsync(services => repo.HoldAsync(services, Content));
        await stage.UploadAsync(repo, Content);

        var marked = await stage.ReclaimAsync();
        var blobs = stage.Blobs().Count;
        var freed = await stage.ReclaimAfterAsync(TimeSpan.FromDays(8));

        Assert.Equal((1, 1, 1), (marked.Spare.Files, marked.Waiting.Files, blobs));
        Assert.Equal((1, 0), (freed.Freed.Files, stage.Blobs().Count));
        await stage.AssertReadableAsync(Content);
    }

    [Fact]
    public async Task A_blob_is_not_spare_while_its_chunks_wait_to_be_forgotten()
    {
        await using var stage = await KeepingStage.SetAsync();
        var repo = await stage.RepoAsync();
        await stage.UploadAsync(repo, Content);
        await stage.Hub.InScopeAsync(repo.DeleteAsync);
        await stage.ReclaimAsync();
        var other = await stage.RepoAsync();
        await stage.Hub.InScopeAsync(services => other.HoldAsync(services, Content)); // whole: relies on the blob alone
        await stage.Hub.InScopeAsync(services => other.ShowAsync(services, Content));

        await stage.ReclaimAfterAsync(TimeSpan.FromDays(8), isDryRun: true);
        foreach (var days in (int[])[8, 8, 22])
        {
            await stage.ReclaimAfterAsync(TimeSpan.FromDays(days));
            await stage.AssertReadableAsync(Content);
        }
    }
}
