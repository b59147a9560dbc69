using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>
/// Repositories of a few namespaces that live through random histories in step with each other, upkeep of every kind now and then
/// beside them, and what must be readable in each, which is known independently.
/// </summary>
internal sealed class KeepingWorld : IAsyncDisposable
{
    private const int Steps = 5;
    private const int Namespaces = 8;

    private readonly UnservedHub _hub;
    private readonly Random _random;

    private KeepingWorld(UnservedHub hub, Random random) => (_hub, _random) = (hub, random);

    public static async Task<KeepingWorld> CreateAsync(Random random) => new(await UnservedHub.CreateAsync(), random);

    /// <summary>New repositories from their first commit to their last, upkeep that leaves what they reach, and at the end nothing.</summary>
    public async Task LiveAsync(int count, string what)
    {
        var owners = Enumerable.Range(0, Namespaces).Select(_ => PublicId.New(_hub.Clock)).Select(id => (id, new ChunkingClient(id, _random))).ToList();
        var contents = new List<byte[]>();
        var repos = new List<KeepingHistory>();
        for (var i = 0; i < count; i++)
        {
            var (owner, client) = owners[_random.Next(Namespaces)];
            repos.Add(await _hub.InScopeAsync(services => KeepingHistory.BeginAsync(services, owner, client, contents, _random.Next())));
        }

        for (var step = 0; step < Steps; step++)
        {
            _hub.Clock.Advance(TimeSpan.FromHours(_random.Next(300)));
            await Task.WhenAll(KeepAsync(), StepAsync(repos));
            await Task.WhenAll(repos.Select(repo => _hub.InScopeAsync(services => repo.AssertReadableAsync(services, isThorough: false, what))));
        }

        await SettleAsync();
        await Task.WhenAll(repos.Select(repo => _hub.InScopeAsync(services => repo.AssertReadableAsync(services, isThorough: true, what))));
        await AssertNoMoreThanAsync(repos.SelectMany(r => r.Reached).ToHashSet(), contents, what);
        foreach (var repo in repos)
        {
            await _hub.InScopeAsync(repo.DeleteAsync);
        }

        await SettleAsync();
        await AssertNoMoreThanAsync([], contents, what);
    }

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    private async Task StepAsync(IReadOnlyList<KeepingHistory> repos)
    {
        foreach (var repo in repos)
        {
            await _hub.InScopeAsync(services => repo.StepAsync(services, repos));
        }
    }

    /// <summary>One kind of upkeep, or two at once, or none.</summary>
    private Task KeepAsync() => _random.Next(5) switch
    {
        0 => ReclaimAsync(),
        1 => CompactAsync(),
        2 => ConvertAsync(),
        3 => Task.WhenAll(ReclaimAsync(), CompactAsync()),
        _ => Task.CompletedTask,
    };

    /// <summary>Long enough for everything that waits.</summary>
    private async Task SettleAsync()
    {
        foreach (var days in (int[])[8, 8, 22, 22])
        {
            await ReclaimAsync();
            await CompactAsync();
            _hub.Clock.Advance(TimeSpan.FromDays(days));
        }

        await ReclaimAsync();
    }

    /// <summary>That the stores have what reached files need and nothing else, and that files and rows agree.</summary>
    private Task AssertNoMoreThanAsync(HashSet<int> reached, List<byte[]> contents, string what) => _hub.InScopeAsync(async services =>
    {
        var (db, store) = (services.GetRequiredService<HubDb>(), services.GetRequiredService<XorbStore>());
        var digests = reached.Select(i => LfsCalls.Digest(contents[i])).ToHashSet(StringComparer.Ordinal);
        var chunked = await db.ChunkedFiles.Select(f => f.Sha256).Distinct().ToListAsync();
        var blobs = services.GetRequiredService<IBlobStore>().List().Select(b => b.Digest.Hex).ToList();
        Assert.True(digests.SetEquals(chunked.Concat(blobs)), $"{what}: what is stored is not what is reached");
        Assert.True(!chunked.Intersect(blobs).Any(), $"{what}: a spare blob stayed");
        var xorbs = await db.Xorbs.Select(x => x.Hash).ToListAsync();
        Assert.True(xorbs.ToHashSet().SetEquals(store.List().Select(x => x.Hash)), $"{what}: rows and files of xorbs differ");
        Assert.True(await db.Xorbs.AllAsync(x => x.UnreferencedSince == null && db.FileXorbs.Any(r => r.Xorb == x.Hash)), $"{what}: a xorb stayed that no file needs");
        Assert.Empty(await services.GetRequiredService<SparseXorbs>().FindAsync(new ReclaimReport { IsDryRun = true }, _hub.Clock.GetUtcNow(), CancellationToken.None));
    });

    private Task<ReclaimReport> ReclaimAsync() => _hub.InScopeAsync(services => services.GetRequiredService<Reclaim>().RunAsync(isDryRun: false, CancellationToken.None));

    private Task CompactAsync() => _hub.InScopeAsync(async services =>
    {
        await services.GetRequiredService<Compaction>().RunAsync(new ReclaimReport { IsDryRun = false }, CancellationToken.None);
    });

    /// <summary>Some of the files that came whole.</summary>
    private Task ConvertAsync() => _hub.InScopeAsync(async services =>
    {
        var db = services.GetRequiredService<HubDb>();
        var whole = await db.LfsObjects.AsNoTracking().Where(o => !db.ChunkedFiles.Any(f => f.Sha256 == o.Sha256)).OrderBy(o => o.Sha256).Take(20).ToListAsync();
        foreach (var file in whole)
        {
            try
            {
                var repo = await db.Repos.AsNoTracking().SingleOrDefaultAsync(r => r.Id == file.RepoId);
                await (repo is null ? Task.CompletedTask : services.GetRequiredService<Conversion>().RunAsync(Sha256Digest.Parse(file.Sha256), repo, CancellationToken.None));
            }
            catch (IOException)
            {
                // Its repository went, and its blob with it.
            }
        }

    });
}
