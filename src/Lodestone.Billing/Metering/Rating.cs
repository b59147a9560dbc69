using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Applies a price to an event's quantities, in the order of its classes.</summary>
internal static class Rating
{
    /// <summary>
    /// One row for each class that has a quantity, or a flat charge to begin; one more where a bound was crossed that changes what
    /// came before, and one for what an allowance covers. Moves the month's totals on; the caller holds the wallet's lock and writes them.
    /// </summary>
    /// <param name="totals">Those of the account, price and month. Gets what is missing.</param>
    /// <param name="usage">What was used.</param>
    /// <param name="day">The day of the event.</param>
    /// <param name="price">The version that held at its time.</param>
    /// <param name="free">What of everybody's free allowance was held for it; it goes to the first classes.</param>
    /// <param name="terms">What was agreed with the account.</param>
    public static IReadOnlyList<RatedRow> Rate(List<RatingTotal> totals, RatableUsage usage, DateOnly day, PriceVersion price, FreePart free, AccountTerms terms)
    {
        var rows = new List<RatedRow>(usage.Quantities.Count);
        foreach (var (name, quantity) in usage.Quantities)
        {
            var line = price.LineOf(name, usage.Dimensions) ?? throw new InvalidOperationException($"Price version {price.Id} has no price for {name}.");
            var charge = price.ChargeOf(line, Days.Month(day));
            if (quantity == 0 && charge is not FlatCharge)
            {
                continue;
            }

            var covered = terms.Cover(usage, line.Class, day, quantity);
            if (covered != 0)
            {
                var (_, value) = Advance(totals, usage, day, price, line + PriceLine.Free, charge, covered);
                rows.Add(Row(usage, line + PriceLine.Free, day, price, covered, value, value, 0));
            }

            if (covered == quantity && quantity != 0)
            {
                continue;
            }

            var (before, list) = Advance(totals, usage, day, price, line.ToString(), charge, quantity - covered);
            var rerated = charge is VolumeCharge volume ? volume.Rerated(before, quantity - covered) : 0;
            Add(line.Class, line.ToString(), quantity - covered, list - rerated);
            if (rerated != 0)
            {
                Add(line.Class, line + PriceLine.Rerated, 0, rerated);
            }
        }

        return rows;

        void Add(string name, string rowClass, long quantity, Int128 list)
        {
            var daily = free.Take(list);
            var borne = daily + terms.Bear(usage, name, day, list - daily);
            rows.Add(Row(usage, rowClass, day, price, quantity, list, borne, terms.Discount(usage, name, day, list - borne)));
        }
    }

    private static (long Before, Int128 List) Advance(List<RatingTotal> totals, RatableUsage usage, DateOnly day, PriceVersion price, string line, ChargeModel charge, long quantity)
    {
        if (totals.Find(t => t.Class == line) is { } total)
        {
            return (total.Quantity, total.Rate(charge, total.Quantity, quantity));
        }

        total = new RatingTotal(0) { AccountId = usage.AccountId, PriceVersionId = price.Id, Class = line, Month = Days.Month(day) };
        totals.Add(total);
        return (0, total.Rate(charge, null, quantity));
    }

    private static RatedRow Row(RatableUsage usage, string rowClass, DateOnly day, PriceVersion price, long quantity, Int128 list, Int128 borne, Int128 discount) => new()
    {
        EventId = usage.EventId,
        Class = rowClass,
        AccountId = usage.AccountId,
        SellerId = usage.SellerId,
        ProductId = usage.ProductId,
        Day = day,
        PriceVersionId = price.Id,
        Quantity = quantity,
        Currency = price.Currency,
        List = new Money(list, price.Currency),
        Free = new Money(borne, price.Currency),
        Discount = new Money(discount, price.Currency),
        Amount = new Money(list - borne - discount, price.Currency),
    };
}

/// <summary>A part of the free allowance of a day, in picos at list price.</summary>
/// <param name="left">What there is.</param>
internal sealed class FreePart(Int128 left)
{
    /// <summary>What was taken of it.</summary>
    public Int128 Used { get; private set; }

    /// <summary>Takes what a row costs, as far as there is enough.</summary>
    public Int128 Take(Int128 picos)
    {
        var taken = Int128.Clamp(picos, 0, left - Used);
        Used += taken;
        return taken;
    }
}

/// <summary>One event as it is rated: what was used of a product, by class.</summary>
/// <param name="EventId">Names the rows; a correction has an id of its own.</param>
/// <param name="AccountId">The namespace that pays.</param>
/// <param name="ProductId">What was used.</param>
/// <param name="SellerId">The namespace that is paid.</param>
/// <param name="Time">Decides price, day and month.</param>
/// <param name="Quantities">By class, each class once; negative where a correction takes back.</param>
internal sealed record RatableUsage(Guid EventId, Guid AccountId, Guid ProductId, Guid SellerId, DateTimeOffset Time, IReadOnlyList<(string Class, long Quantity)> Quantities)
{
    private static readonly Dictionary<string, string> None = new(StringComparer.Ordinal);

    /// <summary>What else a price may depend on, by name: <c>region</c>, <c>tier</c>, and those of matrices.</summary>
    public IReadOnlyDictionary<string, string> Dimensions { get; init; } = None;

    /// <summary>Who used it, where that is known: allowances may be each user's own.</summary>
    public Guid UserId { get; init; }
}
