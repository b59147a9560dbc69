using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Applies a price to an event's quantities, in the order of its classes.</summary>
internal static class Rating
{
    /// <summary>One row for each class that has a quantity. Moves the month's totals on; the caller holds the wallet's lock and writes them.</summary>
    /// <param name="totals">Those of the account, price and month. Gets what is missing.</param>
    /// <param name="usage">What was used.</param>
    /// <param name="day">The day of the event.</param>
    /// <param name="price">The version that held at its time.</param>
    /// <param name="free">The most that is borne by the free allowance; it goes to the first classes.</param>
    public static IReadOnlyList<RatedRow> Rate(List<RatingTotal> totals, RatableUsage usage, DateOnly day, PriceVersion price, Money free)
    {
        var rows = new List<RatedRow>(usage.Quantities.Count);
        foreach (var (name, quantity) in usage.Quantities)
        {
            if (quantity == 0)
            {
                continue;
            }

            if (totals.Find(t => t.Class == name) is not { } total)
            {
                total = new RatingTotal(0) { AccountId = usage.AccountId, PriceVersionId = price.Id, Class = name, Month = Days.Month(day) };
                totals.Add(total);
            }

            var list = new Money(total.Rate(price.Of(name), quantity), price.Currency);
            var borne = Money.Min(free, list);
            free -= borne;
            rows.Add(new RatedRow
            {
                EventId = usage.EventId,
                Class = name,
                AccountId = usage.AccountId,
                SellerId = usage.SellerId,
                ProductId = usage.ProductId,
                Day = day,
                PriceVersionId = price.Id,
                Quantity = quantity,
                Currency = price.Currency,
                List = list,
                Free = borne,
                Amount = list - borne,
            });
        }

        return rows;
    }
}

/// <summary>One event as it is rated: what was used of a product, by class.</summary>
/// <param name="EventId">Names the rows; a correction has an id of its own.</param>
/// <param name="AccountId">The namespace that pays.</param>
/// <param name="ProductId">What was used.</param>
/// <param name="SellerId">The namespace that is paid.</param>
/// <param name="Time">Decides price, day and month.</param>
/// <param name="Quantities">By class, each class once; negative where a correction takes back.</param>
internal sealed record RatableUsage(Guid EventId, Guid AccountId, Guid ProductId, Guid SellerId, DateTimeOffset Time, IReadOnlyList<(string Class, long Quantity)> Quantities);
