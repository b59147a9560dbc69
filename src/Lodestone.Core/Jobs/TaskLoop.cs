using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Core;

/// <summary>Does the work of one kind of task. Runs at least once, so it must be idempotent.</summary>
public interface ITaskHandler
{
    /// <param name="task">The claim.</param>
    /// <param name="cancel">Fires when the server stops or the lease is lost: stop writing.</param>
    /// <returns>When the task is due again, or <see langword="null"/> when it is done.</returns>
    Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel);
}

/// <summary>A kind of task and the class that does it.</summary>
internal sealed record TaskKind(string Name, Type Handler);

/// <summary>
/// Claims due tasks and runs them side by side. Each run renews its lease every third of it, and is cancelled when a
/// renewal fails or could not be confirmed in time, so that the old owner is silent before a new one starts.
/// </summary>
internal sealed partial class TaskLoop(Tasks tasks, IEnumerable<TaskKind> kinds, IServiceScopeFactory scopes, TimeProvider clock, ILogger<TaskLoop> log)
    : BackgroundService
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private const int AtOnce = 4;

    private readonly Dictionary<string, Type> _handlers = kinds.ToDictionary(k => k.Name, k => k.Handler, StringComparer.Ordinal);
    private readonly Guid _owner = Guid.CreateVersion7(clock.GetUtcNow());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (_handlers.Count == 0)
        {
            return;
        }

        using var timer = new PeriodicTimer(Poll); // a rhythm, not a time: it does not follow the clock
        var running = new List<Task>();
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            running.RemoveAll(run => run.IsCompleted);
            try
            {
                var claimed = await tasks.ClaimAsync([.. _handlers.Keys], _owner, Lease, AtOnce - running.Count, stoppingToken);
                running.AddRange(claimed.Select(task => RunAsync(task, stoppingToken)));
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                ClaimFailed(log, failure);
            }
        }

        await Task.WhenAll(running);
    }

    private async Task RunAsync(LeasedTask task, CancellationToken stopping)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var renewing = RenewAsync(task, lost);
        DateTimeOffset? next;
        string? error = null;
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var handler = (ITaskHandler)scope.ServiceProvider.GetRequiredService(_handlers[task.Kind]);
            next = await handler.RunAsync(task, lost.Token);
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested)
        {
            return; // the lease runs out and somebody else goes on
        }
        catch (Exception failure)
        {
            // 2, 4, 8 … seconds, at most about an hour.
            next = clock.GetUtcNow() + TimeSpan.FromSeconds(Math.Pow(2, Math.Min(task.Tries, 12)));
            error = failure.Message;
            TaskFailed(log, task.Kind, task.Key, task.Tries, failure);
        }

        await lost.CancelAsync();
        await renewing;
        await tasks.FinishAsync(task, next, error, CancellationToken.None); // the work is done: its end is recorded even while stopping
    }

    private async Task RenewAsync(LeasedTask task, CancellationTokenSource lost)
    {
        try
        {
            using var timer = new PeriodicTimer(Lease / 3);
            while (await timer.WaitForNextTickAsync(lost.Token))
            {
                using var deadline = CancellationTokenSource.CreateLinkedTokenSource(lost.Token);
                deadline.CancelAfter(Lease / 3);
                if (!await tasks.RenewAsync(task, Lease, deadline.Token))
                {
                    TaskLost(log, task.Kind, task.Key);
                    await lost.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            await lost.CancelAsync();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Claiming tasks failed")]
    private static partial void ClaimFailed(ILogger log, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Task {Kind} {Key} failed at try {Tries}")]
    private static partial void TaskFailed(ILogger log, string kind, string key, long tries, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Lost the lease of task {Kind} {Key}")]
    private static partial void TaskLost(ILogger log, string kind, string key);
}
