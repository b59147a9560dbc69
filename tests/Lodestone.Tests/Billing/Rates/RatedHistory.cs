using System.Globalization;
using Lodestone.Billing;

namespace Lodestone.Tests.Billing.Rates;

/// <summary>A history as the product rates it, event by event, with corrections as events of their own.</summary>
internal sealed class RatedHistory(Customer customer, IReadOnlyList<PoolPrice> prices)
{
    private readonly Dictionary<string, (Used First, long Quantity, bool IsVoid)> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Price, DateOnly Month), List<RatingTotal>> _totals = [];
    private int _events;

    public List<(int Price, RatedRow Row)> Rows { get; } = [];

    public RatedHistory Live(IEnumerable<Happening> history)
    {
        foreach (var happening in history)
        {
            Take(happening);
        }

        return this;
    }

    /// <summary>By price, line and month: what was used and what it costs.</summary>
    public Dictionary<(int Price, string Line, int Month), (Int128 Quantity, Int128 Picos)> Costs() => Rows
        .GroupBy(r => (r.Price, PriceLine.TotalOf(r.Row.Class), (r.Row.Day.Year * 12) + r.Row.Day.Month - 1))
        .ToDictionary(g => g.Key, g => g.Aggregate((Quantity: (Int128)0, Picos: (Int128)0), (sum, r) => (sum.Quantity + r.Row.Quantity, sum.Picos + r.Row.List.In(r.Row.Currency).Picos)));

    /// <summary>The running totals that rating goes on from.</summary>
    public IEnumerable<(int Price, RatingTotal Total)> Totals => _totals.SelectMany(t => t.Value.Select(total => (t.Key.Price, total)));

    private void Take(Happening happening)
    {
        var isKnown = _known.TryGetValue(happening.Key, out var known);
        switch (happening)
        {
            case Used used when !isKnown:
                _known[used.Key] = (used, used.Quantity, false);
                Rate(used, used.Quantity);
                break;
            case Amended amended when isKnown && !known.IsVoid:
                Rate(known.First, -known.Quantity);
                Rate(known.First, amended.Quantity);
                _known[happening.Key] = known with { Quantity = amended.Quantity };
                break;
            case Voided when isKnown && !known.IsVoid:
                Rate(known.First, -known.Quantity);
                _known[happening.Key] = known with { Quantity = 0, IsVoid = true };
                break;
            default:
                break;
        }
    }

    private void Rate(Used used, long quantity)
    {
        var held = prices.Index().Where(p => p.Item.Version.EffectiveFrom <= used.At).OrderByDescending(p => p.Item.Version.EffectiveFrom).ThenByDescending(p => p.Index).ToList();
        if (held is not [var (index, price), ..] || price.Version.LineOf(used.Class, Dimensions(used)) is not { } line)
        {
            return;
        }

        var day = customer.DayOf(used.At);
        var usage = new RatableUsage(
            new Guid(++_events, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]), customer.Id, Guid.Empty, Guid.Empty, used.At, [(used.Class, quantity)]) { Dimensions = Dimensions(used) };
        if (!_totals.TryGetValue((index, Lodestone.Billing.Days.Month(day)), out var totals))
        {
            _totals[(index, Lodestone.Billing.Days.Month(day))] = totals = [];
        }

        var rows = Rating.Rate(totals, usage, day, price.Version, new FreePart(0), AccountTerms.None);
        Rows.AddRange(rows.Select(r => (index, r)));
        var most = price.Version.ChargeOf(line, Lodestone.Billing.Days.Month(day)).AtMost(Math.Max(quantity, 0));
        var charged = rows.Aggregate((Int128)0, (sum, r) => sum + r.List.In(r.Currency).Picos);
        Assert.True(quantity < 0 || charged <= most, string.Create(CultureInfo.InvariantCulture, $"{quantity} of {line} cost {charged}, above {most}"));
    }

    private static Dictionary<string, string> Dimensions(Used used)
    {
        var dimensions = new Dictionary<string, string>(StringComparer.Ordinal) { ["size"] = used.Size };
        if (used.Region is { } region)
        {
            dimensions["region"] = region;
        }

        return dimensions;
    }
}
