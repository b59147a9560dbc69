using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Writes rows of the log within one transaction. One row at a time on SQLite, where a statement costs no way; all at once on PostgreSQL.</summary>
internal sealed class EventRows(Statements sql, Database database)
{
    // Writers on several servers take turns, so that positions become visible in their order and rating can follow them.
    private const long TheLog = 0x6576656E74;

    /// <returns>One for each entry, in order.</returns>
    public async Task<Taken[]> InsertAsync(IReadOnlyList<LogEntry> entries, DateTimeOffset now, CancellationToken cancel)
    {
        if (database.IsPostgres)
        {
            await sql.ExecuteAsync($"select pg_advisory_xact_lock({TheLog})", cancel);
        }

        var last = await sql.FindAsync($"select coalesce(max(position), 0) from event_log", row => new Known(row.GetInt64(0), []), cancel);
        var position = last?.Position ?? 0;
        var isNew = database.IsPostgres ? await InsertAllAsync(entries, position, now, cancel) : await InsertEachAsync(entries, position, now, cancel);
        var taken = new Taken[entries.Count];
        for (var i = 0; i < taken.Length; i++)
        {
            taken[i] = isNew[i] ? new Taken(Arrival.Accepted, position + i + 1) : await KnownAsync(entries[i], now, cancel);
        }

        return taken;
    }

    private async Task<bool[]> InsertEachAsync(IReadOnlyList<LogEntry> entries, long position, DateTimeOffset now, CancellationToken cancel)
    {
        var (isNew, receivedAt) = (new bool[entries.Count], database.Instant(now));
        for (var i = 0; i < isNew.Length; i++)
        {
            var (entry, e) = (entries[i], entries[i].Event);
            isNew[i] = await sql.ExecuteAsync(
                $"""
                insert into event_log (position, key, version, kind, tenant_id, account_id, source, event_id, type, subject, time, data, hash, reason, job_id, received_at)
                values ({position + i + 1}, {entry.Key}, {entry.Version}, {Name(entry.Kind)}, {entry.TenantId}, {entry.AccountId}, {e.Source}, {e.Id}, {e.Type}, {e.Subject},
                    {database.Instant(e.Time)}, {e.Data}, {entry.Hash}, {entry.Reason}, {entry.JobId}, {receivedAt})
                on conflict (key, version) do nothing
                """,
                cancel) == 1;
        }

        return isNew;
    }

    private async Task<bool[]> InsertAllAsync(IReadOnlyList<LogEntry> entries, long position, DateTimeOffset now, CancellationToken cancel)
    {
        T[] All<T>(Func<LogEntry, T> of) => [.. entries.Select(of)];
        var positions = Enumerable.Range(1, entries.Count).Select(i => position + i).ToArray();
        var inserted = await sql.ListAsync(
            $"""
            insert into event_log (position, key, version, kind, tenant_id, account_id, source, event_id, type, subject, time, data, hash, reason, job_id, received_at)
            select u.*, cast({database.Instant(now)} as timestamptz)
            from unnest({positions}, {All(e => e.Key)}, {All(e => e.Version)}, {All(e => Name(e.Kind))}, {All(e => e.TenantId)}, {All(e => e.AccountId)},
                {All(e => e.Event.Source)}, {All(e => e.Event.Id)}, {All(e => e.Event.Type)}, {All(e => e.Event.Subject)}, {All(e => e.Event.Time)},
                {All(e => e.Event.Data)}, {All(e => e.Hash)}, {All(e => e.Reason)}, {All(e => e.JobId)}) u
            on conflict (key, version) do nothing returning position
            """,
            row => row.GetInt64(0),
            cancel);
        var isNew = new bool[entries.Count];
        foreach (var at in inserted)
        {
            isNew[at - position - 1] = true;
        }

        return isNew;
    }

    private async Task<Taken> KnownAsync(LogEntry entry, DateTimeOffset now, CancellationToken cancel)
    {
        var known = await sql.FindAsync(
            $"select position, hash from event_log where key = {entry.Key} and version = {entry.Version}",
            row => new Known(row.GetInt64(0), row.GetFieldValue<byte[]>(1)),
            cancel) ?? throw new InvalidOperationException("An identity is taken by no row.");
        if (entry.Kind is EntryKind.Event && known.Hash.AsSpan().SequenceEqual(entry.Hash))
        {
            return new Taken(Arrival.Duplicate, known.Position);
        }

        if (entry.Kind is EntryKind.Event)
        {
            var e = entry.Event;
            await sql.ExecuteAsync(
                $"""
                insert into event_conflict (key, hash, tenant_id, source, event_id, type, subject, time, data, received_at)
                values ({entry.Key}, {entry.Hash}, {entry.TenantId}, {e.Source}, {e.Id}, {e.Type}, {e.Subject}, {database.Instant(e.Time)}, {e.Data}, {database.Instant(now)})
                on conflict (key, hash) do nothing
                """,
                cancel);
        }

        return new Taken(Arrival.Conflict, known.Position);
    }

    // Enum names are reflected anew each time they are asked for.
    private static string Name(EntryKind kind) => kind switch
    {
        EntryKind.Event => nameof(EntryKind.Event),
        EntryKind.Amend => nameof(EntryKind.Amend),
        EntryKind.Void => nameof(EntryKind.Void),
        _ => nameof(EntryKind.Release),
    };

    private sealed record Known(long Position, byte[] Hash);
}
