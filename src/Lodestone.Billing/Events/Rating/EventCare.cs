using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>Lets events out of quarantine whose account or meter has appeared, and charges those whose price has.</summary>
internal sealed partial class EventCare(
    EventLog eventLog, EventReader reader, EventSubjects subjects, MeterBook meters, EventRating rating, BillingSteps steps, TimeProvider clock, ILogger<EventCare> log) : ITaskHandler
{
    public const string Kind = "billing.quarantine";

    private const int AtOnce = 500;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        meters.Forget();
        await ReleaseAsync(cancel);
        await RateAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    /// <summary>The released keep their time. That others release the same at once is no harm: one version is the next.</summary>
    public async Task ReleaseAsync(CancellationToken cancel)
    {
        var (known, released) = (await meters.CurrentAsync(cancel), 0);
        for (var before = long.MaxValue; await reader.QuarantinedAsync(Sender.Server, before, AtOnce, cancel) is { Count: > 0 } waiting; before = waiting[^1].Position)
        {
            var entries = new List<LogEntry>();
            foreach (var tenant in waiting.Where(w => known.Knows(w.Entry.Event.Type)).GroupBy(w => w.Entry.TenantId))
            {
                var accounts = await subjects.ResolveAsync(new Sender(tenant.Key), tenant.Select(w => w.Entry.Event.Subject), cancel);
                entries.AddRange(tenant.Where(w => accounts.ContainsKey(w.Entry.Event.Subject))
                    .Select(w => w.Entry with { Version = w.Entry.Version + 1, Kind = EntryKind.Release, AccountId = accounts[w.Entry.Event.Subject] }));
            }

            released += (await eventLog.AppendAsync(entries, cancel)).Count(t => t.Arrival is Arrival.Accepted);
        }

        if (released > 0)
        {
            Released(log, released);
        }
    }

    public async Task RateAsync(CancellationToken cancel)
    {
        var known = await meters.CurrentAsync(cancel);
        for (long after = 0; await WaitingAsync(after, cancel) is { Count: > 0 } waiting; after = waiting[^1].Position)
        {
            var rows = new List<LoggedEvent>();
            foreach (var one in waiting)
            {
                rows.AddRange(await reader.AfterAsync(one.Position - 1, 1, cancel));
            }

            await steps.WriteAsync(
                async (db, token) =>
                {
                    await db.LockAsync<RatingPosition>(Guid.Empty, token); // a correction may be taking one of them back
                    var work = rating.In(db, known);
                    foreach (var row in rows)
                    {
                        if (await db.UnratedEvents.FindAsync([row.RatedId], token) is { } still)
                        {
                            await work.TryAgainAsync(row, still, token);
                        }
                    }

                    return await work.FinishAsync(token);
                },
                cancel);
        }
    }

    private Task<List<UnratedEvent>> WaitingAsync(long after, CancellationToken cancel) => steps.ReadAsync(db =>
        db.UnratedEvents.AsNoTracking().Where(e => e.Position > after).OrderBy(e => e.Position).Take(AtOnce).ToListAsync(cancel));

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} events left quarantine")]
    private static partial void Released(ILogger log, int count);
}
