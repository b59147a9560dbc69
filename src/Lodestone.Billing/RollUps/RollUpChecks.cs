using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What must be equal between rated rows, roll-ups and the ledger.</summary>
internal static class RollUpChecks
{
    /// <summary>Roll-up by roll-up, and no row in none.</summary>
    public static async Task<ConservationCheck> RowsAsync(BillingDb db, CancellationToken cancel)
    {
        var kept = (await db.RollUps.AsNoTracking().Select(u => new { u.Id, u.RowCount, u.Quantity, List = u.List, u.Free, u.Discount, u.Amount, u.Currency }).ToListAsync(cancel))
            .ToDictionary(u => u.Id, u => (u.RowCount, u.Quantity, u.List.In(u.Currency), u.Free.In(u.Currency), u.Discount.In(u.Currency), u.Amount.In(u.Currency)));
        var (agree, seen, rolledUp, rated) = (true, 0, Zero, Zero);
        var sums = db.RatedRows.GroupBy(r => new { r.RollUpId, r.Currency }).Select(g => new
        {
            g.Key,
            Count = g.LongCount(),
            Quantity = g.Sum(r => r.Quantity),
            List = new MoneySum(g.Sum(r => r.List.Units), g.Sum(r => r.List.Remainder / MoneySum.Split), g.Sum(r => r.List.Remainder % MoneySum.Split)),
            Free = new MoneySum(g.Sum(r => r.Free.Units), g.Sum(r => r.Free.Remainder / MoneySum.Split), g.Sum(r => r.Free.Remainder % MoneySum.Split)),
            Discount = new MoneySum(g.Sum(r => r.Discount.Units), g.Sum(r => r.Discount.Remainder / MoneySum.Split), g.Sum(r => r.Discount.Remainder % MoneySum.Split)),
            Amount = new MoneySum(g.Sum(r => r.Amount.Units), g.Sum(r => r.Amount.Remainder / MoneySum.Split), g.Sum(r => r.Amount.Remainder % MoneySum.Split)),
        });
        await foreach (var sum in sums.AsAsyncEnumerable().WithCancellation(cancel))
        {
            var currency = sum.Key.Currency;
            var own = (sum.Count, sum.Quantity, sum.List.In(currency), sum.Free.In(currency), sum.Discount.In(currency), sum.Amount.In(currency));
            rated += own.Item6;
            seen++;
            agree = agree && kept.TryGetValue(sum.Key.RollUpId, out var held) && held == own;
        }

        rolledUp = kept.Values.Aggregate(rolledUp, (total, u) => total + u.Item6);
        return new ConservationCheck("Every roll-up is the sum of its rows", $"rated rows: {rated}", $"{Text(kept.Count)} roll-ups: {rolledUp}", agree && seen == kept.Count);
    }

    /// <summary>What no invoice asks for yet, account by account: of roll-ups and carries, and of the ledger without adjustments, which are of neither.</summary>
    public static async Task<ConservationCheck> UnbilledAsync(BillingDb db, CancellationToken cancel)
    {
        var open = await OpenAsync(db, cancel);
        foreach (var account in await db.BilledAccounts.AsNoTracking().ToListAsync(cancel))
        {
            open[account.Id] = open.GetValueOrDefault(account.Id, Zero) + account.Carry.In(BillingOptions.Currency);
        }

        var booked = (await db.Postings
            .Where(p => p.Account.StartsWith(LedgerAccounts.UnbilledPrefix) && !db.LedgerTransactions.Any(t => t.Id == p.TransactionId && t.Kind == LedgerKind.Adjustment))
            .GroupBy(p => p.Account)
            .Select(g => new { g.Key, Sum = new MoneySum(g.Sum(p => p.Amount.Units), g.Sum(p => p.Amount.Remainder / MoneySum.Split), g.Sum(p => p.Amount.Remainder % MoneySum.Split)) })
            .ToListAsync(cancel)).ToDictionary(p => LedgerAccounts.OwnerOf(p.Key), p => p.Sum.In(BillingOptions.Currency));
        var agree = open.Keys.Union(booked.Keys).All(a => open.GetValueOrDefault(a, Zero) == booked.GetValueOrDefault(a, Zero));
        return new ConservationCheck("What no invoice asks for yet is unbilled, account by account", $"roll-ups and carries: {Sum(open.Values)}", $"unbilled: {Sum(booked.Values)}", agree);
    }

    // A draft's are unbilled until it is issued.
    private static async Task<Dictionary<Guid, Money>> OpenAsync(BillingDb db, CancellationToken cancel)
    {
        var sums = await db.RollUps.Where(u => u.InvoiceId == null || !db.Invoices.Any(i => i.Id == u.InvoiceId && i.Form != null)).GroupBy(u => u.AccountId).Select(g => new
        {
            g.Key,
            Amount = new MoneySum(g.Sum(u => u.Amount.Units), g.Sum(u => u.Amount.Remainder / MoneySum.Split), g.Sum(u => u.Amount.Remainder % MoneySum.Split)),
            Prepaid = new MoneySum(g.Sum(u => u.Prepaid.Units), g.Sum(u => u.Prepaid.Remainder / MoneySum.Split), g.Sum(u => u.Prepaid.Remainder % MoneySum.Split)),
            Promo = new MoneySum(g.Sum(u => u.Promo.Units), g.Sum(u => u.Promo.Remainder / MoneySum.Split), g.Sum(u => u.Promo.Remainder % MoneySum.Split)),
            Sla = new MoneySum(g.Sum(u => u.Sla.Units), g.Sum(u => u.Sla.Remainder / MoneySum.Split), g.Sum(u => u.Sla.Remainder % MoneySum.Split)),
        }).ToListAsync(cancel);
        return sums.ToDictionary(
            s => s.Key, s => s.Amount.In(BillingOptions.Currency) - s.Prepaid.In(BillingOptions.Currency) - s.Promo.In(BillingOptions.Currency) - s.Sla.In(BillingOptions.Currency));
    }

    private static Money Zero => Money.Zero(BillingOptions.Currency);

    private static Money Sum(IEnumerable<Money> amounts) => amounts.Aggregate(Zero, (sum, amount) => sum + amount);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
