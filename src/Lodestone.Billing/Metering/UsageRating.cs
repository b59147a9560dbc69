using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Rates events of any meter. Calls of models, which must be quick, are settled by <see cref="Metering"/> to the same end.</summary>
internal static class UsageRating
{
    /// <summary>Adds the event's rows and moves its totals, in the caller's transaction. Takes the account's turn: its wallet is locked.</summary>
    /// <param name="usage">A correction may name the rows that it takes back by their classes: all of an event's come to what was used.</param>
    /// <exception cref="Refusal"><c>unpriced</c>.</exception>
    public static async Task<IReadOnlyList<RatedRow>> RateAsync(BillingDb db, RatableUsage usage, CancellationToken cancel)
    {
        usage = usage with { Quantities = [.. usage.Quantities.GroupBy(q => PriceLine.Parse(q.Class).ToString(), StringComparer.Ordinal).Select(g => (g.Key, g.Sum(q => q.Quantity)))] };
        await db.Rating.LockAsync(usage.AccountId, cancel);
        var price = await db.PriceAsync(usage.AccountId, usage.ProductId, usage.Time, cancel);
        if (price is null || usage.Quantities.Any(q => price.LineOf(q.Class, usage.Dimensions) is null))
        {
            throw SpendRefusals.Unpriced(await db.Products.Where(p => p.Id == usage.ProductId).Select(p => p.Name).SingleOrDefaultAsync(cancel) ?? "What was used");
        }

        var day = (await db.Rating.CustomerAsync(usage.AccountId, usage.Time, cancel)).DayOf(usage.Time);
        var (terms, usesKnown) = await TermsAsync(db, usage, day, cancel);
        var known = new List<RatingTotal>();
        foreach (var line in usage.Quantities.Select(q => price.LineOf(q.Class, usage.Dimensions)!.ToString())) // each has a line
        {
            foreach (var name in terms.IsEmpty ? [line] : new[] { line, line + PriceLine.Free })
            {
                if (await db.RatingTotals.FindAsync([usage.AccountId, price.Id, name, Days.Month(day)], cancel) is { } total)
                {
                    known.Add(total);
                }
            }
        }

        List<RatingTotal> totals = [.. known];
        var rows = Rating.Rate(totals, usage, day, price, new FreePart(0), terms);
        db.RatingTotals.AddRange(totals.Except(known));
        db.TermUses.AddRange(terms.Uses.Except(usesKnown));
        db.RatedRows.AddRange(rows);
        return rows;
    }

    /// <summary>The account's terms, and of what was used of them the rows that are there already.</summary>
    private static async Task<(AccountTerms Terms, IReadOnlyList<TermUse> Known)> TermsAsync(BillingDb db, RatableUsage usage, DateOnly day, CancellationToken cancel)
    {
        var terms = (await db.Rating.TermsAsync(usage.AccountId, cancel)).Where(t => t.StartsAt <= usage.Time && !(t.EndsAt <= usage.Time)).ToList();
        var uses = new List<TermUse>();
        foreach (var term in terms)
        {
            if (await db.TermUses.FindAsync([term.Id, term.Scope is TermScope.User ? usage.UserId : Guid.Empty, term.PeriodOf(day)], cancel) is { } use)
            {
                uses.Add(use);
            }
        }

        return (terms.Count == 0 ? AccountTerms.None : new AccountTerms(terms, [.. uses]), uses);
    }
}
