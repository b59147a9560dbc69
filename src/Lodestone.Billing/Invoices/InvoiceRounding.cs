using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// Where exact amounts become payable ones: the total is rounded once, with what earlier invoices carried over, and the printed lines add
/// up to it. Each line is cut down to the minor unit; the units that are then missing go to the lines that lost most.
/// </summary>
internal static class InvoiceRounding
{
    /// <param name="exact">The lines, in the order of their keys, which decides ties.</param>
    /// <param name="carry">From −½ to ½ of a minor unit.</param>
    public static RoundedLines Cut(IReadOnlyList<Money> exact, Money carry)
    {
        var currency = carry.Currency;
        var sum = exact.Aggregate(carry, (total, line) => total + line);
        var rounded = exact.Count == 0 ? Money.Zero(currency) : MinorUnits.HalfUp(sum);
        return new RoundedLines(Allocate(exact, rounded), rounded, sum - rounded);
    }

    /// <summary>Whole minor units for each part, which add up to the total: cut down, then one more for the largest remainders.</summary>
    /// <param name="total">Whole minor units, no more above the parts cut down than there are parts.</param>
    public static Money[] Allocate(IReadOnlyList<Money> parts, Money total)
    {
        var unit = MinorUnits.Of(total.Currency);
        var cut = parts.Select(MinorUnits.Floor).ToList();
        var missing = (int)((total.Picos / unit) - cut.Aggregate(Int128.Zero, (sum, part) => sum + part.Whole));
        var raised = cut.Index().OrderByDescending(part => part.Item.Over).ThenBy(part => part.Index).Take(missing).Select(part => part.Index).ToHashSet();
        return [.. cut.Select((part, at) => new Money((part.Whole + (raised.Contains(at) ? 1 : 0)) * unit, total.Currency))];
    }
}

/// <param name="Amounts">In whole minor units, one for each line.</param>
/// <param name="Total">Their sum.</param>
/// <param name="Carry">Exact less total: what the next invoice begins with.</param>
internal sealed record RoundedLines(IReadOnlyList<Money> Amounts, Money Total, Money Carry);
