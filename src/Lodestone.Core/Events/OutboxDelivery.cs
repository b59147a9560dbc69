using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Core;

/// <summary>
/// Delivers published events. A server claims a few rows by moving their due time past its own patience, calls the
/// handlers, and deletes the rows; what it did not finish (a crash, a failing handler) comes due again, later each time.
/// Neither claim nor deletion waits for the disk: a power cut that undoes them has events delivered once more.
/// </summary>
internal sealed partial class OutboxDelivery(
    Database database, CoreDbs contexts, OutboxSignal signal, IEnumerable<EventSubscription> subscriptions,
    IServiceScopeFactory scopes, TimeProvider clock, ILogger<OutboxDelivery> log) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    // Events of a burst come within this, and claiming and deleting them costs the same for one as for many.
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(50);

    private readonly ILookup<string, EventSubscription> _subscriptions = subscriptions.ToLookup(s => s.Type, StringComparer.Ordinal);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            if (await signal.WaitAsync(Poll, stoppingToken))
            {
                await Task.Delay(Gathering, TimeProvider.System, stoppingToken); // a rhythm, not a time: it does not follow the clock
            }

            foreach (var file in database.Files)
            {
                try
                {
                    while (await DeliverAsync(file, stoppingToken) > 0)
                    {
                    }
                }
                catch (Exception failure) when (failure is not OperationCanceledException)
                {
                    DeliveryFailed(log, failure);
                }
            }
        }
    }

    private async Task<int> DeliverAsync(DatabaseFile file, CancellationToken cancel)
    {
        await using var db = contexts.Open(file);
        var events = await ClaimAsync(db, cancel);
        var handled = new List<Guid>();
        foreach (var (happened, hearers) in HearersOf(events))
        {
            try
            {
                await HandleAsync(happened, hearers, cancel);
                handled.Add(happened.Id);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                EventFailed(log, happened.Type, happened.Id, happened.Tries, failure);
            }
        }

        if (handled.Count > 0)
        {
            await db.WriteDerivedAsync(inner => db.Outbox.Where(e => handled.Contains(e.Id)).ExecuteDeleteAsync(inner), CancellationToken.None);
        }

        return events.Count;
    }

    private async Task<List<OutboxEvent>> ClaimAsync(CoreDb db, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        if (!await db.Outbox.AnyAsync(e => e.DueAt <= now, cancel))
        {
            return []; // keeps an idle server from taking the write gate every second
        }

        var sql = $$"""
            update core_outbox set tries = tries + 1, due_at = {0}
            where id in (select id from core_outbox where due_at <= {1} order by id limit 50 {{(database.IsPostgres ? "for update skip locked" : "")}})
            returning *
            """;
        var claimed = await db.WriteDerivedAsync(
            inner => db.Outbox.FromSqlRaw(sql, database.Instant(now + Patience), database.Instant(now)).AsNoTracking().ToListAsync(inner), cancel);
        return [.. claimed.OrderBy(e => e.Id)];
    }

    /// <summary>In order of the events; a handler that needs only the last of some is not among the hearers of the others.</summary>
    private IEnumerable<(OutboxEvent Event, IReadOnlyList<EventSubscription> Hearers)> HearersOf(List<OutboxEvent> events)
    {
        var spared = new HashSet<(EventSubscription, object)>();
        return Enumerable.Reverse(events)
            .Select(e => (e, (IReadOnlyList<EventSubscription>)[.. _subscriptions[e.Type].Where(s => s.SubjectOf(e) is not { } subject || spared.Add((s, subject)))]))
            .Reverse();
    }

    private async Task HandleAsync(OutboxEvent happened, IEnumerable<EventSubscription> hearers, CancellationToken cancel)
    {
        foreach (var subscription in hearers)
        {
            await using var scope = scopes.CreateAsyncScope();
            await subscription.Deliver(scope.ServiceProvider, happened, cancel);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Event delivery failed")]
    private static partial void DeliveryFailed(ILogger log, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Handling {EventType} {EventId} failed at try {Tries}")]
    private static partial void EventFailed(ILogger log, string eventType, Guid eventId, long tries, Exception failure);
}

/// <summary>One handler's interest in one type of event.</summary>
/// <param name="SubjectOf">What the event is about, where the handler needs only the last of several about it; else null.</param>
internal sealed record EventSubscription(
    string Type, Func<OutboxEvent, object?> SubjectOf, Func<IServiceProvider, OutboxEvent, CancellationToken, Task> Deliver)
{
    public static EventSubscription Of<T, THandler>(Func<T, object>? lastOf)
        where THandler : class, IEventHandler<T> => new(
            typeof(T).Name,
            happened => lastOf is not null && TryRead<T>(happened) is { } read ? lastOf(read) : null,
            static (services, happened, cancel) => services.GetRequiredService<THandler>().HandleAsync(happened.Id, Read<T>(happened), cancel));

    private static T Read<T>(OutboxEvent happened) => JsonSerializer.Deserialize<T>(happened.Payload, JsonSerializerOptions.Web)!; // written by Publish from a non-null value

    private static T? TryRead<T>(OutboxEvent happened)
    {
        try
        {
            return Read<T>(happened);
        }
        catch (JsonException)
        {
            return default; // its delivery fails and says so; that of the others does not
        }
    }
}
