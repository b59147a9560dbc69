using System.Runtime.InteropServices;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Parts of a price by whole local days, exact to the pico: what one period is charged in several parts adds up to its price.</summary>
internal static class Proration
{
    /// <summary>What <paramref name="days"/> of a period cost.</summary>
    /// <param name="price">Of the whole period.</param>
    /// <param name="length">Days of the period.</param>
    public static Money Part(Money price, long days, long length) => new(Divided(price.Picos * days, length), price.Currency);

    /// <summary>What more seat-days cost after those that were charged before: their sum is that of all at once.</summary>
    public static Money More(Money price, long before, long more, long length) => Part(price, before + more, length) - Part(price, before, length);

    /// <summary>Half to even.</summary>
    private static Int128 Divided(Int128 amount, Int128 by)
    {
        var (whole, rest) = Int128.DivRem(Int128.Abs(amount), by);
        whole += rest * 2 > by || (rest * 2 == by && Int128.IsOddInteger(whole)) ? 1 : 0;
        return amount < 0 ? -whole : whole;
    }
}

/// <summary>Local days from the first to the one before the last.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct DayRange(DateOnly Start, DateOnly End)
{
    public int Length => End.DayNumber - Start.DayNumber;

    /// <summary>Days from this one to the end, this one included.</summary>
    public int From(DateOnly day) => End.DayNumber - day.DayNumber;

    /// <summary>The period with a number, from an anchor. Anchors on days that a month lacks stand on its last, and come back.</summary>
    public static DayRange Of(DateOnly anchor, PlanPeriod period, long number)
    {
        var months = (int)number * (period is PlanPeriod.Year ? 12 : 1);
        return new DayRange(anchor.AddMonths(months), anchor.AddMonths(months + (period is PlanPeriod.Year ? 12 : 1)));
    }
}
