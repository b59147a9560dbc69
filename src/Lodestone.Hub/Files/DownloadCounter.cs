using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Counts downloads without making them wait: requests add to a tally in memory, and this loop writes it to the rows every few
/// seconds and once more when the server stops. A crash loses at most those seconds' counts.
/// </summary>
internal sealed partial class DownloadCounter(IServiceScopeFactory scopes, TimeProvider clock, ILogger<DownloadCounter> log) : BackgroundService
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
                await AddAsync(scope.ServiceProvider.GetRequiredService<HubDb>(), repoId, count);
            }
            catch (Exception failure)
            {
                NotCounted(log, repoId, count, failure);
            }
        }
    }

    private Task<bool> AddAsync(HubDb db, Guid repoId, long count) => db.WriteAsync(
        async cancel =>
        {
            await db.LockAsync<Repo>(repoId, cancel);
            var now = clock.GetUtcNow();
            var before = await db.Repos.Where(r => r.Id == repoId).Select(r => r.Trend).SingleOrDefaultAsync(cancel);
            var trend = Trend.Add(before, Trend.Download * count, now, now);
            await db.Repos.Where(r => r.Id == repoId)
                .ExecuteUpdateAsync(r => r.SetProperty(x => x.Downloads, x => x.Downloads + count).SetProperty(x => x.Trend, trend), cancel);
            return true;
        },
        CancellationToken.None);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} downloads of repository {RepoId} were not counted")]
    private static partial void NotCounted(ILogger log, Guid repoId, long count, Exception failure);
}
