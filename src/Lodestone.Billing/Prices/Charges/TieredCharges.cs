namespace Lodestone.Billing;

/// <summary>Prices that depend on how much is used in the period.</summary>
/// <param name="Tiers">Ascending; each begins above the end of the one before, and the last has none.</param>
/// <param name="PerQuantity">What the tiers' prices are for.</param>
internal abstract record TieredCharge(IReadOnlyList<Tier> Tiers, long PerQuantity) : ChargeModel
{
    public override IEnumerable<long> Probes => [PriceVersion.PerMillion, .. Tiers.Select(t => t.UpTo).OfType<long>().SelectMany(bound => new[] { bound, bound + 1 })];

    /// <summary>The index of the tier that holds a quantity: one on a bound belongs to the lower.</summary>
    public int TierOf(long quantity)
    {
        var at = 0;
        while (Tiers[at].UpTo < quantity)
        {
            at++;
        }

        return at;
    }

    // Of the dearest tier, and a pico that rounding may add.
    protected Int128 UnitsAtMost(long quantity) => (Tiers.Max(t => t.Picos) * quantity / PerQuantity) + 1;
}

/// <param name="UpTo">The last quantity in the tier; <see langword="null"/> in the last tier.</param>
/// <param name="Picos">For the charge's <see cref="TieredCharge.PerQuantity"/>.</param>
/// <param name="Flat">Picos for being in the tier.</param>
internal sealed record Tier(long? UpTo, Int128 Picos, Int128 Flat);

/// <summary>Each tier's price for the part of the quantity that lies in it.</summary>
internal sealed record GraduatedCharge(IReadOnlyList<Tier> Tiers, long PerQuantity) : TieredCharge(Tiers, PerQuantity)
{
    public override Int128 AtMost(long quantity) => quantity == 0 ? 0 : UnitsAtMost(quantity) + Tiers.Aggregate((Int128)0, (sum, tier) => sum + tier.Flat);

    protected override Int128 Sum(long quantity)
    {
        var (units, flat, begin) = ((Int128)0, (Int128)0, 0L);
        foreach (var tier in Tiers)
        {
            if (quantity <= begin)
            {
                break;
            }

            var end = Math.Min(quantity, tier.UpTo ?? quantity);
            units += tier.Picos * (end - begin);
            flat += tier.Flat;
            begin = end;
        }

        return Price.HalfToEven(units, PerQuantity) + flat;
    }
}

/// <summary>The price of the tier that holds the quantity, for all of it. Crossing a bound changes what came before it too.</summary>
internal sealed record VolumeCharge(IReadOnlyList<Tier> Tiers, long PerQuantity) : TieredCharge(Tiers, PerQuantity)
{
    public override Int128 AtMost(long quantity)
    {
        if (quantity == 0)
        {
            return 0;
        }

        // What came before, at most up to the bound, may become dearer at each.
        var jumps = Tiers[0].Flat;
        foreach (var (lower, upper) in Tiers.Zip(Tiers.Skip(1)))
        {
            var dearer = Int128.Max(upper.Picos - lower.Picos, 0) * lower.UpTo.GetValueOrDefault();
            jumps += Int128.Max(upper.Flat - lower.Flat, 0) + ((dearer + PerQuantity - 1) / PerQuantity);
        }

        return UnitsAtMost(quantity) + jumps;
    }

    /// <summary>What of a <see cref="ChargeModel.Charge"/> is the change to what came before, because a bound was crossed; the rest is the quantity's own.</summary>
    public Int128 Rerated(long before, long quantity)
    {
        var after = before + quantity;
        if (before <= 0 || after <= 0 || TierOf(before) == TierOf(after))
        {
            return 0;
        }

        var price = new Price(Tiers[TierOf(after)].Picos, PerQuantity);
        return Charge(before, quantity) - (price.Total(after) - price.Total(before));
    }

    protected override Int128 Sum(long quantity)
    {
        if (quantity == 0)
        {
            return 0;
        }

        var tier = Tiers[TierOf(quantity)];
        return Price.HalfToEven(tier.Picos * quantity, PerQuantity) + tier.Flat;
    }
}
