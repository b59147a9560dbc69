using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Rates events of any meter. Calls of models, which must be quick, are settled by <see cref="Metering"/> to the same end.</summary>
internal static class UsageRating
{
    /// <summary>Adds the event's rows and moves its totals, in the caller's transaction. Takes the account's turn: its wallet is locked.</summary>
    /// <exception cref="Refusal"><c>unpriced</c>.</exception>
    public static async Task<IReadOnlyList<RatedRow>> RateAsync(BillingDb db, RatableUsage usage, CancellationToken cancel)
    {
        await db.LockWalletAsync(usage.AccountId, cancel);
        var price = await db.PriceAsync(usage.AccountId, usage.ProductId, usage.Time, cancel);
        if (price is null || usage.Quantities.Any(q => price.LineOf(q.Class, usage.Dimensions) is null))
        {
            throw SpendRefusals.Unpriced(await db.Products.Where(p => p.Id == usage.ProductId).Select(p => p.Name).SingleOrDefaultAsync(cancel) ?? "What was used");
        }

        var day = (await db.CustomerAsync(usage.AccountId, usage.Time, cancel)).DayOf(usage.Time);
        var known = new List<RatingTotal>();
        foreach (var (name, _) in usage.Quantities)
        {
            if (await db.RatingTotals.FindAsync([usage.AccountId, price.Id, price.LineOf(name, usage.Dimensions)!.ToString(), Days.Month(day)], cancel) is { } total) // each has a line
            {
                known.Add(total);
            }
        }

        List<RatingTotal> totals = [.. known];
        var rows = Rating.Rate(totals, usage, day, price, Money.Zero(price.Currency));
        db.RatingTotals.AddRange(totals.Except(known));
        db.RatedRows.AddRange(rows);
        return rows;
    }
}
