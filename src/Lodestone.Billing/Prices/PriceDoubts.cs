using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What about a price looks like a mistake.</summary>
internal static class PriceDoubts
{
    private const int SuspiciousFactor = 3;

    private static readonly Money DearMillion = Money.FromStored(1_000, 0, BillingOptions.Currency);
    private static readonly Money CheapMillion = new(100_000_000, BillingOptions.Currency);

    public static IEnumerable<string> Of(ProductPrices change)
    {
        foreach (var key in change.Keys.Select((key, at) => key.Read($"keys[{at}]")))
        {
            if (change.Before?.Keys.FirstOrDefault(k => k.Class == key.Class && k.Region == key.Region && k.Tier == key.Tier) is { } before)
            {
                if (key.Charge.Probes.Concat(before.Charge.Probes).FirstOrDefault(q => Differs(before.Charge.Charge(null, q), key.Charge.Charge(null, q))) is > 0 and var quantity)
                {
                    yield return $"The {key.Class} price of {change.Product.Name} would go from {Text(before.Charge, quantity)} to {Text(key.Charge, quantity)} for {quantity.ToString("N0", CultureInfo.InvariantCulture)}, more than threefold.";
                }
            }
            else if (LooksMistaken(key) is { } why)
            {
                yield return $"The {key.Class} price of {change.Product.Name}, {Text(key.Charge, PriceVersion.PerMillion)} per million, looks {why}.";
            }
        }
    }

    private static bool Differs(Int128 before, Int128 after) => after > before * SuspiciousFactor || before > after * SuspiciousFactor;

    private static string? LooksMistaken(PriceKey key)
    {
        var isOfTokens = key.Class is UsageClass.Input or UsageClass.InputCached or UsageClass.CacheWrite or UsageClass.Output or UsageClass.Reasoning;
        var million = new Money(key.Charge.Charge(null, PriceVersion.PerMillion), BillingOptions.Currency);
        return (isOfTokens, million) switch
        {
            (false, _) => null,
            (true, var m) when m > DearMillion => "as if it were meant for a million tokens but was given for fewer",
            (true, var m) when m.Picos > 0 && m < CheapMillion => "as if it were meant for one token but was given for a million",
            _ => null,
        };
    }

    private static string Text(ChargeModel charge, long quantity) => new Money(charge.Charge(null, quantity), BillingOptions.Currency).ToString();
}
