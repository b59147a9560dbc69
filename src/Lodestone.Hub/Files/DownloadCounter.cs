using System.Collections.Concurrent;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Counts downloads without making them wait: requests add to a tally in memory, and this loop writes it to the rows every few
/// seconds and once more when the server stops. A crash loses at most those seconds' counts.
/// </summary>
internal sealed partial class DownloadCounter(IServiceScopeFactory scopes, Database database, TimeProvider clock, ILogger<DownloadCounter> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    // Written by requests, emptied by the loop alone.
    private readonly ConcurrentDictionary<Guid, long> _tally = new();

    public void Count(Guid repoId) => _tally.AddOrUpdate(repoId, 1, static (_, count) => count + 1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await WriteAsync();
            }
        }
        catch (OperationCanceledException)
        {
            await WriteAsync();
        }
    }

    private async Task WriteAsync()
    {
        foreach (var repoId in _tally.Keys)
        {
            if (!_tally.TryRemove(repoId, out var count))
            {
                continue;
            }

            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var db = scope.ServiceProvider.GetRequiredService<HubDb>();
                using var gate = await database.WriteGateAsync(DatabaseFile.Main, CancellationToken.None);
                await db.Repos.Where(r => r.Id == repoId).ExecuteUpdateAsync(r => r.SetProperty(x => x.Downloads, x => x.Downloads + count), CancellationToken.None);
            }
            catch (Exception failure)
            {
                NotCounted(log, repoId, count, failure);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} downloads of repository {RepoId} were not counted")]
    private static partial void NotCounted(ILogger log, Guid repoId, long count, Exception failure);
}
