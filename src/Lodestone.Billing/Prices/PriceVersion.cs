using System.Text.Json;
using System.Text.Json.Serialization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What a product costs from an instant on. Never changed: a new price is a new version.</summary>
internal sealed class PriceVersion
{
    public const long PerMillion = 1_000_000;

    private static readonly UnitCharge Nothing = new(new Price(0, 1));

    private IReadOnlyList<PriceKey>? _keys;

    public required Guid Id { get; init; }

    public required Guid ProductId { get; init; }

    /// <summary>1, 2, 3 … within the product; of two that take effect together, the later counts.</summary>
    public required long Version { get; init; }

    /// <summary>The book it stands in, by its slug.</summary>
    public string Book { get; init; } = PriceBook.List;

    /// <summary>The publication that brought it; absent for those that are older than publications.</summary>
    public Guid? PublicationId { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>For <see cref="PerQuantity"/> tokens; as <see cref="Output"/>, it counts where there are no <see cref="KeyText"/>.</summary>
    public required StoredMoney Input { get; init; }

    public required StoredMoney Output { get; init; }

    /// <summary>Tokens that <see cref="Input"/> and <see cref="Output"/> are for.</summary>
    public required long PerQuantity { get; init; }

    /// <summary>The keys as <see cref="KeyWire"/>s in JSON; absent where a unit price for input and one for output are all.</summary>
    public string? KeyText { get; init; }

    public required DateTimeOffset EffectiveFrom { get; init; }

    public required DateTimeOffset PublishedAt { get; init; }

    public required Guid PublishedBy { get; init; }

    public required string PublisherName { get; init; }

    public required string Reason { get; init; }

    public IReadOnlyList<PriceKey> Keys => _keys ??= [.. Wires.Select((key, at) => key.Read($"keys[{at}]"))]; // several may read them at once, to the same end

    /// <summary>The keys as they were written.</summary>
    public IReadOnlyList<KeyWire> Wires => KeyText is null
        ? [KeyWire.PerMillion(UsageClass.Input, Input.In(Currency)), KeyWire.PerMillion(UsageClass.Output, Output.In(Currency))]
        : JsonSerializer.Deserialize(KeyText, BillingJson.Default.IReadOnlyListKeyWire)!; // it was written as a list

    /// <summary>The line on which a use is rated; <see langword="null"/> where it has no price.</summary>
    /// <remarks>What is read from or written to a cache costs what input does, reasoning what output does, and an answer from a cache nothing, unless they have keys of their own.</remarks>
    /// <param name="usageClass">The class, or a line of it, as a correction names what it takes back.</param>
    /// <param name="dimensions">What else the price may depend on.</param>
    public PriceLine? LineOf(string usageClass, IReadOnlyDictionary<string, string> dimensions)
    {
        if (PriceLine.Parse(usageClass) is { IsPlain: false } named)
        {
            return KeyFor(named.Class, key => 0, key => key.Region == named.Region && key.Tier == named.Tier) is null ? null : named;
        }

        if (KeyFor(usageClass, key => key.Narrowness, key => key.Fits(key.Class, dimensions)) is not { } key)
        {
            return usageClass is UsageClass.CacheHit && Keys.Count > 0 ? new PriceLine(usageClass) : null;
        }

        var cell = (key.Charge as MatrixCharge)?.CellOf(dimensions);
        return key.Charge is MatrixCharge && cell is null ? null : new PriceLine(usageClass, key.Region, key.Tier, cell);
    }

    /// <summary>What chose the price of a line that was rated here.</summary>
    public IReadOnlyDictionary<string, string> DimensionsOf(PriceLine line)
    {
        var matrix = KeyFor(line.Class, key => 0, key => key.Region == line.Region && key.Tier == line.Tier)?.Charge as MatrixCharge;
        IEnumerable<(string Name, string? Value)> all = [("region", line.Region), ("tier", line.Tier), .. (matrix?.Dimensions ?? []).Zip((line.Cell ?? "").Split(','))];
        return all.Where(d => d.Value is not null).DistinctBy(d => d.Name, StringComparer.Ordinal).ToDictionary(d => d.Name, d => d.Value!, StringComparer.Ordinal); // those without a value are left out
    }

    /// <summary>How a line is charged in a month.</summary>
    public ChargeModel ChargeOf(PriceLine line, DateOnly month)
    {
        if (KeyFor(line.Class, key => 0, key => key.Region == line.Region && key.Tier == line.Tier) is not { } key)
        {
            return line.Class is UsageClass.CacheHit ? Nothing : throw new InvalidOperationException($"Price version {Id} has no price for {line}.");
        }

        return key.Charge switch
        {
            MatrixCharge matrix => matrix.At(line.Cell ?? ""),
            FlatCharge { IsProrated: true } flat => Prorated(flat, month),
            var charge => charge,
        };
    }

    /// <summary>What a call with these tokens costs at the very most; <see langword="null"/> where one of the classes has no price.</summary>
    public Money? AtMost(long inputTokens, long outputTokens) =>
        MostOf(UsageClass.Input, inputTokens) + MostOf(UsageClass.Output, outputTokens) is { } picos ? new Money(picos, Currency) : null;

    private Int128? MostOf(string usageClass, long quantity) => quantity == 0
        ? 0
        : KeyFor(usageClass, key => 0, key => key is { Narrowness: 0, Charge: not MatrixCharge })?.Charge.AtMost(quantity);

    private PriceKey? KeyFor(string usageClass, Func<PriceKey, int> rank, Func<PriceKey, bool> fits) =>
        Keys.Where(k => k.Class == usageClass && fits(k)).MaxBy(rank)
        ?? Keys.Where(k => k.Class == StandIn(usageClass) && fits(k)).MaxBy(rank);

    private static string? StandIn(string usageClass) => usageClass switch
    {
        UsageClass.InputCached or UsageClass.CacheWrite => UsageClass.Input,
        UsageClass.Reasoning => UsageClass.Output,
        _ => null,
    };

    private FlatCharge Prorated(FlatCharge flat, DateOnly month)
    {
        var (end, from) = (month.AddMonths(1), Days.Of(EffectiveFrom));
        return flat.For(end.DayNumber - (from > month ? from : month).DayNumber, end.DayNumber - month.DayNumber);
    }
}

/// <summary>A key as programs write it, and as it is stored.</summary>
/// <param name="Class">Such as <c>input</c>, <c>output</c> or <c>byte_hours</c>.</param>
/// <param name="Region">Only for uses there.</param>
/// <param name="Tier">Only for that tier of service, such as <c>batch</c>.</param>
internal sealed record KeyWire(
    string? Class,
    ChargeWire? Charge,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Region = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Tier = null)
{
    /// <summary>A unit price for a million tokens.</summary>
    public static KeyWire PerMillion(string usageClass, Money amount) =>
        new(usageClass, new ChargeWire("unit", new AmountText(amount.ToString()), PriceVersion.PerMillion));

    /// <summary>What tells keys of a product apart.</summary>
    [JsonIgnore]
    public PriceLine Line => new(Class ?? "", Region, Tier);

    /// <exception cref="Refusal">See <see cref="ChargeReading"/>; <c>unprocessable</c> for names that cannot be.</exception>
    public PriceKey Read(string param) =>
        PriceLine.IsWord(Class) && (Region is null || PriceLine.IsWord(Region)) && (Tier is null || PriceLine.IsWord(Tier)) && Charge is not null
            ? new PriceKey(Class!, Region, Tier, Charge.Read($"{param}.charge")) // a word is there
            : throw new Refusal(RefusalCode.Unprocessable, "A key has a class, perhaps a region and a tier, all of letters, digits, points, dashes and underscores, and a charge.") { Param = param };
}

internal static class PriceQueries
{
    /// <summary>The versions of a product in a book that have taken effect, the one that counts first.</summary>
    public static IQueryable<PriceVersion> At(this IQueryable<PriceVersion> versions, Guid productId, DateTimeOffset time, string book = PriceBook.List) =>
        versions.Where(v => v.ProductId == productId && v.Book == book && v.EffectiveFrom <= time)
            .OrderByDescending(v => v.EffectiveFrom).ThenByDescending(v => v.Version);
}
