using System.Runtime.CompilerServices;
using System.Text;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Reads the log.</summary>
internal sealed class EventReader(Database database, BillingSteps steps)
{
    private static readonly RefusalCode UnknownEvent = new("not_found", 404);

    /// <summary>What was written after a position, in its order.</summary>
    public Task<List<LoggedEvent>> AfterAsync(long position, int limit, CancellationToken cancel) =>
        ListAsync(new Conditions($"position > {position}"), $"order by position limit {limit}", cancel);

    /// <summary>Versions that count, the last taken in first.</summary>
    public Task<List<LoggedEvent>> ActiveAsync(Guid accountId, EventQuery query, long before, int limit, CancellationToken cancel)
    {
        var where = new Conditions($"account_id = {accountId} and position < {before}").And(StillCounts);
        if (query.Type is { } type)
        {
            where.And($"type = {type}");
        }

        if (query.From is { } from)
        {
            where.And($"time >= {database.Instant(from)}");
        }

        if (query.To is { } to)
        {
            where.And($"time < {database.Instant(to)}");
        }

        return ListAsync(where, $"order by position desc limit {limit}", cancel);
    }

    /// <summary>What a sender's events wait in, the last taken in first.</summary>
    public Task<List<LoggedEvent>> QuarantinedAsync(Sender sender, long before, int limit, CancellationToken cancel) => ListAsync(
        new Conditions($"account_id is null and position < {before} and (tenant_id = {sender.TenantId} or {sender.TenantId == Guid.Empty})").And(StillCounts),
        $"order by position desc limit {limit}",
        cancel);

    /// <summary>What an account will be charged for when it has a price, the last taken in first.</summary>
    public async Task<List<LoggedEvent>> UnratedAsync(Guid accountId, long before, int limit, CancellationToken cancel)
    {
        var waiting = await steps.ReadAsync(db => db.UnratedEvents.AsNoTracking().Where(e => e.AccountId == accountId && e.Position < before)
            .OrderByDescending(e => e.Position).Take(limit).ToListAsync(cancel));
        var rows = new List<LoggedEvent>();
        foreach (var one in waiting)
        {
            rows.AddRange((await AfterAsync(one.Position - 1, 1, cancel)).Select(r => r with { Entry = r.Entry with { Reason = one.Reason } }));
        }

        return rows;
    }

    /// <summary>All versions of an event, as it was sent first.</summary>
    /// <exception cref="Refusal"><c>not_found</c>: there is none that the caller may see.</exception>
    public async Task<List<LoggedEvent>> HistoryAsync(string key, Caller caller, CancellationToken cancel)
    {
        var versions = TryParseKey(key) is { } bytes ? await HistoryAsync(bytes, cancel) : [];
        return versions.Count > 0 && IsVisibleTo(caller, versions[^1].Entry) ? versions : throw Unknown(key);
    }

    public Task<List<LoggedEvent>> HistoryAsync(byte[] key, CancellationToken cancel) => ListAsync(new Conditions($"key = {key}"), $"order by version", cancel);

    /// <summary>Rows that no later version stands in for; one that was voided counts for nothing.</summary>
    public static FormattableString StillCounts =>
        $"kind <> 'Void' and not exists (select 1 from event_log later where later.version > 0 and later.key = event_log.key and later.version > event_log.version)";

    public static Refusal Unknown(string key) => new(UnknownEvent, $"You have no event {key}.");

    public async Task<List<LoggedEvent>> ListAsync(Conditions where, FormattableString ending, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(DatabaseFile.Events, cancel);
        await using var query = connection.Command(where.After($"select {LoggedEvent.Columns} from event_log", ending));
        await using var row = await query.ExecuteReaderAsync(cancel);
        var all = new List<LoggedEvent>();
        while (await row.ReadAsync(cancel))
        {
            all.Add(LoggedEvent.Read(database, row));
        }

        return all;
    }

    /// <summary>What there is in the log up to a position, by the day on which it came.</summary>
    public async Task<IReadOnlyList<LogDay>> DaysAsync(long position, CancellationToken cancel)
    {
        var day = database.IsPostgres ? "cast(floor(extract(epoch from received_at) / 86400) as bigint)" : "received_at / 86400000000";
        var where = new Conditions($"position <= {position}");
        const string Later = "exists (select 1 from event_log later where later.version > 0 and later.key = event_log.key and later.version > event_log.version and later.position <= {0})";
        var counts = $"select {day}, count(*), sum(case when {Later} then 1 else 0 end), sum(case when kind = 'Void' and not {Later} then 1 else 0 end), "
            + $"sum(case when account_id is null and not {Later} then 1 else 0 end) from event_log";
        await using var connection = await database.OpenAsync(DatabaseFile.Events, cancel);
        await using var query = connection.Command(where.After(counts, $"group by 1 order by 1"));
        await using var row = await query.ExecuteReaderAsync(cancel);
        var all = new List<LogDay>();
        while (await row.ReadAsync(cancel))
        {
            all.Add(new LogDay(Days.FromNumber(row.GetInt64(0)), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4)));
        }

        return all;
    }

    private static byte[]? TryParseKey(string key)
    {
        var bytes = new byte[CloudEvent.KeyBytes];
        return key.Length == CloudEvent.KeyBytes * 2 && Convert.FromHexString(key, bytes, out _, out _) is System.Buffers.OperationStatus.Done ? bytes : null;
    }

    private static bool IsVisibleTo(Caller caller, LogEntry entry) => caller.IsAdministrator
        || caller.CanRead(entry.TenantId, TokenScope.ReadBilling) || (entry.AccountId is { } accountId && caller.CanRead(accountId, TokenScope.ReadBilling));
}

/// <param name="Rows">All.</param>
/// <param name="Superseded">That a later one stands in for.</param>
/// <param name="Voided">That are the last of their event and void it.</param>
/// <param name="Quarantined">That are the last of their event and have no account.</param>
internal sealed record LogDay(DateOnly Day, long Rows, long Superseded, long Voided, long Quarantined);

/// <summary>What rows must fulfil, put together by what is asked for. Values between braces become parameters.</summary>
internal sealed class Conditions
{
    private readonly StringBuilder _text = new();
    private readonly List<object?> _values = [];

    public Conditions(FormattableString first) => Add(first);

    public Conditions And(FormattableString next)
    {
        _text.Append(" and ");
        Add(next);
        return this;
    }

    /// <param name="beginning">SQL before <c>where</c>.</param>
    /// <param name="ending">SQL after the conditions.</param>
    public FormattableString After(string beginning, FormattableString ending)
    {
        _text.Insert(0, $"{beginning} where ").Append(' ');
        Add(ending);
        return FormattableStringFactory.Create(_text.ToString(), [.. _values]);
    }

    private void Add(FormattableString part)
    {
        var shifted = new object[part.ArgumentCount];
        for (var i = 0; i < shifted.Length; i++)
        {
            shifted[i] = $"{{{_values.Count + i}}}";
        }

        _text.AppendFormat(System.Globalization.CultureInfo.InvariantCulture, part.Format, shifted);
        _values.AddRange(part.GetArguments());
    }
}
