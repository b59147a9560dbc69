using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Roll-ups as rating writes and billing reads them.</summary>
internal static class RollUpRows
{
    /// <summary>Adds rated rows to the roll-ups that are open for them, in the caller's transaction, which has the account's turn.</summary>
    /// <param name="rows">Not saved yet.</param>
    /// <param name="draws">What credit paid of them.</param>
    /// <param name="time">Of the event.</param>
    public static async Task RollUpAsync(
        this BillingDb db, IReadOnlyList<RatedRow> rows, IReadOnlyList<DrawnPart> draws, DateTimeOffset time, string productName, CancellationToken cancel)
    {
        foreach (var row in rows)
        {
            var part = RollUp.Of(row, time, productName, draws);
            var open = await db.Rating.OpenRollUpAsync(part.Key, cancel);
            db.Entry(row).Property(r => r.RollUpId).CurrentValue = (open ?? part).Id; // by the context, because rows have no setters
            if (open is not null)
            {
                open.Add(part);
                continue;
            }

            db.RollUps.Add(part);
            db.Rating.Remember(part);
        }
    }

    /// <summary>What roll-ups ask for: their amounts without what credit has paid.</summary>
    public static async Task<Money> OwedAsync(this IQueryable<RollUp> rollUps, Currency currency, CancellationToken cancel)
    {
        var sum = await rollUps.GroupBy(u => u.AccountId).Select(g => new
        {
            Amount = new MoneySum(g.Sum(u => u.Amount.Units), g.Sum(u => u.Amount.Remainder / MoneySum.Split), g.Sum(u => u.Amount.Remainder % MoneySum.Split)),
            Prepaid = new MoneySum(g.Sum(u => u.Prepaid.Units), g.Sum(u => u.Prepaid.Remainder / MoneySum.Split), g.Sum(u => u.Prepaid.Remainder % MoneySum.Split)),
            Promo = new MoneySum(g.Sum(u => u.Promo.Units), g.Sum(u => u.Promo.Remainder / MoneySum.Split), g.Sum(u => u.Promo.Remainder % MoneySum.Split)),
            Sla = new MoneySum(g.Sum(u => u.Sla.Units), g.Sum(u => u.Sla.Remainder / MoneySum.Split), g.Sum(u => u.Sla.Remainder % MoneySum.Split)),
        }).SingleOrDefaultAsync(cancel);
        return sum is null ? Money.Zero(currency) : sum.Amount.In(currency) - sum.Prepaid.In(currency) - sum.Promo.In(currency) - sum.Sla.In(currency);
    }

    /// <summary>What an account has used and no invoice asks for, with what rounding left over.</summary>
    public static async Task<Money> UnbilledAsync(this BillingDb db, Customer customer, CancellationToken cancel)
    {
        var carry = await db.BilledAccounts.AsNoTracking().Where(a => a.Id == customer.Id).Select(a => a.Carry).SingleOrDefaultAsync(cancel);
        return carry.In(customer.Currency) + await db.RollUps.Where(u => u.AccountId == customer.Id && u.InvoiceId == null).OwedAsync(customer.Currency, cancel);
    }
}
