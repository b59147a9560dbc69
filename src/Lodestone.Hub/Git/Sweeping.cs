using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>Sweeps every repository twice when the server starts, since the last one may have been killed, and every few hours after.</summary>
internal sealed partial class Sweeping(RepoStore store, ILogger<Sweeping> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(6);

    // The git processes of a killed server may outlive it for a moment.
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(4);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Again); // a rhythm, not a time: it does not follow the clock
        await Task.Yield(); // the server need not wait
        SweepAll(stoppingToken);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            timer.Period = Every;
            SweepAll(stoppingToken);
        }
    }

    private void SweepAll(CancellationToken cancel)
    {
        foreach (var repository in store.Folders())
        {
            cancel.ThrowIfCancellationRequested();
            Sweep(repository);
        }
    }

    private void Sweep(string repository)
    {
        try
        {
            if (Leftovers.Sweep(repository) is > 0 and var count)
            {
                Swept(log, count, repository);
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            NotSwept(log, repository, failure);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Removed {Count} leftovers of a killed process from {Repository}")]
    private static partial void Swept(ILogger log, int count, string repository);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Could not look for leftovers in {Repository}")]
    private static partial void NotSwept(ILogger log, string repository, Exception failure);
}
