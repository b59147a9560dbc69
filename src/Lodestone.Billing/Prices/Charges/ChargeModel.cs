namespace Lodestone.Billing;

/// <summary>A rule that makes an amount of a period's quantity. All but <see cref="PercentageCharge"/> are rated cumulatively, see <see cref="Price"/>.</summary>
internal abstract record ChargeModel
{
    /// <summary>What a period with this quantity costs. What was taken back before it came costs as much less.</summary>
    public Int128 Total(long quantity) => quantity < 0 ? -Sum(-quantity) : Sum(quantity);

    /// <summary>What a quantity costs that comes after another in its period.</summary>
    /// <param name="before">What came earlier; <see langword="null"/> for the first of the period.</param>
    /// <param name="quantity">What comes; negative where a correction takes back.</param>
    public virtual Int128 Charge(long? before, long quantity) => Total((before ?? 0) + quantity) - Total(before ?? 0);

    /// <summary>An amount that no <see cref="Charge"/> of this quantity exceeds, whatever came before.</summary>
    public abstract Int128 AtMost(long quantity);

    /// <summary>Quantities at which two rules are compared, to see how much a price changes.</summary>
    public virtual IEnumerable<long> Probes => [PriceVersion.PerMillion];

    /// <param name="quantity">Not negative.</param>
    protected abstract Int128 Sum(long quantity);
}

/// <summary>The same price for each.</summary>
internal sealed record UnitCharge(Price Price) : ChargeModel
{
    public override Int128 AtMost(long quantity) => Price.AtMost(quantity);

    protected override Int128 Sum(long quantity) => Price.Total(quantity);
}

/// <summary>Sold by the package, a part of one as a whole.</summary>
/// <param name="Picos">For one package.</param>
/// <param name="Size">Quantity in a package.</param>
/// <param name="Free">Quantity before the first package.</param>
internal sealed record PackageCharge(Int128 Picos, long Size, long Free) : ChargeModel
{
    public override Int128 AtMost(long quantity) => Picos * Packages(quantity);

    public override IEnumerable<long> Probes => [Free + Size, Free + (1000 * Size)];

    protected override Int128 Sum(long quantity) => Picos * Packages(quantity - Free);

    private Int128 Packages(Int128 quantity) => quantity <= 0 ? 0 : (quantity + Size - 1) / Size;
}

/// <summary>One amount for the period, however much is used, from the first event on: also one of nothing.</summary>
/// <param name="Picos">For a whole period.</param>
/// <param name="IsProrated">Only for the days of the period on which the price holds.</param>
internal sealed record FlatCharge(Int128 Picos, bool IsProrated) : ChargeModel
{
    public override Int128 Charge(long? before, long quantity) => before is null ? Picos : 0;

    public override Int128 AtMost(long quantity) => Picos;

    /// <summary>The charge of a period in which the price holds on some of its days.</summary>
    public FlatCharge For(int daysHeld, int days) => IsProrated ? new FlatCharge(Price.HalfToEven(Picos * daysHeld, days), IsProrated: false) : this;

    protected override Int128 Sum(long quantity) => Picos;
}

/// <summary>A share of each event's base and a fixed amount, within bounds. The quantity is the base in picos.</summary>
/// <param name="Share">Numerator of the share: <see cref="Whole"/> is all of the base.</param>
/// <param name="Fixed">Picos for each event.</param>
/// <param name="Least">Picos that an event costs at least.</param>
/// <param name="Most">Picos that an event costs at most.</param>
internal sealed record PercentageCharge(long Share, Int128 Fixed, Int128 Least, Int128? Most) : ChargeModel
{
    /// <summary>A hundred per cent, with twelve decimals of a per cent.</summary>
    public const long Whole = 100_000_000_000_000;

    public override Int128 Charge(long? before, long quantity) => Total(quantity);

    public override Int128 AtMost(long quantity) => Total(quantity);

    public override IEnumerable<long> Probes => [1_000_000_000_000, 100_000_000_000_000];

    protected override Int128 Sum(long quantity)
    {
        if (quantity == 0)
        {
            return 0;
        }

        var amount = Int128.Max(Price.HalfToEven((Int128)quantity * Share, Whole) + Fixed, Least);
        return Most is { } most ? Int128.Min(amount, most) : amount;
    }
}

/// <summary>A unit price for each combination of what distinguishes the uses, such as an image's size and quality.</summary>
/// <param name="Dimensions">Up to three names.</param>
/// <param name="Cells">Prices by the values, in the order of the dimensions, joined by commas.</param>
internal sealed record MatrixCharge(IReadOnlyList<string> Dimensions, IReadOnlyDictionary<string, Price> Cells) : ChargeModel
{
    public override Int128 AtMost(long quantity) => Cells.Values.Max(p => p.AtMost(quantity));

    /// <summary>The cell of a use; <see langword="null"/> where it lacks a dimension or has an unknown value.</summary>
    public string? CellOf(IReadOnlyDictionary<string, string> dimensions)
    {
        var cell = string.Join(',', Dimensions.Select(d => dimensions.GetValueOrDefault(d, "")));
        return Cells.ContainsKey(cell) ? cell : null;
    }

    public UnitCharge At(string cell) => new(Cells[cell]);

    // Only to compare: a use is always rated in its cell.
    protected override Int128 Sum(long quantity) => Cells.Values.Max(p => p.Total(quantity));
}
