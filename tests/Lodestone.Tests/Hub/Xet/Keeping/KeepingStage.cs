using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Hub;

/// <summary>A hub without its front door, and a namespace with a Xet client of its own.</summary>
internal sealed class KeepingStage : IAsyncDisposable
{
    private KeepingStage(UnservedHub hub)
    {
        Hub = hub;
        OwnerId = PublicId.New(hub.Clock);
        Client = new ChunkingClient(OwnerId);
    }

    public UnservedHub Hub { get; }

    public Guid OwnerId { get; }

    public ChunkingClient Client { get; }

    public static async Task<KeepingStage> SetAsync(Action<IServiceCollection>? adjust = null) => new(await UnservedHub.CreateAsync(adjust));

    /// <summary>A private repository of the namespace, or of another one.</summary>
    public Task<KeptRepo> RepoAsync(Guid? ownerId = null) => Hub.InScopeAsync(services => KeptRepo.CreateAsync(services, ownerId ?? OwnerId, isPrivate: true));

    /// <summary>Uploads contents as chunks, and shows them on main without history.</summary>
    public Task UploadAsync(KeptRepo repo, params byte[][] contents) => Hub.InScopeAsync(async services =>
    {
        foreach (var content in contents)
        {
            await Client.UploadAsync(services, repo.Id, content);
        }

        await repo.ShowAsync(services, contents);
    });

    public Task<ReclaimReport> ReclaimAsync(bool isDryRun = false) =>
        Hub.InScopeAsync(services => services.GetRequiredService<Reclaim>().RunAsync(isDryRun, CancellationToken.None));

    public Task<ReclaimReport> CompactAsync(bool isDryRun = false) => Hub.InScopeAsync(async services =>
    {
        var report = new ReclaimReport { IsDryRun = isDryRun };
        await services.GetRequiredService<Compaction>().RunAsync(report, CancellationToken.None);
        return report;
    });

    public async Task<ReclaimReport> ReclaimAfterAsync(TimeSpan time, bool isDryRun = false)
    {
        Hub.Clock.Advance(time);
        return await ReclaimAsync(isDryRun);
    }

    public Task<T> RowsAsync<T>(Func<HubDb, Task<T>> read) => Hub.InScopeAsync(services => read(services.GetRequiredService<HubDb>()));

    public Task<List<XetHash>> XorbsAsync() => RowsAsync(db => db.Xorbs.OrderBy(x => x.CreatedAt).ThenBy(x => x.Hash).Select(x => x.Hash).ToListAsync());

    public IReadOnlyCollection<XetHash> XorbFiles() => [.. Hub.Services.GetRequiredService<XorbStore>().List().Select(x => x.Hash)];

    public IReadOnlyCollection<string> Blobs() => [.. Hub.Services.GetRequiredService<IBlobStore>().List().Select(b => b.Digest.Hex)];

    public Task AssertReadableAsync(params byte[][] contents) => Hub.InScopeAsync(async services =>
    {
        foreach (var content in contents)
        {
            await EveryRoute.AssertAsync(services, content, new Random(1), "after what was done");
        }
    });

    public ValueTask DisposeAsync() => Hub.DisposeAsync();
}
