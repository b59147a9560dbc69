using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Hub;

/// <summary>
/// Makes durable in their own files, a moment later and for many commits at once, what repositories published by their journals. Holds
/// them until then, so that none is forgotten and opened anew in between.
/// </summary>
internal sealed partial class Settling(ILogger<Settling> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    // Filled by publishers, emptied by the loop alone.
    private readonly ConcurrentDictionary<GitRepository, bool> _waiting = new();

    public void Add(GitRepository repository) => _waiting[repository] = true;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every); // a rhythm, not a time: it does not follow the clock
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await SettleAsync();
            }
        }
        catch (OperationCanceledException)
        {
            await SettleAsync();
        }
    }

    private async Task SettleAsync()
    {
        foreach (var repository in _waiting.Keys)
        {
            _waiting.TryRemove(repository, out _); // first: what is published from here on adds it again
            try
            {
                await repository.SettleAsync(CancellationToken.None);
            }
            catch (Exception) when (!repository.IsThere)
            {
                // Deleted meanwhile.
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                NotSettled(log, repository.Path, failure);
                Add(repository);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "What was published to {Repository} is in its journal alone: it could not be made durable in its files")]
    private static partial void NotSettled(ILogger log, string repository, Exception failure);
}
