using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Applies prices to a call's tokens. Input is rated before output, and the hold's free part is used in that order.</summary>
internal static class Rating
{
    /// <summary>One row for each class that has tokens. Moves the month's totals on; the caller holds the wallet's lock and writes them.</summary>
    /// <param name="totals">Those of the hold's account, price and month. Gets what is missing.</param>
    public static IReadOnlyList<RatedRow> Rate(List<RatingTotal> totals, CallHold hold, PriceVersion price, CallUsage usage)
    {
        var freeLeft = hold.FreePart.In(price.Currency);
        var rows = new List<RatedRow>(2);
        foreach (var (tokens, quantity) in new[] { (TokenClass.Input, usage.InputTokens), (TokenClass.Output, usage.OutputTokens) })
        {
            if (quantity == 0)
            {
                continue;
            }

            if (totals.Find(t => t.Class == tokens) is not { } total)
            {
                total = new RatingTotal(0) { AccountId = hold.AccountId, PriceVersionId = price.Id, Class = tokens, Month = Days.Month(hold.Day) };
                totals.Add(total);
            }

            var list = new Money(total.Rate(price.Of(tokens), quantity), price.Currency);
            var free = Money.Min(freeLeft, list);
            freeLeft -= free;
            rows.Add(new RatedRow
            {
                EventId = hold.Id,
                Class = tokens,
                AccountId = hold.AccountId,
                SellerId = hold.SellerId,
                ProductId = hold.ProductId,
                Day = hold.Day,
                PriceVersionId = price.Id,
                Quantity = quantity,
                Currency = price.Currency,
                List = list,
                Free = free,
                Amount = list - free,
            });
        }

        return rows;
    }
}
