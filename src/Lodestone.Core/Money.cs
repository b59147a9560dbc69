using System.Globalization;

namespace Lodestone.Core;

/// <summary>An amount of one currency, exact to 10⁻¹² of its unit.</summary>
/// <param name="Picos">10⁻¹² of one unit of <paramref name="Currency"/>; negative for what is owed or taken.</param>
/// <param name="Currency">What is counted.</param>
public readonly record struct Money(Int128 Picos, Currency Currency) : IComparable<Money>
{
    /// <summary>Picos in one unit of any currency.</summary>
    public const long PicosPerUnit = 1_000_000_000_000;

    /// <summary>Whole units, rounded towards negative infinity: the first of the two words that are stored.</summary>
    public long Units => (long)((Picos - Remainder) / PicosPerUnit);

    /// <summary>Picos above <see cref="Units"/>, 0 to 10¹² − 1: the second word that is stored.</summary>
    public long Remainder => (long)(((Picos % PicosPerUnit) + PicosPerUnit) % PicosPerUnit);

    public bool IsZero => Picos == 0;

    public static Money Zero(Currency currency) => new(0, currency);

    public static Money FromStored(long units, long remainder, Currency currency) =>
        new(((Int128)units * PicosPerUnit) + remainder, currency);

    /// <summary>Reads a decimal such as <c>12.50</c>; at most 12 places, no exponent, no separators.</summary>
    public static bool TryParse(string? text, Currency currency, out Money money)
    {
        money = Zero(currency);
        if (string.IsNullOrEmpty(text))
        {
            return false;
        }

        var isNegative = text[0] == '-';
        var digits = isNegative ? text.AsSpan(1) : text.AsSpan();
        var point = digits.IndexOf('.');
        var whole = point < 0 ? digits : digits[..point];
        var fraction = point < 0 ? default : digits[(point + 1)..];
        if (whole.Length is 0 or > 15 || fraction.Length > 12 || (point >= 0 && fraction.Length == 0)
            || whole.ContainsAnyExceptInRange('0', '9') || fraction.ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        var picos = Int128.Parse(whole, NumberStyles.None, CultureInfo.InvariantCulture) * PicosPerUnit;
        if (fraction.Length > 0)
        {
            picos += Int128.Parse(fraction.ToString().PadRight(12, '0'), NumberStyles.None, CultureInfo.InvariantCulture);
        }

        money = new Money(isNegative ? -picos : picos, currency);
        return true;
    }

    public static Money operator +(Money left, Money right) => new(left.Picos + right.Amount(left.Currency), left.Currency);

    public static Money operator -(Money left, Money right) => new(left.Picos - right.Amount(left.Currency), left.Currency);

    public static Money operator -(Money value) => new(-value.Picos, value.Currency);

    public static bool operator <(Money left, Money right) => left.CompareTo(right) < 0;

    public static bool operator >(Money left, Money right) => left.CompareTo(right) > 0;

    public static bool operator <=(Money left, Money right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Money left, Money right) => left.CompareTo(right) >= 0;

    public static Money Min(Money left, Money right) => left <= right ? left : right;

    public int CompareTo(Money other) => Picos.CompareTo(other.Amount(Currency));

    /// <summary>The exact amount as a plain decimal, without needless zeros: <c>0.005204</c>.</summary>
    public override string ToString()
    {
        var size = Int128.Abs(Picos);
        var fraction = ((long)(size % PicosPerUnit)).ToString("D12", CultureInfo.InvariantCulture).TrimEnd('0');
        var whole = (size / PicosPerUnit).ToString(CultureInfo.InvariantCulture);
        var sign = Picos < 0 ? "-" : "";
        return fraction.Length == 0 ? sign + whole : $"{sign}{whole}.{fraction}";
    }

    private Int128 Amount(Currency expected) =>
        Currency == expected ? Picos : throw new InvalidOperationException($"{Currency} and {expected} do not mix");
}

/// <summary>An ISO 4217 currency.</summary>
/// <param name="Code">Three capital letters.</param>
public readonly record struct Currency(string Code)
{
    public static Currency Usd { get; } = new("USD");

    public override string ToString() => Code;
}
