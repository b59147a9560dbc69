using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What is wrong with the events that come in, or do not.</summary>
internal sealed class EventAlerts(BillingSteps steps, Database database)
{
    // A source that sends something now and then is not missed.
    private const int FewestEvents = 24;

    private static readonly TimeSpan ShortestLife = TimeSpan.FromDays(1);
    private static readonly TimeSpan ShortestSilence = TimeSpan.FromHours(1);
    private static readonly TimeSpan Forgotten = TimeSpan.FromDays(15);

    /// <summary>Sources that sent events regularly, and have sent none for over an hour and twice as long as ever before.</summary>
    public async Task<List<NewAlert>> SilencesAsync(DateTimeOffset now, CancellationToken cancel)
    {
        var before = now - ShortestSilence;
        var quiet = await steps.ReadAsync(db => db.MeterSources.AsNoTracking().Where(s => s.LastAt < before && s.Events >= FewestEvents).ToListAsync(cancel));
        return [.. quiet.Where(s => IsSilent(s, now)).Select(s => new NewAlert(
            s.TenantId, AlertKind.SilentMeter, string.Create(CultureInfo.InvariantCulture, $"silent:{s.Id:N}:{Instants.ToMicroseconds(s.LastAt)}"),
            $"{s.Source} has sent no {s.Type} events since {Instants.ToWire(s.LastAt)}", ""))];
    }

    public static bool IsSilent(MeterSource source, DateTimeOffset now) => source.Events >= FewestEvents && source.LastAt - source.FirstAt >= ShortestLife
        && now - source.LastAt > ShortestSilence && Microseconds(now - source.LastAt) > 2 * source.LongestGap;

    /// <summary>Events that came again with other content, since yesterday.</summary>
    public async Task<List<NewAlert>> ConflictsAsync(DateTimeOffset now, CancellationToken cancel)
    {
        var since = Days.Start(Days.Of(now).AddDays(-1));
        var day = database.IsPostgres ? "cast(floor(extract(epoch from received_at) / 86400) as bigint)" : "received_at / 86400000000";
        await using var connection = await database.OpenAsync(DatabaseFile.Events, cancel);
        await using var query = connection.Command(new Conditions($"received_at >= {database.Instant(since)}").After($"select tenant_id, source, {day}, count(*) from event_conflict", $"group by 1, 2, 3 limit 1000"));
        await using var row = await query.ExecuteReaderAsync(cancel);
        var found = new List<NewAlert>();
        while (await row.ReadAsync(cancel))
        {
            var (tenantId, source, number) = (row.GetGuid(0), row.GetString(1), row.GetInt64(2));
            found.Add(new NewAlert(
                tenantId, AlertKind.EventConflict, string.Create(CultureInfo.InvariantCulture, $"conflict:{tenantId:N}:{number}:{source}"),
                $"{source} sent events again with other content; the first ones stand", ""));
        }

        return found;
    }

    /// <summary>Notes who sent, in the transaction that rates the rows.</summary>
    public static async Task NoteSourcesAsync(BillingDb db, IEnumerable<LoggedEvent> rows, CancellationToken cancel)
    {
        foreach (var one in rows.Where(r => r.Entry.Kind is EntryKind.Event).GroupBy(r => (r.Entry.TenantId, r.Entry.Event.Source, r.Entry.Event.Type)))
        {
            var id = IdOf(one.Key.TenantId, one.Key.Source, one.Key.Type);
            var (first, last) = (one.Min(r => r.ReceivedAt), one.Max(r => r.ReceivedAt));
            if (await db.MeterSources.FindAsync([id], cancel) is not { } known)
            {
                db.MeterSources.Add(new MeterSource
                {
                    Id = id, TenantId = one.Key.TenantId, Source = one.Key.Source, Type = one.Key.Type, FirstAt = first, LastAt = last, Events = one.Count(),
                });
                continue;
            }

            // An outage is no example of how long silence may last.
            var gap = IsSilent(known, first) ? 0 : Microseconds(first - known.LastAt);
            known.LongestGap = Math.Max(known.LongestGap, gap);
            known.LastAt = last > known.LastAt ? last : known.LastAt;
            known.Events += one.Count();
        }
    }

    /// <summary>Sources that have long been told of, or never sent much, and hours that nothing is compared with any more.</summary>
    public async Task ForgetAsync(DateTimeOffset now, CancellationToken cancel)
    {
        var (before, hour) = (now - Forgotten, SpendAnomalies.HourOf(now - Forgotten));
        if (await steps.ReadAsync(async db => await db.MeterSources.AnyAsync(s => s.LastAt < before, cancel) || await db.HourSpends.AnyAsync(h => h.Hour < hour, cancel)))
        {
            await steps.WriteAsync(
                async (db, token) => await db.MeterSources.Where(s => s.LastAt < before).ExecuteDeleteAsync(token) + await db.HourSpends.Where(h => h.Hour < hour).ExecuteDeleteAsync(token), cancel);
        }
    }

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    private static Guid IdOf(Guid tenantId, string source, string type) =>
        new(SHA256.HashData(Encoding.UTF8.GetBytes($"{tenantId:N}\0{source}\0{type}")).AsSpan(0, 16), bigEndian: true);
}
