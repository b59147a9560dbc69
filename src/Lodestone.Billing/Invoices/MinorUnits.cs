using System.Collections.Frozen;
using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>The smallest amounts that are paid: cents of most currencies, whole yen, thousandths of a dinar (ISO 4217).</summary>
internal static class MinorUnits
{
    private const int Usual = 2;

    private static readonly FrozenDictionary<string, int> Others = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["BIF"] = 0, ["CLP"] = 0, ["DJF"] = 0, ["GNF"] = 0, ["ISK"] = 0, ["JPY"] = 0, ["KMF"] = 0, ["KRW"] = 0, ["PYG"] = 0,
        ["RWF"] = 0, ["UGX"] = 0, ["UYI"] = 0, ["VND"] = 0, ["VUV"] = 0, ["XAF"] = 0, ["XOF"] = 0, ["XPF"] = 0,
        ["BHD"] = 3, ["IQD"] = 3, ["JOD"] = 3, ["KWD"] = 3, ["LYD"] = 3, ["OMR"] = 3, ["TND"] = 3,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Places after the point.</summary>
    public static int Places(Currency currency) => Others.GetValueOrDefault(currency.Code, Usual);

    /// <summary>One minor unit, in picos.</summary>
    public static Int128 Of(Currency currency)
    {
        var picos = (Int128)Money.PicosPerUnit;
        for (var place = 0; place < Places(currency); place++)
        {
            picos /= 10;
        }

        return picos;
    }

    /// <summary>Rounded down to minor units, and what was cut off.</summary>
    public static (Int128 Whole, Int128 Over) Floor(Money amount)
    {
        var unit = Of(amount.Currency);
        var (whole, rest) = Int128.DivRem(amount.Picos, unit);
        return rest < 0 ? (whole - 1, rest + unit) : (whole, rest);
    }

    /// <summary>Rounded half up, towards positive infinity.</summary>
    public static Money HalfUp(Money amount)
    {
        var (whole, rest) = Floor(amount);
        var unit = Of(amount.Currency);
        return new Money((rest * 2 >= unit ? whole + 1 : whole) * unit, amount.Currency);
    }

    /// <summary>As payment providers count: 12.50 USD is 1250.</summary>
    /// <exception cref="InvalidOperationException">It has a fraction of a minor unit.</exception>
    public static long Count(Money amount) => Floor(amount) is var (whole, rest) && rest == 0
        ? (long)whole
        : throw new InvalidOperationException($"{amount} {amount.Currency} is no whole number of minor units.");

    public static Money FromCount(long count, Currency currency) => new(count * Of(currency), currency);

    /// <summary>With all of its places: <c>12.50</c>, <c>1250</c> yen, <c>1.250</c> dinars.</summary>
    public static string Text(Money amount)
    {
        var places = Places(amount.Currency);
        var (whole, rest) = Floor(amount.Picos < 0 ? -amount : amount);
        if (rest != 0)
        {
            return amount.ToString();
        }

        var digits = whole.ToString(CultureInfo.InvariantCulture).PadLeft(places + 1, '0');
        var text = places == 0 ? digits : $"{digits[..^places]}.{digits[^places..]}";
        return amount.Picos < 0 ? "-" + text : text;
    }
}
