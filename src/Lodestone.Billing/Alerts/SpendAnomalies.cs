using System.Buffers.Binary;
using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Which hours cost far more than that hour of the days before.</summary>
internal sealed class SpendAnomalies(BillingSteps steps)
{
    public const int HistoryDays = 14;

    private const int Times = 5;

    public async Task<List<NewAlert>> FindAsync(DateTimeOffset now, CancellationToken cancel)
    {
        var rules = await steps.ReadAsync(db => db.AlertRules.AsNoTracking().Where(r => r.Kind == AlertKind.Anomaly).ToListAsync(cancel));
        var found = new List<NewAlert>();
        foreach (var rule in rules)
        {
            foreach (var hour in new[] { HourOf(now) - 1, HourOf(now) }) // what it cost may come in a little later
            {
                if (await steps.ReadAsync(db => FindAsync(db, rule, hour, cancel)) is { } anomaly)
                {
                    found.Add(anomaly);
                }
            }
        }

        return found;
    }

    public static long HourOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / 3600;

    /// <summary>Above five times the median of what that hour of other days cost, and above the floor.</summary>
    public static bool IsAnomaly(Money spent, IReadOnlyList<Money> before, Money floor)
    {
        var sorted = before.Select(m => m.Picos).Order().ToList();
        var twice = sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]; // the median, without its half
        return spent > floor && spent.Picos * 2 > twice * Times;
    }

    private static async Task<NewAlert?> FindAsync(BillingDb db, AlertRule rule, long hour, CancellationToken cancel)
    {
        var floor = rule.Floor.In(rule.Currency);
        var spent = await SpentAsync(db, rule, hour, cancel);
        if (spent <= floor)
        {
            return null;
        }

        var before = new List<Money>();
        for (var day = 1; day <= HistoryDays; day++)
        {
            before.Add(await SpentAsync(db, rule, hour - (24 * day), cancel));
        }

        var at = Instants.ToWire(DateTimeOffset.FromUnixTimeSeconds(hour * 3600));
        return IsAnomaly(spent, before, floor)
            ? new NewAlert(
                rule.AccountId, AlertKind.Anomaly, string.Create(CultureInfo.InvariantCulture, $"anomaly:{rule.Id:N}:{hour}"),
                $"{spent} {rule.Currency} were spent in the hour from {at}, more than five times what that hour costs on other days", "")
            : null;
    }

    private static async Task<Money> SpentAsync(BillingDb db, AlertRule rule, long hour, CancellationToken cancel)
    {
        var (first, end) = (FirstId(hour), FirstId(hour + 1)); // a call's id begins with its time
        var calls = await db.Events.Where(e => e.AccountId == rule.AccountId && e.Id >= first && e.Id < end).Join(db.RatedRows, e => e.Id, r => r.EventId, (_, r) => r)
            .GroupBy(_ => 1)
            .Select(g => new MoneySum(g.Sum(r => r.Amount.Units), g.Sum(r => r.Amount.Remainder / MoneySum.Split), g.Sum(r => r.Amount.Remainder % MoneySum.Split)))
            .SingleOrDefaultAsync(cancel);
        var events = await db.HourSpends.AsNoTracking().SingleOrDefaultAsync(h => h.AccountId == rule.AccountId && h.Hour == hour, cancel);
        return calls.In(rule.Currency) + (events?.Amount ?? default).In(rule.Currency);
    }

    private static Guid FirstId(long hour)
    {
        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, (hour * 3_600_000) << 16);
        id[8..].Clear();
        return new Guid(id, bigEndian: true);
    }
}
