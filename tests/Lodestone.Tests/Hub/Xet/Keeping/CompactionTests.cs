using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

public sealed class CompactionTests
{
    private static readonly byte[] Content = LfsCalls.Bytes(20_000, seed: 1);
    private static readonly byte[] Head = Chunks(Content, 0, 40);
    private static readonly byte[] Tail = Chunks(Content, 150, 30);

    [Fact]
    public async Task Live_chunks_move_out_of_a_sparse_xorb_and_the_rest_is_freed()
    {
        await using var stage = await KeepingStage.SetAsync();
        var before = await SparseAsync(stage, Head, Tail);

        var compacted = await stage.CompactAsync();
        await stage.AssertReadableAsync(Head, Tail);
        var both = stage.XorbFiles().Count;
        await stage.ReclaimAfterAsync(TimeSpan.FromDays(22));

        var left = Assert.Single(stage.XorbFiles());
        Assert.Equal((1, 2), (compacted.Compacted.Files, both));
        Assert.DoesNotContain(left, before);
        await stage.AssertReadableAsync(Head, Tail);
        Assert.Equal(0, (await stage.CompactAsync()).Sparse.Files);
    }

    [Fact]
    public async Task A_dry_run_says_so_and_moves_nothing()
    {
        await using var stage = await KeepingStage.SetAsync();
        var before = await SparseAsync(stage, Head);

        var dry = await stage.CompactAsync(isDryRun: true);
        var after = await stage.XorbsAsync();
        var real = await stage.CompactAsync();

        Assert.Equal(before, after);
        Assert.Equal((1, dry.Sparse), (dry.Sparse.Files, real.Compacted));
    }

    [Fact]
    public async Task Whoever_could_build_on_the_old_xorb_can_build_on_the_new_one_and_is_led_there()
    {
        await using var stage = await KeepingStage.SetAsync();
        await SparseAsync(stage, Head);
        await stage.CompactAsync();
        await stage.ReclaimAfterAsync(TimeSpan.FromDays(22));
        var (left, other) = (Assert.Single(await stage.XorbsAsync()), await stage.RepoAsync());

        await stage.Hub.InScopeAsync(services => new ChunkingClient(stage.OwnerId).UploadAsync(services, other.Id, [.. Head, .. LfsCalls.Bytes(10, seed: 9)]));

        Assert.Equal(stage.OwnerId, Assert.Single(await stage.RowsAsync(db => db.XorbGrants.Where(g => g.Xorb == left).ToListAsync())).GranteeId);
        var places = await stage.RowsAsync(db => db.FileXorbs.Where(r => r.Xorb == left).CountAsync());
        Assert.Equal(2, places); // the new file has it too: its first chunk led there
    }

    [Fact]
    public async Task A_damaged_xorb_stays_as_it_is()
    {
        await using var stage = await KeepingStage.SetAsync();
        var before = Assert.Single(await SparseAsync(stage, Head));
        var path = Directory.EnumerateFiles(Path.Combine(stage.Hub.Directory, "xorbs"), before.ToString(), SearchOption.AllDirectories).Single();
        var bytes = await File.ReadAllBytesAsync(path);
        bytes[100] ^= 1;
        await File.WriteAllBytesAsync(path, bytes);

        var report = await stage.CompactAsync();

        Assert.Equal((1, 0), (report.Sparse.Files, report.Compacted.Files));
        Assert.Equal([before], await stage.XorbsAsync());
    }

    [Fact]
    public async Task Xorbs_of_one_namespace_are_put_together_and_those_of_two_are_not()
    {
        await using var stage = await KeepingStage.SetAsync();
        var otherId = Guid.CreateVersion7();
        var others = new ChunkingClient(otherId);
        var (first, second, foreign) = (await stage.RepoAsync(), await stage.RepoAsync(), await stage.RepoAsync(otherId));
        var contents = Enumerable.Range(10, 3).Select(seed => LfsCalls.Bytes(20_000, seed)).ToList();
        await stage.UploadAsync(first, contents[0]);
        await stage.UploadAsync(second, contents[1]);
        await stage.Hub.InScopeAsync(services => others.UploadAsync(services, foreign.Id, contents[2]));
        await stage.UploadAsync(first, Chunks(contents[0], 0, 40));
        await stage.UploadAsync(second, Chunks(contents[1], 0, 40));
        await stage.Hub.InScopeAsync(async services =>
        {
            await others.UploadAsync(services, foreign.Id, Chunks(contents[2], 0, 40));
            await foreign.ShowAsync(services, Chunks(contents[2], 0, 40));
        });
        foreach (var days in (int[])[0, 8])
        {
            await stage.ReclaimAfterAsync(TimeSpan.FromDays(days));
        }

        var report = await stage.CompactAsync();
        await stage.ReclaimAfterAsync(TimeSpan.FromDays(22));

        Assert.Equal(3, report.Compacted.Files);
        Assert.Equal([1, 1], await stage.RowsAsync(db => db.XorbGrants.GroupBy(g => g.GranteeId).Select(g => g.Count()).ToListAsync()));
        await stage.AssertReadableAsync([.. contents.Select(c => Chunks(c, 0, 40))]);
    }

    /// <summary>Some whole chunks of a content, which are cut in the same way.</summary>
    private static byte[] Chunks(byte[] content, int first, int count) => [.. ChunkingClient.Cut(content).Skip(first).Take(count).SelectMany(c => c)];

    /// <summary>A repository had the whole content and has only some parts of it now, which are less than half.</summary>
    /// <returns>The xorbs.</returns>
    private static async Task<List<XetHash>> SparseAsync(KeepingStage stage, params byte[][] parts)
    {
        var repo = await stage.RepoAsync();
        await stage.UploadAsync(repo, Content);
        await stage.UploadAsync(repo, parts);
        foreach (var days in (int[])[0, 8])
        {
            await stage.ReclaimAfterAsync(TimeSpan.FromDays(days));
        }

        return await stage.XorbsAsync();
    }
}
