using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>A price key in words, for pages.</summary>
internal static class KeyText
{
    /// <summary>Such as <c>8 per 1,000,000</c>, or <c>8 to 4,000, then 4, per 1,000,000, each part by its tier</c>.</summary>
    public static string Of(ChargeModel charge) => charge switch
    {
        UnitCharge unit => $"{Text(unit.Price.Picos)}{Per(unit.Price.PerQuantity)}",
        PackageCharge package => $"{Text(package.Picos)} per package of {Text(package.Size)}{(package.Free > 0 ? $" after {Text(package.Free)} free" : "")}",
        GraduatedCharge tiers => $"{Tiers(tiers)}, each part by its tier",
        VolumeCharge tiers => $"{Tiers(tiers)}, all by the tier reached",
        FlatCharge flat => $"{Text(flat.Picos)} a month{(flat.IsProrated ? ", by days" : "")}",
        PercentageCharge share => $"{Text((Int128)share.Share)} %{(share.Fixed > 0 ? $" and {Text(share.Fixed)}" : "")} of each",
        MatrixCharge matrix => $"{string.Join("; ", matrix.Cells.Select(c => $"{c.Key}: {Text(c.Value.Picos)}"))}{Per(matrix.Cells.Values.First().PerQuantity)}",
        _ => "",
    };

    private static string Tiers(TieredCharge tiers) =>
        string.Join(", ", tiers.Tiers.Select(t => $"{(t.UpTo is null && tiers.Tiers.Count > 1 ? "then " : "")}{Text(t.Picos)}{(t.Flat > 0 ? $" and {Text(t.Flat)} once" : "")}{(t.UpTo is { } end ? $" to {Text(end)}" : "")}"))
        + Per(tiers.PerQuantity);

    private static string Per(long quantity) => quantity == 1 ? " each" : $" per {Text(quantity)}";

    private static string Text(Int128 picos) => new Money(picos, BillingOptions.Currency).ToString();

    private static string Text(long quantity) => quantity.ToString("N0", CultureInfo.InvariantCulture);
}
