using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Which limits are nearly reached, and which will be before their period ends.</summary>
internal sealed class LimitAlerts(BillingSteps steps)
{
    public const string UsualMarks = "50,80,90,100";

    private const int AtOnce = 500;
    private const int PaceDays = 7;
    private const int LongestWindow = 31;

    public async Task<List<NewAlert>> FindAsync(DateTimeOffset now, CancellationToken cancel)
    {
        var found = new List<NewAlert>();
        for (Guid? after = null; await PageAsync(after, cancel) is { Count: > 0 } limits; after = limits[^1].Id)
        {
            found.AddRange(await steps.ReadAsync(db => FindAsync(db, limits, now, cancel)));
        }

        return found;
    }

    /// <summary>What will be spent when the period ends: what is spent now, and on each day that is left what the last seven days cost in the middle.</summary>
    public static Money Projected(Money spent, IReadOnlyList<Money> lastDays, int daysLeft)
    {
        var median = lastDays.Order().ElementAt(lastDays.Count / 2);
        return new Money(spent.Picos + (median.Picos * daysLeft), spent.Currency);
    }

    /// <summary>The highest mark that is reached.</summary>
    public static int? Reached(string marks, Money used, Money amount) => amount.Picos <= 0
        ? null
        : Percents(marks).Where(mark => used.Picos * 100 >= amount.Picos * mark).Select(mark => (int?)mark).Max();

    public static IEnumerable<int> Percents(string marks) => marks.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(mark => int.Parse(mark, CultureInfo.InvariantCulture));

    private Task<List<SpendLimit>> PageAsync(Guid? after, CancellationToken cancel) => steps.ReadAsync(db =>
        db.SpendLimits.AsNoTracking().Where(l => after == null || l.Id > after).OrderBy(l => l.Id).Take(AtOnce).ToListAsync(cancel));

    private static async Task<List<NewAlert>> FindAsync(BillingDb db, List<SpendLimit> limits, DateTimeOffset now, CancellationToken cancel)
    {
        var (ids, found) = (limits.ConvertAll(l => l.Id), new List<NewAlert>());
        var earliest = Days.Number(Days.Of(now)) - LongestWindow;
        var uses = (await db.LimitUses.AsNoTracking().Where(u => ids.Contains(u.LimitId) && (u.Start >= earliest || u.Start == 0)).ToListAsync(cancel)).ToLookup(u => u.LimitId);
        var rules = (await db.AlertRules.AsNoTracking().Where(r => r.LimitId != null && ids.Contains(r.LimitId.Value)).ToListAsync(cancel)).ToLookup(r => (r.LimitId, r.Kind));
        foreach (var limit in limits.Where(l => uses.Contains(l.Id)))
        {
            var customer = await db.CustomerAsync(limit.AccountId, now, cancel);
            var day = customer.DayOf(now);
            var first = SpendLimit.FirstOf(limit.Period, day);
            var state = new LimitState(limit, customer, day, [.. uses[limit.Id].Where(u => u.Start >= first)]);
            var own = rules[(limit.Id, AlertKind.Threshold)].FirstOrDefault();
            if (Reached(own?.Marks ?? UsualMarks, state.Used, state.Amount) is { } mark)
            {
                found.Add(Threshold(state, mark));
            }

            if (rules[(limit.Id, AlertKind.Pace)].Any() && await PaceAsync(db, state, cancel) is { } pace)
            {
                found.Add(pace);
            }
        }

        return found;
    }

    private static async Task<NewAlert?> PaceAsync(BillingDb db, LimitState state, CancellationToken cancel)
    {
        if (state.Limit.Period is LimitPeriod.Rolling30d || SpendLimit.NextOf(state.Limit.Period, state.Day) is not { } next || state.Used > state.Amount)
        {
            return null;
        }

        var (from, today) = (state.Day.AddDays(-PaceDays), state.Day);
        var spent = (await LimitHistory.Rows(db, state.Limit).Where(r => r.Day >= from && r.Day < today).GroupBy(r => r.Day)
            .Select(g => new { Day = g.Key, Sum = new MoneySum(g.Sum(r => r.Amount.Units), g.Sum(r => r.Amount.Remainder / MoneySum.Split), g.Sum(r => r.Amount.Remainder % MoneySum.Split)) })
            .ToListAsync(cancel)).ToDictionary(d => d.Day, d => d.Sum.In(state.Limit.Currency));
        var days = Enumerable.Range(0, PaceDays).Select(i => spent.GetValueOrDefault(from.AddDays(i), Money.Zero(state.Limit.Currency))).ToList();
        var projected = Projected(state.Used, days, next.DayNumber - today.DayNumber - 1);
        return projected > state.Amount
            ? new NewAlert(
                state.Limit.AccountId, AlertKind.Pace, Key("pace", state),
                $"At this pace {projected} {state.Limit.Currency} will be spent when the {Name(state)} ends, above its {state.Amount} {state.Limit.Currency}", "")
            : null;
    }

    private static NewAlert Threshold(LimitState state, int mark) => new(
        state.Limit.AccountId, AlertKind.Threshold, string.Create(CultureInfo.InvariantCulture, $"{Key("threshold", state)}:{mark}"),
        string.Create(CultureInfo.InvariantCulture, $"{mark} % of the {Name(state)} is spent: {state.Used} of {state.Amount} {state.Limit.Currency}"), "");

    // Of one amount: a limit that was raised is a new one. Thirty days roll on, and are told of once in a calendar month.
    private static string Key(string kind, LimitState state)
    {
        var window = state.Limit.Period is LimitPeriod.Rolling30d ? SpendLimit.StartOf(LimitPeriod.Month, state.Day) : state.Start;
        return string.Create(CultureInfo.InvariantCulture, $"{kind}:{state.Limit.Id:N}:{window}:{state.Amount}");
    }

    private static string Name(LimitState state) => $"{state.Limit.Period.ToWire()} limit of the {state.Limit.Scope.ToWire()} {state.Limit.ScopeName}";
}
