using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Compute;

/// <summary>Looks for idle workers now and then, and ends all of them with the server.</summary>
internal sealed partial class WorkerUpkeep(Workers workers, TimeProvider clock, ILogger<WorkerUpkeep> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(15);

    /// <summary>Requests have ended by now: the web server starts last and stops first.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await workers.StopAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await workers.UnloadIdleAsync();
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                UnloadFailed(log, failure);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Idle workers could not be unloaded")]
    private static partial void UnloadFailed(ILogger log, Exception failure);
}
