using System.Runtime.InteropServices;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>An amount as two columns, <c>…_units</c> and <c>…_remainder</c>; the row names the currency.</summary>
/// <param name="Units">Whole units, rounded towards negative infinity.</param>
/// <param name="Remainder">Picos above them, 0 to 10¹² − 1.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StoredMoney(long Units, long Remainder)
{
    public static implicit operator StoredMoney(Money money) => new(money.Units, money.Remainder);

    public bool IsZero => Units == 0 && Remainder == 0;

    public Money In(Currency currency) => Money.FromStored(Units, Remainder, currency);
}

/// <summary>
/// Sums of stored amounts, in three words so that no database overflows: a sum of remainders alone would, after some
/// nine million rows.
/// </summary>
/// <param name="Units">Sum of the units.</param>
/// <param name="High">Sum of the remainders' millions.</param>
/// <param name="Low">Sum of what the remainders have above their millions.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MoneySum(long Units, long High, long Low)
{
    public const long Split = 1_000_000;

    public Money In(Currency currency) => new(((Int128)Units * Money.PicosPerUnit) + ((Int128)High * Split) + Low, currency);
}
