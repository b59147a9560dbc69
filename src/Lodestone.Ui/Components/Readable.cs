using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Ui;

/// <summary>Quantities as people read them. Exact values belong in the <c>title</c> beside them.</summary>
public static class Readable
{
    private const int Kilo = 1000;
    private const int MinorPlaces = 2;
    private const int PicoPlaces = 12;
    private static readonly string[] CountUnits = ["", "K", "M", "B", "T", "Q"];
    private static readonly string[] ByteUnits = [" bytes", " kB", " MB", " GB", " TB", " PB", " EB"];

    /// <summary>Three significant digits: <c>845</c>, <c>12.3K</c>, <c>3.15M</c>.</summary>
    public static string Count(long value) => Scaled(value, CountUnits);

    /// <summary>Powers of ten, three significant digits: <c>512 bytes</c>, <c>1.5 GB</c>.</summary>
    public static string Bytes(long value) => value == 1 ? "1 byte" : Scaled(value, ByteUnits);

    /// <summary>To the minor unit, or to two significant digits where that would hide it: <c>$12.40</c>, <c>$0.0052</c>, <c>−$3.00</c>.</summary>
    public static string Amount(Money money)
    {
        var size = Int128.Abs(money.Picos);
        var places = MinorPlaces;
        for (var least = Money.PicosPerUnit / 10; size > 0 && size < least && places < PicoPlaces; least /= 10)
        {
            places++;
        }

        var step = (Int128)Math.Pow(10, PicoPlaces - places);
        var rounded = new Money((size + (step / 2)) / step * step, money.Currency);
        var fraction = rounded.Remainder.ToString("D12", CultureInfo.InvariantCulture).TrimEnd('0').PadRight(MinorPlaces, '0');
        return string.Create(CultureInfo.InvariantCulture, $"{(money.Picos < 0 ? "−" : "")}{Symbol(money.Currency)}{rounded.Units:N0}.{fraction}");
    }

    /// <summary>Distance in words up to a month, then the date: <c>5 minutes ago</c>, <c>in 3 hours</c>, <c>12 Mar 2026</c>.</summary>
    public static string Ago(DateTimeOffset at, DateTimeOffset now)
    {
        var distance = (now - at).Duration();
        if (distance < TimeSpan.FromMinutes(1))
        {
            return at > now ? "in a moment" : "just now";
        }

        if (distance >= TimeSpan.FromDays(30))
        {
            return at.UtcDateTime.ToString("d MMM yyyy", CultureInfo.InvariantCulture);
        }

        var (number, unit) = distance switch
        {
            { TotalHours: < 1 } => ((int)distance.TotalMinutes, "minute"),
            { TotalDays: < 1 } => ((int)distance.TotalHours, "hour"),
            _ => ((int)distance.TotalDays, "day"),
        };
        var words = $"{number} {unit}{(number == 1 ? "" : "s")}";
        return at > now ? $"in {words}" : $"{words} ago";
    }

    /// <summary>A wait: <c>7 days</c>, <c>1 day</c>, <c>12 hours</c>.</summary>
    public static string Days(TimeSpan time) => time.TotalDays >= 1
        ? string.Create(CultureInfo.InvariantCulture, $"{time.TotalDays:0.#} {(time.TotalDays == 1 ? "day" : "days")}")
        : string.Create(CultureInfo.InvariantCulture, $"{time.TotalHours:0.#} hours");

    private static string Scaled(long value, string[] units)
    {
        var size = Math.Abs((double)value);
        var unit = 0;
        while (unit < units.Length - 1 && Rounded(size) >= Kilo)
        {
            size /= Kilo;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(value < 0 ? "−" : "")}{(unit == 0 ? size : Rounded(size)):0.##}{units[unit]}");
    }

    private static double Rounded(double size) => size switch
    {
        < 10 => Math.Round(size, 2, MidpointRounding.AwayFromZero),
        < 100 => Math.Round(size, 1, MidpointRounding.AwayFromZero),
        _ => Math.Round(size, MidpointRounding.AwayFromZero),
    };

    private static string Symbol(Currency currency) => currency.Code switch
    {
        "USD" => "$",
        "EUR" => "€",
        "GBP" => "£",
        "JPY" => "¥",
        var code => code + " ",
    };
}
