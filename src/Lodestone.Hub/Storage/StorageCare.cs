using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Lodestone.Hub;

/// <summary>Sweeps once a day, and has billing know what is stored for whom.</summary>
internal sealed class DailySweep(Sweeps sweeps, HubDb db, Metered metered, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.reclaim";

    public static readonly TimeSpan Every = TimeSpan.FromDays(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await sweeps.RunDailyAsync(cancel);
        var stored = await db.StorageCounts.AsNoTracking().Where(c => c.Scope == StorageScope.Namespace).ToDictionaryAsync(c => c.Id, c => c.Stored, cancel);
        await metered.StoredAsync(stored, cancel);
        return clock.GetUtcNow() + Every;
    }
}

/// <summary>Has billing know every hour what is stored for those who have just stored something: the most of a day is what counts, not what a sweep left.</summary>
internal sealed class StorageSampling(HubDb db, StorageCounting counting, Metered metered, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.storage_sample";

    public static readonly TimeSpan Every = TimeSpan.FromHours(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var (now, stored) = (clock.GetUtcNow(), new Dictionary<Guid, long>());
        var since = now - Every - Every; // a run may be late
        var owners = await db.LfsObjects.Where(o => o.CreatedAt >= since).Join(db.Repos, o => o.RepoId, r => r.Id, (_, r) => r.OwnerId).Distinct().ToListAsync(cancel);
        foreach (var ownerId in owners)
        {
            stored[ownerId] = (await counting.CountAsync(ownerId, cancel))[0].Stored;
        }

        await metered.StoredAsync(stored, cancel);
        return now + Every;
    }
}

/// <summary>A sweep that an administrator asked for, by its id.</summary>
internal sealed class AskedSweep(Sweeps sweeps) : ITaskHandler
{
    public const string Kind = "hub.sweep";

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await sweeps.RunAskedAsync(Guid.Parse(task.Key), cancel);
        return null;
    }
}

/// <summary>Drops uploads that nobody has gone on with for a day.</summary>
internal sealed class AbandonedUploads(PartialBlobs partials, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.abandoned_uploads";

    public static readonly TimeSpan Every = TimeSpan.FromHours(1);

    private static readonly TimeSpan Patience = TimeSpan.FromDays(1);

    public Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        partials.DeleteAbandoned(clock.GetUtcNow() - Patience);
        return Task.FromResult<DateTimeOffset?>(clock.GetUtcNow() + Every);
    }
}

/// <summary>Has all that comes by itself done from the first start on.</summary>
internal sealed class StorageCare(Tasks tasks, TimeProvider clock) : IHostedService
{
    private const string TheOnly = "all";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await tasks.ScheduleAsync(DailySweep.Kind, TheOnly, clock.GetUtcNow() + DailySweep.Every, new { }, cancellationToken);
        await tasks.ScheduleAsync(StorageSampling.Kind, TheOnly, clock.GetUtcNow() + StorageSampling.Every, new { }, cancellationToken);
        await tasks.ScheduleAsync(AbandonedUploads.Kind, TheOnly, clock.GetUtcNow() + AbandonedUploads.Every, new { }, cancellationToken);
        await tasks.ScheduleAsync(Chunking.Kind, TheOnly, clock.GetUtcNow() + Chunking.Every, new { }, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
