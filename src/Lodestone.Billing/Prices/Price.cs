using System.Runtime.InteropServices;

namespace Lodestone.Billing;

/// <summary>
/// A rational price, rated cumulatively: what a quantity costs is the difference that it makes to the rounded total of
/// its period, so that the amounts of a period add up to that total exactly, however the period was cut into events.
/// </summary>
/// <param name="Picos">Picos for <paramref name="PerQuantity"/>; not negative.</param>
/// <param name="PerQuantity">In the unit of the quantity: 1,000,000 tokens.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Price(Int128 Picos, long PerQuantity)
{
    /// <summary>What a period with this quantity costs, rounded half to even.</summary>
    public Int128 Total(long quantity) => HalfToEven(Picos * quantity, PerQuantity);

    /// <summary>What a quantity costs that comes after <paramref name="before"/> in its period.</summary>
    public Int128 Charge(long before, long quantity) => Total(before + quantity) - Total(before);

    /// <summary>The least amount that no <see cref="Charge"/> of this quantity exceeds, whatever came before: the rounding may add a pico.</summary>
    public Int128 AtMost(long quantity) => Picos % PerQuantity == 0
        ? Picos / PerQuantity * quantity
        : (Picos * quantity / PerQuantity) + (quantity > 0 ? 1 : 0);

    /// <summary>A fraction as a whole number; half of one goes to the even neighbour.</summary>
    /// <param name="numerator">Not negative.</param>
    /// <param name="denominator">Positive.</param>
    public static Int128 HalfToEven(Int128 numerator, Int128 denominator)
    {
        var (whole, rest) = Int128.DivRem(numerator, denominator);
        var twice = rest * 2;
        return twice > denominator || (twice == denominator && Int128.IsOddInteger(whole)) ? whole + 1 : whole;
    }
}
