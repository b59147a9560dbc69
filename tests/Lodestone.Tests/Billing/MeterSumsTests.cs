using System.Globalization;
using System.Numerics;
using CsCheck;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing;

/// <summary>Every aggregation against one that keeps all events in a list and looks at each minute.</summary>
[NoDatabase]
public sealed class MeterSumsTests
{
    private const int Minutes = 6 * 24 * 60;

    // Around the days on which Berlin's and New York's clocks change.
    private static readonly DateTimeOffset[] Begins = [new(2026, 3, 27, 20, 0, 0, TimeSpan.Zero), new(2026, 10, 29, 22, 0, 0, TimeSpan.Zero), new(2028, 2, 27, 1, 0, 0, TimeSpan.Zero)];

    private static readonly string[] Zones = ["Etc/UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"];

    private static readonly Gen<(int Minute, long Quantity, int Group)[]> Events =
        Gen.Select(Gen.Int[0, Minutes - 1], Gen.Frequency((1, Gen.Const(0L)), (4, Gen.Long[0, 9]), (2, Gen.Long[0, 2_000_000_000])), Gen.Int[0, 2], (minute, quantity, group) => (minute, quantity, group)).Array[0, 25];

    [Theory]
    [InlineData("Sum")]
    [InlineData("Count")]
    [InlineData("Max")]
    [InlineData("Latest")]
    [InlineData("Unique")]
    [InlineData("WeightedSum")]
    [InlineData("Avg")]
    public void Quantities_become_what_a_slow_look_at_all_events_makes_of_them(string aggregation) =>
        Gen.Select(Events, Gen.Int[0, Begins.Length - 1], Gen.Int[0, Zones.Length - 1], Gen.Int[0, 3], Gen.Bool).Sample(
            (events, begin, zone, window, isGrouped) =>
            {
                var kind = Enum.Parse<Aggregation>(aggregation);
                var ordered = events.OrderBy(e => e.Minute).ToArray();
                var (start, end) = (Begins[begin], Begins[begin].AddMinutes(Minutes + 90));
                var customer = new Customer { Id = Guid.Empty, Currency = Currency.Usd, TimeZone = Zones[zone], Funding = Funding.Prepaid, CreatedAt = start };
                var name = new[] { null, "hour", "day", "month" }[window];
                var sums = new MeterSums([Meter(kind)], isGrouped ? ["group"] : [], [], name, customer);
                foreach (var (minute, quantity, group) in ordered)
                {
                    sums.Add(start.AddMinutes(minute), path => path == "value" ? quantity.ToString(CultureInfo.InvariantCulture) : $"g{group}");
                }

                var actual = sums.Rows(end).Select(r => $"{r.Start} {string.Join(',', r.Group.Values)} {r.Value}").Order(StringComparer.Ordinal);

                Assert.Equal(Slow(kind, [.. ordered.Select(e => (start.AddMinutes(e.Minute), e.Quantity, isGrouped ? $"g{e.Group}" : ""))], name, customer.Zone, end), actual);
            },
            iter: aggregation == "WeightedSum" ? 60 : 600);

    private static IEnumerable<string> Slow(Aggregation kind, IReadOnlyList<(DateTimeOffset At, long Quantity, string Group)> events, string? window, TimeZoneInfo zone, DateTimeOffset end)
    {
        var windows = new Dictionary<string, string>(StringComparer.Ordinal); // by what their minutes have in common
        if (kind is Aggregation.WeightedSum)
        {
            var held = new Dictionary<(string Window, string Group), BigInteger>();
            foreach (var group in events.Select(e => e.Group).Distinct())
            {
                for (var at = events.First(e => e.Group == group).At; at < end; at = at.AddMinutes(1))
                {
                    var key = (WindowOf(at, window, zone, windows), group);
                    held[key] = held.GetValueOrDefault(key) + (60 * (BigInteger)events.Last(e => e.Group == group && e.At <= at).Quantity);
                }
            }

            return held.Select(h => $"{h.Key.Window} {h.Key.Group} {h.Value}").Order(StringComparer.Ordinal);
        }

        return events.GroupBy(e => (Window: WindowOf(e.At, window, zone, windows), e.Group)).Select(g => $"{g.Key.Window} {g.Key.Group} {Value(kind, [.. g.Select(e => e.Quantity)])}").Order(StringComparer.Ordinal);
    }

    private static BigInteger Value(Aggregation kind, IReadOnlyList<long> quantities)
    {
        var sum = quantities.Aggregate(BigInteger.Zero, (total, q) => total + q);
        return kind switch
        {
            Aggregation.Sum => sum,
            Aggregation.Count => quantities.Count,
            Aggregation.Max => quantities.Max(),
            Aggregation.Latest => quantities[^1],
            Aggregation.Unique => quantities.Distinct().Count(),
            _ => Nearest(sum, quantities.Count),
        };
    }

    // The whole number that is nearest, of two the even one.
    private static BigInteger Nearest(BigInteger sum, int count) =>
        new[] { sum / count, (sum / count) + 1 }.OrderBy(w => BigInteger.Abs((w * count) - sum)).ThenBy(w => !w.IsEven).First();

    // The first minute that has the same hour, local day or month.
    private static string WindowOf(DateTimeOffset at, string? window, TimeZoneInfo zone, Dictionary<string, string> known)
    {
        if (window is null)
        {
            return "";
        }

        var label = Label(at);
        if (!known.TryGetValue(label, out var begins))
        {
            var first = at;
            while (Label(first.AddMinutes(-1)) == label)
            {
                first = first.AddMinutes(-1);
            }

            known[label] = begins = Instants.ToWire(first);
        }

        return begins;

        string Label(DateTimeOffset instant) => window == "hour"
            ? instant.UtcDateTime.ToString("yyyy-MM-dd HH", CultureInfo.InvariantCulture)
            : TimeZoneInfo.ConvertTime(instant, zone).ToString(window == "day" ? "yyyy-MM-dd" : "yyyy-MM", CultureInfo.InvariantCulture);
    }

    private static MeterVersion Meter(Aggregation kind) => new()
    {
        Id = Guid.Empty, Slug = "tested", Version = 1, EventType = "tested", Aggregation = kind, ValuePath = "value", GroupBy = """["group"]""", Filter = "{}", Unit = "units",
        Class = "tested", StartsAt = DateTimeOffset.UnixEpoch, CreatedAt = DateTimeOffset.UnixEpoch, CreatedBy = Guid.Empty,
    };
}
