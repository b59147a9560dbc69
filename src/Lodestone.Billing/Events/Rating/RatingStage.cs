using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Follows the log and charges what is charged. What it made of some rows and the position after them are one transaction, so
/// a restart goes on where it stopped; of several servers one rates at a time, by the lock on the position.
/// </summary>
internal sealed partial class RatingStage(
    EventReader reader, EventRating rating, BillingSteps steps, MeterBook meters, EventSignal signal, ILogger<RatingStage> log) : BackgroundService
{
    private const int AtOnce = 500;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>Rates all that there is.</summary>
    public async Task CatchUpAsync(CancellationToken cancel)
    {
        while (await StepAsync(cancel))
        {
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await CatchUpAsync(stoppingToken);
                await signal.WaitAsync(Poll, stoppingToken);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                StageFailed(log, failure);
                await Task.Delay(Poll, TimeProvider.System, stoppingToken);
            }
        }
    }

    /// <returns>Whether there was anything.</returns>
    private async Task<bool> StepAsync(CancellationToken cancel)
    {
        var position = await steps.ReadAsync(db => db.RatingPositions.AsNoTracking().Select(p => p.Position).SingleAsync(cancel));
        var rows = await reader.AfterAsync(position, AtOnce, cancel);
        if (rows.Count == 0)
        {
            return false;
        }

        try
        {
            await RateAsync(position, rows, isUnratable: false, cancel);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            RowsFailed(log, position, failure);
            await RateEachAsync(rows, cancel);
        }

        return true;
    }

    // One that cannot be charged for whatever reason is set aside, and does not keep the others waiting.
    private async Task RateEachAsync(List<LoggedEvent> rows, CancellationToken cancel)
    {
        foreach (var row in rows)
        {
            try
            {
                await RateAsync(null, [row], isUnratable: false, cancel);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                RowFailed(log, row.KeyText, failure);
                await RateAsync(null, [row], isUnratable: true, cancel);
            }
        }
    }

    /// <param name="after">Where the stage must still be; null: before the first of the rows.</param>
    private async Task RateAsync(long? after, List<LoggedEvent> rows, bool isUnratable, CancellationToken cancel)
    {
        var known = await meters.CurrentAsync(cancel);
        var before = new Dictionary<long, LoggedEvent>();
        foreach (var row in rows.Where(r => r.Entry.Version > 0))
        {
            before[row.Position] = (await reader.HistoryAsync(row.Entry.Key, cancel)).Single(v => v.Entry.Version == row.Entry.Version - 1);
        }

        await steps.WriteAsync(
            async (db, token) =>
            {
                await db.LockAsync<RatingPosition>(Guid.Empty, token);
                var position = await db.RatingPositions.SingleAsync(token);
                if (after is { } expected ? position.Position != expected : position.Position >= rows[0].Position)
                {
                    return 0; // another server was faster
                }

                var work = rating.In(db, known);
                foreach (var row in rows)
                {
                    await work.TakeAsync(row, before.GetValueOrDefault(row.Position), isUnratable, token);
                }

                position.Position = rows[^1].Position;
                return await work.FinishAsync(token);
            },
            cancel);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Events cannot be rated; trying again")]
    private static partial void StageFailed(ILogger log, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Events after position {Position} could not be rated together; each is rated by itself")]
    private static partial void RowsFailed(ILogger log, long position, Exception failure);

    [LoggerMessage(Level = LogLevel.Error, Message = "Event {Key} could not be rated and was set aside")]
    private static partial void RowFailed(ILogger log, string key, Exception failure);
}
