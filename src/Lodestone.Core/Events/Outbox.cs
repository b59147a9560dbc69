using System.Text.Json;

namespace Lodestone.Core;

/// <summary>An event that waits for its handlers, written in the same save as the change it tells of.</summary>
public sealed class OutboxEvent
{
    public required Guid Id { get; init; }

    /// <summary>Name of the event record.</summary>
    public required string Type { get; init; }

    /// <summary>The event as a JSON object.</summary>
    public required string Payload { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Deliveries begun so far.</summary>
    public long Tries { get; init; }

    /// <summary>Not delivered before this instant: moved forward while a server delivers it, and further after a failure.</summary>
    public DateTimeOffset DueAt { get; init; }

    internal static OutboxEvent Of<T>(T happened, ModuleData data)
        where T : notnull
    {
        var now = data.Clock.GetUtcNow();
        return new OutboxEvent
        {
            Id = data.EventIds.Next(),
            Type = typeof(T).Name,
            Payload = JsonSerializer.Serialize(happened, JsonSerializerOptions.Web),
            CreatedAt = now,
            DueAt = now,
        };
    }
}

/// <summary>Announces events from hand-written SQL, as <see cref="ModuleDb.Publish"/> does from a context.</summary>
public sealed class Announcements(ModuleData data)
{
    /// <summary>Goes out when the transaction is committed and <see cref="Wake"/> called; without the call a second later.</summary>
    public Task<int> AddAsync<T>(Statements sql, T happened, CancellationToken cancel)
        where T : notnull
    {
        var (added, database) = (OutboxEvent.Of(happened, data), data.Database);
        return sql.ExecuteAsync(
            $"""
            insert into core_outbox (id, type, payload, created_at, due_at)
            values ({added.Id}, {added.Type}, {new JsonText(added.Payload)}, {database.Instant(added.CreatedAt)}, {database.Instant(added.DueAt)})
            """,
            cancel);
    }

    /// <summary>To be called after the commit.</summary>
    public void Wake() => data.Outbox.Wake();
}

/// <summary>Tells the delivery loop of this server that something was published. A hint: the loop also looks by itself.</summary>
public sealed class OutboxSignal : IDisposable
{
    private readonly SemaphoreSlim _published = new(0, 1);

    public void Wake()
    {
        try
        {
            _published.Release();
        }
        catch (SemaphoreFullException)
        {
            // Already awake.
        }
    }

    public void Dispose() => _published.Dispose();

    internal Task<bool> WaitAsync(TimeSpan atMost, CancellationToken cancel) => _published.WaitAsync(atMost, cancel);
}

/// <summary>Hears one kind of event. Called at least once for each, so it checks the event's id before acting.</summary>
public interface IEventHandler<in T>
{
    Task HandleAsync(Guid eventId, T happened, CancellationToken cancel);
}
