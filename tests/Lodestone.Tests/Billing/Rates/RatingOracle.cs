using System.Numerics;

namespace Lodestone.Tests.Billing.Rates;

/// <summary>
/// What a history costs, slow and obvious: one list of what holds at its end, whole fractions, nothing carried from event to
/// event. Written apart from the product, to disagree with it.
/// </summary>
internal static class RatingOracle
{
    /// <summary>By price, line and local month: what was used and what it costs.</summary>
    public static Dictionary<(int Price, string Line, int Month), (BigInteger Quantity, BigInteger Picos)> Costs(IReadOnlyList<PoolPrice> prices, TimeZoneInfo zone, IReadOnlyList<Happening> history)
    {
        var facts = new List<Fact>();
        foreach (var happening in history)
        {
            switch (happening)
            {
                case Used used when !facts.Exists(f => f.Key == used.Key):
                    facts.Add(new Fact(used.Key, used.At, used.Class, used.Region, used.Size) { Quantity = used.Quantity });
                    break;
                case Amended amended when facts.Find(f => f.Key == amended.Key) is { IsVoid: false } fact:
                    fact.Quantity = amended.Quantity;
                    break;
                case Voided voided when facts.Find(f => f.Key == voided.Key) is { } fact:
                    (fact.IsVoid, fact.Quantity) = (true, 0);
                    break;
                default:
                    break; // a duplicate, or about something void
            }
        }

        return facts.Select(f => (Fact: f, Price: Latest(prices, f.At))).Where(f => f.Price >= 0)
            .Select(f => (f.Fact, f.Price, Line: Line(prices[f.Price], f.Fact)))
            .Where(f => f.Line is not null)
            .GroupBy(f => (f.Price, Line: f.Line!.Value.Name, Month: Month(zone, f.Fact.At))) // those without a line are left out
            .ToDictionary(g => g.Key, g => Cost(prices[g.Key.Price], g.First().Line!.Value.Rule, g.Key.Month, [.. g.Select(f => f.Fact.Quantity)]));
    }

    private static int Latest(IReadOnlyList<PoolPrice> prices, DateTimeOffset at)
    {
        var found = -1;
        for (var i = 0; i < prices.Count; i++)
        {
            if (prices[i].From <= at && (found < 0 || prices[i].From >= prices[found].From))
            {
                found = i;
            }
        }

        return found;
    }

    private static int Month(TimeZoneInfo zone, DateTimeOffset at)
    {
        var local = at.UtcDateTime + zone.GetUtcOffset(at.UtcDateTime);
        return (local.Year * 12) + local.Month - 1;
    }

    private static (string Name, Rule Rule)? Line(PoolPrice price, Fact fact)
    {
        foreach (var name in new[] { fact.Class, fact.Class is "input_cached" ? "input" : fact.Class is "reasoning" ? "output" : "" })
        {
            var local = price.Rules.FirstOrDefault(r => r.Class == name && r.Region is not null && r.Region == fact.Region);
            if ((local ?? price.Rules.FirstOrDefault(r => r.Class == name && r.Region is null)) is { } rule)
            {
                var cell = rule.Kind is "matrix" ? $"[{fact.Size}]" : "";
                return (fact.Class + (rule.Region is null ? "" : "@" + rule.Region) + cell, rule);
            }
        }

        return null;
    }

    private static (BigInteger Quantity, BigInteger Picos) Cost(PoolPrice price, Rule rule, int month, List<long> quantities)
    {
        var all = quantities.Aggregate(BigInteger.Zero, (sum, q) => sum + q);
        return (all, rule.Kind switch
        {
            "percentage" => quantities.Where(q => q != 0).Aggregate(BigInteger.Zero, (sum, q) => sum + Share(rule, q)),
            "flat" => Flat(price, rule, month),
            _ when all.IsZero => 0,
            "unit" or "matrix" => Rounded(rule.Amounts[0] * all, rule.Per),
            "package" => rule.Amounts[0] * Packages(all - rule.Free, rule.Size),
            "graduated" => Graduated(rule, all),
            "volume" => Volume(rule, all),
            var kind => throw new InvalidOperationException(kind),
        });
    }

    private static BigInteger Share(Rule rule, long quantity) =>
        BigInteger.Min(BigInteger.Max(Rounded((BigInteger)quantity * rule.Amounts[0], 100_000_000_000_000) + rule.Amounts[1], rule.Amounts[2]), rule.Amounts[3]);

    private static BigInteger Flat(PoolPrice price, Rule rule, int month)
    {
        if (!rule.IsProrated)
        {
            return rule.Amounts[0];
        }

        var days = Enumerable.Range(1, DateTime.DaysInMonth(month / 12, (month % 12) + 1)).Select(day => new DateTime(month / 12, (month % 12) + 1, day)).ToList();
        return Rounded(rule.Amounts[0] * days.Count(day => day >= price.From.UtcDateTime.Date), days.Count);
    }

    private static BigInteger Packages(BigInteger quantity, long size) => quantity.Sign <= 0 ? 0 : ((quantity - 1) / size) + 1;

    // From the top: what lies above each bound costs the difference to the tier below.
    private static BigInteger Graduated(Rule rule, BigInteger quantity)
    {
        var (sum, flat) = (rule.Amounts[0] * quantity, (BigInteger)rule.Flats[0]);
        for (var i = rule.Bounds.Count; i > 0; i--)
        {
            var above = quantity - rule.Bounds[i - 1];
            if (above.Sign > 0)
            {
                sum += (rule.Amounts[i] - rule.Amounts[i - 1]) * above;
                flat += rule.Flats[i];
            }
        }

        return Rounded(sum, rule.Per) + flat;
    }

    private static BigInteger Volume(Rule rule, BigInteger quantity)
    {
        var tier = rule.Bounds.Count(bound => quantity > bound);
        return Rounded(rule.Amounts[tier] * quantity, rule.Per) + rule.Flats[tier];
    }

    // To the nearest; of two that are as near, the even one.
    private static BigInteger Rounded(BigInteger numerator, BigInteger denominator)
    {
        var below = (numerator - (((numerator % denominator) + denominator) % denominator)) / denominator;
        var (toBelow, toAbove) = (numerator - (below * denominator), ((below + 1) * denominator) - numerator);
        return toBelow < toAbove || (toBelow == toAbove && below.IsEven) ? below : below + 1;
    }

    private sealed class Fact(string key, DateTimeOffset at, string usageClass, string? region, string size)
    {
        public string Key { get; } = key;

        public DateTimeOffset At { get; } = at;

        public string Class { get; } = usageClass;

        public string? Region { get; } = region;

        public string Size { get; } = size;

        public long Quantity { get; set; }

        public bool IsVoid { get; set; }
    }
}
