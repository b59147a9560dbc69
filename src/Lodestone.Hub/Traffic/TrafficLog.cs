using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Counts what is fetched without making anybody wait: requests leave what was sent to them in memory, and this loop writes it to
/// the rows every few seconds and once more when the server stops. A crash loses at most those seconds.
/// </summary>
internal sealed partial class TrafficLog(IServiceScopeFactory scopes, TimeProvider clock, ILogger<TrafficLog> log) : BackgroundService
{
    private const int MostWaiting = 1_000_000;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    // Filled by requests, emptied by the loop alone.
    private readonly ConcurrentQueue<Observed> _seen = new();

    /// <summary>Begins to describe a request, to be given to <see cref="Add"/> when it has been answered.</summary>
    public Observed Begin(HttpContext context, Guid repoId, Guid principalId) => Observed.Of(context, repoId, principalId, clock.GetUtcNow());

    public void Add(Observed seen) => _seen.Enqueue(seen);

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
        var batch = new List<Observed>();
        while (_seen.TryDequeue(out var seen))
        {
            batch.Add(seen);
        }

        foreach (var ofRepo in batch.GroupBy(s => s.RepoId))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<TrafficWriting>().WriteAsync(ofRepo.Key, [.. ofRepo], CancellationToken.None);
            }
            catch (Exception failure)
            {
                NotCounted(log, ofRepo.Count(), ofRepo.Key, failure);
                Again(ofRepo);
            }
        }
    }

    // A database that is away for a while costs no count, one that stays away no memory without end.
    private void Again(IEnumerable<Observed> seen)
    {
        foreach (var one in seen.TakeWhile(_ => _seen.Count < MostWaiting))
        {
            _seen.Enqueue(one);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} requests for repository {RepoId} could not be counted yet")]
    private static partial void NotCounted(ILogger log, int count, Guid repoId, Exception failure);
}
