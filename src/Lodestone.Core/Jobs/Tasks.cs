using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Core;

/// <summary>
/// Durable background work, leased to one server at a time. A task is about something (its key); scheduling it again
/// moves it, and a worker that lost its lease finds that nothing it writes matches any more.
/// </summary>
public sealed class Tasks
{
    private readonly CoreDbs _contexts;
    private readonly Database _database;
    private readonly TimeProvider _clock;

    internal Tasks(CoreDbs contexts, Database database, TimeProvider clock)
    {
        _contexts = contexts;
        _database = database;
        _clock = clock;
    }

    /// <summary>Makes sure that the task exists and is due no later than <paramref name="due"/>.</summary>
    /// <param name="payload">A record, stored as a JSON object; the newest wins.</param>
    public async Task ScheduleAsync<T>(string kind, string key, DateTimeOffset due, T payload, CancellationToken cancel)
        where T : notnull
    {
        const string Sql = """
            insert into core_leased_task (id, kind, key, due_at, leased_until, payload) values ({0}, {1}, {2}, {3}, {4}, JSON)
            on conflict (kind, key) do update set due_at = LEAST(core_leased_task.due_at, excluded.due_at), payload = excluded.payload, asked = core_leased_task.asked + 1
            """;
        var sql = _database.IsPostgres
            ? Sql.Replace("JSON", "cast({5} as jsonb)", StringComparison.Ordinal)
            : Sql.Replace("JSON", "{5}", StringComparison.Ordinal).Replace("LEAST", "min", StringComparison.Ordinal);
        using var gate = await _database.WriteGateAsync(DatabaseFile.Main, cancel);
        await using var connection = await _database.OpenAsync(DatabaseFile.Main, cancel); // by hand: several are scheduled while the server starts
        await connection.ExecuteAsync(
            FormattableStringFactory.Create(
                sql,
                [Guid.CreateVersion7(_clock.GetUtcNow()), kind, key, _database.Instant(due), _database.Instant(DateTimeOffset.UnixEpoch), JsonSerializer.Serialize(payload, JsonSerializerOptions.Web)]),
            cancel);
    }

    /// <summary>Claims due tasks of the given kinds that nobody holds.</summary>
    internal async Task<IReadOnlyList<LeasedTask>> ClaimAsync(IReadOnlyList<string> kinds, Guid owner, TimeSpan lease, int limit, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        if (!await IsAnyDueAsync(kinds, now, cancel))
        {
            return [];
        }

        var marks = string.Join(", ", kinds.Select((_, i) => $"{{{i + 4}}}"));
        var sql = $$"""
            update core_leased_task set owner = {0}, epoch = epoch + 1, leased_until = {1}, tries = tries + 1
            where id in (select id from core_leased_task where kind in ({{marks}}) and due_at <= {2} and leased_until < {2}
                         order by due_at limit {3} {{(_database.IsPostgres ? "for update skip locked" : "")}})
            returning *
            """;
        await using var db = _contexts.Open(DatabaseFile.Main);
        using var gate = await _database.WriteGateAsync(DatabaseFile.Main, cancel);
        return await db.Tasks.FromSqlRaw(sql, [owner, _database.Instant(now + lease), _database.Instant(now), limit, .. kinds]).AsNoTracking().ToListAsync(cancel);
    }

    /// <summary>Keeps the lease; <see langword="false"/> when another server has it by now.</summary>
    internal Task<bool> RenewAsync(LeasedTask task, TimeSpan lease, CancellationToken cancel) =>
        UpdateAsync(task, "leased_until = {3}", [_database.Instant(_clock.GetUtcNow() + lease)], cancel);

    /// <summary>
    /// Ends this claim: the task is done (and goes away), or due again at an instant. What was scheduled while it ran stays due:
    /// the run may have looked before that came.
    /// </summary>
    internal async Task<bool> FinishAsync(LeasedTask task, DateTimeOffset? nextDue, string? error, CancellationToken cancel)
    {
        if (nextDue is { } due)
        {
            var idle = _database.Instant(DateTimeOffset.UnixEpoch);
            return error is null
                ? await UpdateAsync(task, "leased_until = {3}, due_at = case when asked = {5} then {4} else due_at end, tries = 0, last_error = null", [idle, _database.Instant(due), task.Asked], cancel)
                : await UpdateAsync(task, "leased_until = {3}, due_at = {4}, last_error = {5}", [idle, _database.Instant(due), error], cancel);
        }

        return await DeleteAsync(task, cancel) || await UpdateAsync(task, "leased_until = {3}, tries = 0, last_error = null", [_database.Instant(DateTimeOffset.UnixEpoch)], cancel);
    }

    private async Task<bool> DeleteAsync(LeasedTask task, CancellationToken cancel)
    {
        await using var db = _contexts.Open(DatabaseFile.Main);
        using var gate = await _database.WriteGateAsync(DatabaseFile.Main, cancel);
        return await db.Tasks.Where(t => t.Id == task.Id && t.Epoch == task.Epoch && t.Owner == task.Owner && t.Asked == task.Asked).ExecuteDeleteAsync(cancel) == 1;
    }

    // Asked twice a second by every server, and mostly in vain.
    private async Task<bool> IsAnyDueAsync(IReadOnlyList<string> kinds, DateTimeOffset now, CancellationToken cancel)
    {
        var marks = string.Join(", ", kinds.Select((_, i) => $"{{{i + 1}}}"));
        var sql = $$"""select 1 from core_leased_task where kind in ({{marks}}) and due_at <= {0} and leased_until < {0} limit 1""";
        await using var connection = await _database.OpenAsync(DatabaseFile.Main, cancel);
        await using var command = connection.Command(FormattableStringFactory.Create(sql, [_database.Instant(now), .. kinds]));
        return await command.ExecuteScalarAsync(cancel) is not null;
    }

    private async Task<bool> UpdateAsync(LeasedTask task, string change, object[] values, CancellationToken cancel)
    {
        await using var db = _contexts.Open(DatabaseFile.Main);
        using var gate = await _database.WriteGateAsync(DatabaseFile.Main, cancel);
        var sql = $"update core_leased_task set {change} where id = {{0}} and epoch = {{1}} and owner = {{2}}";
        return await db.Database.ExecuteSqlRawAsync(sql, [task.Id, task.Epoch, task.Owner!.Value, .. values], cancel) == 1; // claimed, so it has an owner
    }
}

/// <summary>A claimed task, as it was when claimed.</summary>
public sealed class LeasedTask
{
    public required Guid Id { get; init; }

    public required string Kind { get; init; }

    /// <summary>What the task is about, unique within its kind.</summary>
    public required string Key { get; init; }

    public required DateTimeOffset DueAt { get; init; }

    public Guid? Owner { get; init; }

    /// <summary>Rises with every claim; every write of the holder carries it.</summary>
    public required long Epoch { get; init; }

    public required DateTimeOffset LeasedUntil { get; init; }

    /// <summary>Claims since the last success.</summary>
    public required long Tries { get; init; }

    public string? LastError { get; init; }

    /// <summary>How often it was scheduled again.</summary>
    public long Asked { get; init; }

    /// <summary>JSON object.</summary>
    public required string Payload { get; init; }
}
