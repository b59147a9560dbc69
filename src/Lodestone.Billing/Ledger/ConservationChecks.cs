using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Computes from the bottom what is kept on top, and compares: nothing was lost, nothing counted twice.</summary>
internal sealed class ConservationChecks(BillingSteps steps, EventReader log, TimeProvider clock)
{
    // The sweep comes by every minute.
    private static readonly TimeSpan SweepGrace = TimeSpan.FromMinutes(3);

    /// <summary>Over one state of the books, which calls go on changing meanwhile.</summary>
    public Task<ConservationReport> RunAsync(CancellationToken cancel) => steps.SnapshotAsync(
        async db =>
        {
            var balance = await TrialBalance.ComputeAsync(db, cancel);
            return new ConservationReport([
                await TokensAsync(db, cancel),
                await LogAsync(db, cancel),
                await AmountsAsync(db, cancel),
                await RollUpChecks.RowsAsync(db, cancel),
                await RollUpChecks.UnbilledAsync(db, cancel),
                await PriceKeysAsync(db, cancel),
                await BalancesAsync(db, balance, cancel),
                await DrawsAsync(db, cancel),
                await HeldAsync(db, cancel),
                await ExpiryAsync(db, cancel),
                new ConservationCheck("Debits and credits cancel out", $"trial balance: {string.Join(", ", balance.Totals.Where(t => !t.IsZero).Select(t => $"{t} {t.Currency}").DefaultIfEmpty("0"))}", "zero: 0", balance.IsZero),
                .. await SeatChecks.RunAsync(db, clock.GetUtcNow() - SweepGrace, cancel),
                .. await InvoiceChecks.RunAsync(db, balance, cancel),
            ]);
        },
        cancel);

    private static Money Zero => Money.Zero(BillingOptions.Currency);

    private static async Task<ConservationCheck> TokensAsync(BillingDb db, CancellationToken cancel)
    {
        var events = await db.Events.SumAsync(e => e.InputTokens + e.OutputTokens, cancel);
        var rated = await db.RatedRows.Where(r => db.Events.Any(e => e.Id == r.EventId)).SumAsync(r => r.Quantity, cancel);
        return new ConservationCheck("Every token of a call is rated once", $"events: {Text(events)} tokens", $"rated rows: {Text(rated)} tokens", events == rated);
    }

    private async Task<ConservationCheck> LogAsync(BillingDb db, CancellationToken cancel)
    {
        var days = await log.DaysAsync(await db.RatingPositions.Select(p => p.Position).SingleAsync(cancel), cancel);
        var counted = (await db.EventCounts.AsNoTracking().ToListAsync(cancel)).ToDictionary(c => c.Day);
        var unrated = await db.UnratedEvents.LongCountAsync(cancel);
        var rated = days.Sum(d => d.Rows - d.Superseded - d.Voided - d.Quarantined) - unrated;
        var agree = days.All(d => counted.GetValueOrDefault(d.Day) is { } c && c.Rated + c.Quarantined + c.Voided + c.Superseded == d.Rows && c.Superseded == d.Superseded && c.Voided == d.Voided)
            && counted.Values.Sum(c => c.Rated) == rated && counted.Values.Sum(c => c.Quarantined) == days.Sum(d => d.Quarantined) + unrated;
        return new ConservationCheck(
            "Every event is rated, in quarantine, voided or superseded",
            $"log: {Text(days.Sum(d => d.Rows))} entries, {Text(rated)} to rate",
            $"rated: {Text(counted.Values.Sum(c => c.Rated))}, in quarantine: {Text(counted.Values.Sum(c => c.Quarantined))}, voided: {Text(counted.Values.Sum(c => c.Voided))}, superseded: {Text(counted.Values.Sum(c => c.Superseded))}",
            agree);
    }

    private static async Task<ConservationCheck> AmountsAsync(BillingDb db, CancellationToken cancel)
    {
        var rated = await db.RatedRows.GroupBy(r => r.AccountId)
            .Select(g => new { g.Key, Sum = new MoneySum(g.Sum(r => r.Amount.Units), g.Sum(r => r.Amount.Remainder / MoneySum.Split), g.Sum(r => r.Amount.Remainder % MoneySum.Split)) })
            .ToListAsync(cancel);
        var posted = await db.Postings
            .Where(p => (p.Account.StartsWith(LedgerAccounts.PrepaidPrefix) || p.Account.StartsWith(LedgerAccounts.UnbilledPrefix) || p.Account.StartsWith(LedgerAccounts.PromoAvailablePrefix))
                && db.LedgerTransactions.Any(t => t.Id == p.TransactionId && t.Kind == LedgerKind.Usage))
            .GroupBy(p => p.Account)
            .Select(g => new { g.Key, Sum = new MoneySum(g.Sum(p => p.Amount.Units), g.Sum(p => p.Amount.Remainder / MoneySum.Split), g.Sum(p => p.Amount.Remainder % MoneySum.Split)) })
            .ToListAsync(cancel);
        var ratedBy = rated.ToDictionary(r => r.Key, r => r.Sum.In(BillingOptions.Currency));
        var postedBy = posted.GroupBy(p => LedgerAccounts.OwnerOf(p.Key)).ToDictionary(g => g.Key, g => Sum(g.Select(p => LedgerAccounts.IsMemo(p.Key) ? -p.Sum.In(BillingOptions.Currency) : p.Sum.In(BillingOptions.Currency))));
        var agree = ratedBy.Keys.Union(postedBy.Keys).All(a => ratedBy.GetValueOrDefault(a, Zero) == postedBy.GetValueOrDefault(a, Zero));
        var (left, right) = (Sum(ratedBy.Values), Sum(postedBy.Values));
        return new ConservationCheck("Every charge is posted, account by account", $"rated rows: {left}", $"usage postings: {right}", agree);
    }

    private static async Task<ConservationCheck> PriceKeysAsync(BillingDb db, CancellationToken cancel)
    {
        var versions = await db.PriceVersions.AsNoTracking().ToDictionaryAsync(v => v.Id, cancel);
        var totals = await db.RatingTotals.AsNoTracking().ToListAsync(cancel);
        var days = await db.RatedRows.GroupBy(r => new { r.AccountId, r.PriceVersionId, r.Class, r.Day })
            .Select(g => new
            {
                g.Key,
                Quantity = g.Sum(r => r.Quantity),
                List = new MoneySum(g.Sum(r => r.List.Units), g.Sum(r => r.List.Remainder / MoneySum.Split), g.Sum(r => r.List.Remainder % MoneySum.Split)),
            })
            .ToListAsync(cancel);
        var months = days.ToLookup(d => (d.Key.AccountId, d.Key.PriceVersionId, PriceLine.TotalOf(d.Key.Class), Days.Month(d.Key.Day)));
        var charges = totals.ToDictionary(t => t, t => versions[t.PriceVersionId].ChargeOf(PriceLine.Parse(t.Class), t.Month));
        var perEvent = await PerEventAsync(db, [.. charges.Where(c => c.Value is PercentageCharge).Select(c => c.Key.PriceVersionId)], charges, cancel);
        var expected = Sum(totals.Select(t => new Money(Expected(t), versions[t.PriceVersionId].Currency)));
        var rated = Sum(days.Select(d => d.List.In(BillingOptions.Currency)));
        var agree = totals.TrueForAll(t =>
        {
            var rows = months[(t.AccountId, t.PriceVersionId, t.Class, t.Month)];
            return rows.Sum(d => d.Quantity) == t.Quantity
                && Sum(rows.Select(d => d.List.In(BillingOptions.Currency))).Picos == Expected(t);
        });
        return new ConservationCheck("Charges of a price and month add up to its total", $"rated rows at list price: {rated}", $"totals: {expected}", agree && rated == expected);

        Int128 Expected(RatingTotal total) => charges[total] is PercentageCharge ? perEvent.GetValueOrDefault(total) : charges[total].Total(total.Quantity);
    }

    // A share is rounded event by event, so that its rows must be read one by one.
    private static async Task<Dictionary<RatingTotal, Int128>> PerEventAsync(BillingDb db, Guid[] versionIds, Dictionary<RatingTotal, ChargeModel> charges, CancellationToken cancel)
    {
        var byKey = charges.Keys.ToDictionary(t => (t.AccountId, t.PriceVersionId, t.Class, t.Month));
        var rows = await db.RatedRows.AsNoTracking().Where(r => versionIds.Contains(r.PriceVersionId)).ToListAsync(cancel);
        return rows.Where(r => byKey.ContainsKey((r.AccountId, r.PriceVersionId, r.Class, Days.Month(r.Day))))
            .Select(r => (Total: byKey[(r.AccountId, r.PriceVersionId, r.Class, Days.Month(r.Day))], r.Quantity))
            .GroupBy(r => r.Total).ToDictionary(g => g.Key, g => g.Aggregate((Int128)0, (sum, r) => sum + charges[r.Total].Charge(null, r.Quantity)));
    }

    /// <summary>What was bought and is left is owed; what is usable for everything is the balance.</summary>
    private static async Task<ConservationCheck> BalancesAsync(BillingDb db, TrialBalanceReport balance, CancellationToken cancel)
    {
        var wallets = await db.Wallets.AsNoTracking().ToListAsync(cancel);
        var grants = (await db.CreditGrants.AsNoTracking().Where(g => g.Remaining.Units > 0 || g.Remaining.Remainder > 0).ToListAsync(cancel)).ToLookup(g => g.AccountId);
        var posted = balance.Lines.Where(l => LedgerAccounts.PrepaidOwner(l.Account) is not null).ToDictionary(l => l.Account, l => -l.Balance, StringComparer.Ordinal);
        var agree = wallets.TrueForAll(w =>
            w.Balance.In(w.Currency) == Remaining(grants[w.Id].Where(g => g is { State: GrantState.Usable, IsScoped: false }))
            && Remaining(grants[w.Id].Where(g => g.IsPaid)) == posted.GetValueOrDefault(LedgerAccounts.Prepaid(w.Id), Zero));
        var (left, right) = (Remaining(grants.SelectMany(g => g).Where(g => g.IsPaid)), Sum(posted.Values));
        return new ConservationCheck("Every balance is the sum of its grants, and what is left of those bought that of its postings", $"bought and left: {left}", $"prepaid postings: {right}", agree && left == right);
    }

    private static async Task<ConservationCheck> DrawsAsync(BillingDb db, CancellationToken cancel)
    {
        var grants = await db.CreditGrants.AsNoTracking().ToListAsync(cancel);
        var draws = await db.GrantDraws.GroupBy(d => d.GrantId)
            .Select(g => new { g.Key, Sum = new MoneySum(g.Sum(d => d.Amount.Units), g.Sum(d => d.Amount.Remainder / MoneySum.Split), g.Sum(d => d.Amount.Remainder % MoneySum.Split)) })
            .ToDictionaryAsync(d => d.Key, d => d.Sum.In(BillingOptions.Currency), cancel);
        var agree = grants.TrueForAll(g => g.Drawn == draws.GetValueOrDefault(g.Id, Zero) && g.Drawn >= Zero && g.Remaining.Units >= 0 && g.Forfeited.Units >= 0);
        var (left, right) = (Sum(grants.Select(g => g.Drawn)), Sum(draws.Values));
        return new ConservationCheck("What is gone of each grant was drawn", $"gone of grants: {left}", $"draws: {right}", agree && left == right);
    }

    private static Money Remaining(IEnumerable<CreditGrant> grants) => Sum(grants.Select(g => g.Remaining.In(g.Currency)));

    private static async Task<ConservationCheck> HeldAsync(BillingDb db, CancellationToken cancel)
    {
        var wallets = await db.Wallets.AsNoTracking().ToListAsync(cancel);
        var holds = await db.Holds.AsNoTracking().ToListAsync(cancel);
        var byAccount = holds.ToLookup(h => h.AccountId, h => h.Amount.In(BillingOptions.Currency) - h.FreePart.In(BillingOptions.Currency) - h.ScopedPart.In(BillingOptions.Currency));
        var (left, right) = (Sum(wallets.Select(w => w.Held.In(w.Currency))), Sum(byAccount.SelectMany(a => a)));
        return new ConservationCheck("What is held belongs to running calls", $"held: {left}", $"{Text(holds.Count)} running calls: {right}", wallets.TrueForAll(w => w.Held.In(w.Currency) == Sum(byAccount[w.Id])));
    }

    private async Task<ConservationCheck> ExpiryAsync(BillingDb db, CancellationToken cancel)
    {
        var overdue = clock.GetUtcNow() - SweepGrace;
        var count = await db.Holds.CountAsync(h => h.ExpiresAt < overdue, cancel);
        return new ConservationCheck("No hold outlives its call", $"expired holds: {Text(count)}", "none", count == 0);
    }

    private static Money Sum(IEnumerable<Money> amounts) => amounts.Aggregate(Zero, (sum, amount) => sum + amount);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <param name="Checks">All that were made.</param>
internal sealed record ConservationReport(IReadOnlyList<ConservationCheck> Checks)
{
    public bool Holds => Checks.All(c => c.Holds);
}

/// <summary>One equation.</summary>
/// <param name="Name">What it says.</param>
/// <param name="Left">One side.</param>
/// <param name="Right">The other.</param>
/// <param name="Holds">They agree, in sum and row by row.</param>
internal sealed record ConservationCheck(string Name, string Left, string Right, bool Holds);
