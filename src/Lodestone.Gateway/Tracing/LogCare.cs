using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;

namespace Lodestone.Gateway;

/// <summary>Forgets calls that are older than the operator keeps them, what was said in them when its time is over, and histograms after thirteen months.</summary>
internal sealed class LogCare(GatewayDb db, GatewayOptions options, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "gateway.log_care";

    public static readonly TimeSpan Every = TimeSpan.FromHours(6);

    private const int AtOnce = 5_000;
    private const int HistogramDays = 396;

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var oldest = now.AddDays(-options.TraceDays);
        while (await db.WriteAsync(inner => db.LoggedCalls.Where(c => db.LoggedCalls.Where(o => o.StartedAt < oldest).Select(o => o.Id).Take(AtOnce).Contains(c.Id)).ExecuteDeleteAsync(inner), cancel) == AtOnce)
        {
            cancel.ThrowIfCancellationRequested();
        }

        await db.WriteAsync(inner => db.KeptBodies.Where(b => b.ExpiresAt <= now).ExecuteDeleteAsync(inner), cancel);
        var hour = Latency.HourOf(now.AddDays(-HistogramDays));
        await db.WriteAsync(inner => db.LatencyBuckets.Where(b => b.Hour < hour).ExecuteDeleteAsync(inner), cancel);
        return now + Every;
    }
}

/// <summary>Has old calls looked for from the first start on.</summary>
internal sealed class LogStart(Tasks tasks, TimeProvider clock) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => tasks.ScheduleAsync(LogCare.Kind, "all", clock.GetUtcNow() + LogCare.Every, new { }, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
