using Lodestone.Core;
using Microsoft.Extensions.Hosting;

namespace Lodestone.Hub;

/// <summary>Reclaims once a day.</summary>
internal sealed class DailyReclaim(Reclaim reclaim, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "hub.reclaim";

    public static readonly TimeSpan Every = TimeSpan.FromDays(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await reclaim.RunAsync(isDryRun: false, cancel);
        return clock.GetUtcNow() + Every;
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

/// <summary>Has both done from the first start on.</summary>
internal sealed class StorageCare(Tasks tasks, TimeProvider clock) : IHostedService
{
    private const string TheOnly = "all";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await tasks.ScheduleAsync(DailyReclaim.Kind, TheOnly, clock.GetUtcNow() + DailyReclaim.Every, new { }, cancellationToken);
        await tasks.ScheduleAsync(AbandonedUploads.Kind, TheOnly, clock.GetUtcNow() + AbandonedUploads.Every, new { }, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
