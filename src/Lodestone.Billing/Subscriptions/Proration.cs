using System.Runtime.InteropServices;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Parts of a period's price by whole local days, by the cumulative rule of rating: what is charged in several parts adds up to what all at once would be.</summary>
internal static class Proration
{
    /// <summary>What a quantity of days costs.</summary>
    /// <param name="price">Of <paramref name="length"/> days; not negative.</param>
    public static Money Part(Money price, long days, long length) => new(new Price(price.Picos, length).Total(days), price.Currency);

    /// <summary>What it costs to have another quantity in place of the one that was charged; negative where it is less.</summary>
    public static Money Difference(Money price, long charged, long due, long length) => Part(price, due, length) - Part(price, charged, length);
}

/// <summary>Local days from the first to the one before the last.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DayRange(DateOnly Start, DateOnly End)
{
    public int Length => End.DayNumber - Start.DayNumber;

    /// <summary>The period with a number, from an anchor. Anchors on days that a month lacks stand on its last, and come back.</summary>
    public static DayRange Of(DateOnly anchor, PlanPeriod period, long number)
    {
        var months = period is PlanPeriod.Year ? 12 : 1;
        return new DayRange(anchor.AddMonths((int)number * months), anchor.AddMonths((int)(number + 1) * months));
    }
}
