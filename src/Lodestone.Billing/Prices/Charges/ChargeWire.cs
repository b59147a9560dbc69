using System.Text.Json.Serialization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>A charge model as programs write it, and as it is stored. Which members count is decided by <paramref name="Model"/>.</summary>
/// <param name="Model"><c>unit</c>, <c>package</c>, <c>graduated</c>, <c>volume</c>, <c>flat</c>, <c>percentage</c> or <c>matrix</c>.</param>
/// <param name="Amount">Of a unit price, a package, or a flat charge.</param>
/// <param name="Per">The quantity that prices are for; 1 unless given.</param>
/// <param name="Size">Quantity in a package.</param>
/// <param name="Free">Quantity before the first package.</param>
/// <param name="Prorated">A flat charge is only for the days on which it holds.</param>
/// <param name="Percent">Of each event's base: <c>2.9</c>.</param>
/// <param name="Fixed">For each event, besides the share.</param>
/// <param name="Min">What an event costs at least.</param>
/// <param name="Max">What an event costs at most.</param>
/// <param name="Dimensions">Of a matrix: the values of each dimension, by name.</param>
internal sealed record ChargeWire(
    string? Model,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AmountText? Amount = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Per = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Size = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Free = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<TierWire>? Tiers = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] bool? Prorated = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AmountText? Percent = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AmountText? Fixed = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AmountText? Min = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AmountText? Max = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, IReadOnlyList<string>>? Dimensions = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<CellWire>? Cells = null);

/// <param name="From">Where the tier begins; the end of the one before, 0 for the first. May be left out.</param>
/// <param name="UpTo">Where it ends, this quantity included; absent in the last tier.</param>
/// <param name="Amount">For the charge's <c>per</c>.</param>
/// <param name="Flat">For being in the tier.</param>
internal sealed record TierWire(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? UpTo,
    AmountText? Amount,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] AmountText? Flat = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? From = null);

/// <param name="At">A value of each dimension, in their order.</param>
internal sealed record CellWire(IReadOnlyList<string> At, AmountText? Amount);

/// <summary>Makes charge models of what was written, or says what is wrong with it.</summary>
internal static class ChargeReading
{
    private const int MostDimensions = 3;

    private static readonly RefusalCode TiersInvalid = new("tiers_invalid", 422);
    private static readonly RefusalCode MatrixIncomplete = new("matrix_incomplete", 422);
    private static readonly RefusalCode Negative = new("amount_negative", 422);
    private static readonly RefusalCode TooHigh = new("price_too_high", 422);

    /// <param name="wire">What was written.</param>
    /// <param name="param">Where it stands: <c>keys[0].charge</c>.</param>
    /// <exception cref="Refusal"><c>tiers_invalid</c> with the index, <c>matrix_incomplete</c>, <c>amount_negative</c>, <c>price_too_high</c>, <c>unprocessable</c>.</exception>
    public static ChargeModel Read(this ChargeWire wire, string param) => wire.Model switch
    {
        "unit" => new UnitCharge(new Price(Picos(wire.Amount, $"{param}.amount"), Positive(wire.Per ?? 1, $"{param}.per"))),
        "package" => new PackageCharge(Picos(wire.Amount, $"{param}.amount"), Positive(wire.Size ?? 0, $"{param}.size"), NotNegative(wire.Free ?? 0, $"{param}.free")),
        "graduated" => new GraduatedCharge(Tiers(wire, param), Positive(wire.Per ?? 1, $"{param}.per")),
        "volume" => new VolumeCharge(Tiers(wire, param), Positive(wire.Per ?? 1, $"{param}.per")),
        "flat" => new FlatCharge(Picos(wire.Amount, $"{param}.amount"), wire.Prorated ?? false),
        "percentage" => Percentage(wire, param),
        "matrix" => Matrix(wire, param),
        _ => throw new Refusal(RefusalCode.Unprocessable, $"'{wire.Model}' is no charge model. There are unit, package, graduated, volume, flat, percentage and matrix.") { Param = $"{param}.model" },
    };

    private static List<Tier> Tiers(ChargeWire wire, string param)
    {
        var tiers = new List<Tier>();
        var begin = 0L;
        foreach (var (at, tier) in (wire.Tiers ?? []).Index())
        {
            var isLast = at == wire.Tiers!.Count - 1; // it is walked through
            if ((tier.From ?? begin) != begin || (isLast ? tier.UpTo is not null : tier.UpTo is null || tier.UpTo <= begin))
            {
                throw Invalid(param, at, isLast && tier.UpTo is not null
                    ? "the last tier must be open: leave out upTo"
                    : $"it must begin at {begin}, where the one before ends, and end above that");
            }

            tiers.Add(new Tier(tier.UpTo, Picos(tier.Amount, $"{param}.tiers[{at}].amount"), tier.Flat is null ? 0 : Picos(tier.Flat, $"{param}.tiers[{at}].flat")));
            begin = tier.UpTo ?? begin;
        }

        return tiers.Count > 0 ? tiers : throw Invalid(param, 0, "there must be at least one tier");
    }

    private static PercentageCharge Percentage(ChargeWire wire, string param)
    {
        var share = Picos(wire.Percent, $"{param}.percent");
        var least = wire.Min is null ? 0 : Picos(wire.Min, $"{param}.min");
        Int128? most = wire.Max is null ? null : Picos(wire.Max, $"{param}.max");
        return share > PercentageCharge.Whole || most < least
            ? throw new Refusal(RefusalCode.Unprocessable, "A share is at most 100 per cent, and its minimum not above its maximum.") { Param = param }
            : new PercentageCharge((long)share, wire.Fixed is null ? 0 : Picos(wire.Fixed, $"{param}.fixed"), least, most);
    }

    private static MatrixCharge Matrix(ChargeWire wire, string param)
    {
        var dimensions = wire.Dimensions ?? new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        if (dimensions.Count is 0 or > MostDimensions || dimensions.Values.Any(values => values.Count == 0 || !values.All(PriceLine.IsWord)))
        {
            throw new Refusal(RefusalCode.Unprocessable, "A matrix has one to three dimensions with their values: letters, digits, points, dashes and underscores.") { Param = $"{param}.dimensions" };
        }

        var per = Positive(wire.Per ?? 1, $"{param}.per");
        var cells = new Dictionary<string, Price>(StringComparer.Ordinal);
        foreach (var (at, cell) in (wire.Cells ?? []).Index())
        {
            cells[string.Join(',', cell.At)] = new Price(Picos(cell.Amount, $"{param}.cells[{at}].amount"), per);
        }

        IEnumerable<string> wanted = [""];
        wanted = dimensions.Values.Aggregate(wanted, (before, values) => before.SelectMany(left => values.Select(value => left.Length == 0 ? value : $"{left},{value}")));
        var all = wanted.ToHashSet(StringComparer.Ordinal);
        return all.SetEquals(cells.Keys)
            ? new MatrixCharge([.. dimensions.Keys], cells)
            : throw new Refusal(MatrixIncomplete, $"Each combination of values needs one cell: {string.Join("; ", all.Except(cells.Keys, StringComparer.Ordinal).Concat(cells.Keys.Except(all, StringComparer.Ordinal)).Take(5))}.") { Param = $"{param}.cells" };
    }

    private static Refusal Invalid(string param, int at, string what) => new(TiersInvalid, $"Tier {at} is not valid: {what}.")
    {
        Param = $"{param}.tiers[{at}]",
        Details = new Dictionary<string, object?>(StringComparer.Ordinal) { ["index"] = at },
    };

    private static Int128 Picos(AmountText? amount, string param)
    {
        var read = Amounts.Read(amount?.Text, param);
        if (read.Picos < 0)
        {
            throw new Refusal(Negative, $"A price cannot be negative: {read}. For what costs nothing give 0.") { Param = param };
        }

        return read <= Prices.Highest ? read.Picos : throw new Refusal(TooHigh, $"{read} is above the highest price, {Prices.Highest}.") { Param = param };
    }

    private static long Positive(long value, string param) =>
        value > 0 ? value : throw new Refusal(RefusalCode.Unprocessable, "Give a whole number above 0.") { Param = param };

    private static long NotNegative(long value, string param) =>
        value >= 0 ? value : throw new Refusal(RefusalCode.Unprocessable, "Give a whole number, 0 or above.") { Param = param };
}
