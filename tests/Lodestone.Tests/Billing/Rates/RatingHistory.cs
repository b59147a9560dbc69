using System.Globalization;
using System.Text.Json;
using CsCheck;
using Lodestone.Billing;

namespace Lodestone.Tests.Billing.Rates;

/// <summary>Something that happens to what was used.</summary>
internal abstract record Happening(string Key);

internal sealed record Used(string Key, DateTimeOffset At, string Class, string? Region, string Size, long Quantity) : Happening(Key);

internal sealed record Amended(string Key, long Quantity) : Happening(Key);

internal sealed record Voided(string Key) : Happening(Key);

/// <summary>A charge in plain numbers.</summary>
/// <param name="Amounts">Picos: of each tier; of a percentage its share, what is fixed, least and most.</param>
/// <param name="Bounds">Where tiers end, all but the last.</param>
internal sealed record Rule(
    string Class, string? Region, string Kind, IReadOnlyList<System.Numerics.BigInteger> Amounts, IReadOnlyList<long> Bounds, IReadOnlyList<System.Numerics.BigInteger> Flats, long Per, long Size, long Free, bool IsProrated);

/// <summary>A price twice: in plain numbers for the oracle, and as the product reads it.</summary>
internal sealed record PoolPrice(DateTimeOffset From, IReadOnlyList<Rule> Rules, PriceVersion Version);

/// <summary>Random prices and histories. All prices of a run come from one pool, which is made once: reading them costs more than rating.</summary>
internal static class RatingHistory
{
    public static readonly string[] Classes = ["input", "input_cached", "output", "reasoning", "image_out"];

    private const int PoolSize = 4_000;
    private const int Days = 75;

    private static readonly DateTimeOffset Start = new(2027, 12, 20, 0, 0, 0, TimeSpan.Zero); // a leap February lies within
    private static readonly string[] Sizes = ["s", "l"];
    private static readonly string[] Zones = ["Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "Australia/Lord_Howe"];
    private static readonly Lazy<PoolPrice[]> Pool = new(MakePool);

    public static IReadOnlyList<Customer> Customers { get; } =
        [.. Zones.Select(z => new Customer { Id = new Guid(z.Length, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]), Currency = Lodestone.Core.Currency.Usd, TimeZone = z, Funding = Funding.Prepaid, CreatedAt = Start })];

    /// <summary>A customer, prices in the order of their versions, and what happens, in the order of its arrival.</summary>
    public static Gen<(Customer Customer, PoolPrice[] Prices, Happening[] History)> Any { get; } = Gen.Select(
        Gen.Int[0, Zones.Length - 1],
        Gen.Int[0, PoolSize - 1].Array[1, 3],
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 9], Gen.Int[0, (Days * 24 * 60) - 1], Gen.Int[0, 19], Quantities()).Array[0, 30],
        (zone, prices, steps) => (Customers[zone], Array.ConvertAll(prices, p => Pool.Value[p]), Steps(steps)));

    private static Gen<long> Quantities() => Gen.Frequency((4, Gen.Long[0, 12]), (4, Gen.Long[0, 1_500]), (2, Gen.Long[0, 3_000_000]), (1, Gen.Long[0, 4_000_000_000_000]));

    private static Happening[] Steps((int Act, int Key, int Minute, int What, long Quantity)[] steps) => Array.ConvertAll<(int Act, int Key, int Minute, int What, long Quantity), Happening>(steps, step =>
    {
        var key = step.Key.ToString(CultureInfo.InvariantCulture);
        return step.Act switch
        {
            <= 6 => new Used(key, Start.AddMinutes(step.Minute), Classes[step.What % Classes.Length], step.What % 2 == 0 ? "eu" : null, Sizes[step.What / 10], step.Quantity),
            7 or 8 => new Amended(key, step.Quantity),
            _ => new Voided(key),
        };
    });

    private static PoolPrice[] MakePool()
    {
        var random = new Random(7);
        return [.. Enumerable.Range(1, PoolSize).Select(_ => MakePrice(random))];
    }

    private static PoolPrice MakePrice(Random random)
    {
        var from = Start.AddHours(random.Next(-100, Days * 24));
        var rules = new List<Rule>();
        foreach (var name in Classes.Where((name, at) => at is 0 or 2 || random.Next(2) == 0))
        {
            rules.Add(MakeRule(random, name, null));
            if (random.Next(4) == 0)
            {
                rules.Add(MakeRule(random, name, "eu"));
            }
        }

        var version = new PriceVersion
        {
            Id = new Guid(random.Next(), 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]),
            ProductId = Guid.Empty,
            Version = 1,
            Currency = Lodestone.Core.Currency.Usd,
            Input = default,
            Output = default,
            PerQuantity = PriceVersion.PerMillion,
            KeyText = JsonSerializer.Serialize(rules.ConvertAll(Wire), BillingJson.Default.IReadOnlyListKeyWire),
            EffectiveFrom = from,
            PublishedAt = from,
            PublishedBy = Guid.Empty,
            PublisherName = "",
            Reason = "",
        };
        Assert.Equal(rules.Count, version.Keys.Count);
        return new PoolPrice(from, rules, version);
    }

    private static Rule MakeRule(Random random, string name, string? region)
    {
        string[] kinds = ["unit", "package", "graduated", "volume", "flat", "percentage", "matrix", "graduated", "volume", "unit"];
        var kind = kinds[random.Next(kinds.Length)];
        var bounds = kind is "graduated" or "volume" ? Bounds(random) : [];
        var amounts = kind is "percentage" ? Share(random) : [.. Enumerable.Range(0, bounds.Count + 1).Select(_ => Amount(random))];
        var flats = amounts.ConvertAll(_ => random.Next(3) == 0 ? Amount(random) : 0);
        long[] pers = [1, 1, 3, 7, 1_000, 1_000_000];
        return new Rule(name, region, kind, amounts, bounds, flats, pers[random.Next(pers.Length)], random.Next(1, 40), random.Next(0, 30), random.Next(2) == 0);
    }

    private static List<long> Bounds(Random random)
    {
        var bounds = new SortedSet<long>();
        for (var i = random.Next(0, 4); i > 0; i--)
        {
            bounds.Add(random.Next(1, random.Next(2) == 0 ? 20 : 2_000));
        }

        return [.. bounds];
    }

    // The share's least is below its most.
    private static List<System.Numerics.BigInteger> Share(Random random)
    {
        var least = random.Next(3) == 0 ? random.Next(0, 40) : 0;
        return [random.NextInt64(0, 100_000_000_000_001), random.Next(0, 5), least, least + (random.Next(2) == 0 ? random.Next(0, 400) : 4_000_000_000_000_000)];
    }

    private static System.Numerics.BigInteger Amount(Random random) => random.Next(4) switch
    {
        0 => random.Next(0, 12),
        1 => random.Next(0, 2_000_000),
        _ => random.NextInt64(0, 30_000_000_000_000),
    };

    private static KeyWire Wire(Rule rule) => new(rule.Class, new ChargeWire(rule.Kind) switch
    {
        { Model: "unit" } c => c with { Amount = Text(rule.Amounts[0]), Per = rule.Per },
        { Model: "package" } c => c with { Amount = Text(rule.Amounts[0]), Size = rule.Size, Free = rule.Free },
        { Model: "flat" } c => c with { Amount = Text(rule.Amounts[0]), Prorated = rule.IsProrated },
        { Model: "percentage" } c => c with { Percent = Text(rule.Amounts[0]), Fixed = Text(rule.Amounts[1]), Min = Text(rule.Amounts[2]), Max = Text(rule.Amounts[3]) },
        { Model: "matrix" } c => c with
        {
            Per = rule.Per,
            Dimensions = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { ["size"] = Sizes },
            Cells = [.. Sizes.Select(s => new CellWire([s], Text(rule.Amounts[0])))],
        },
        var c => c with { Per = rule.Per, Tiers = [.. rule.Amounts.Select((amount, at) => new TierWire(at < rule.Bounds.Count ? rule.Bounds[at] : null, Text(amount), Text(rule.Flats[at])))] },
    }, rule.Region);

    private static AmountText Text(System.Numerics.BigInteger picos) => new(new Lodestone.Core.Money((Int128)picos, Lodestone.Core.Currency.Usd).ToString());
}
