using System.Diagnostics;
using System.Globalization;
using System.Numerics;
using CsCheck;
using Lodestone.Billing;

namespace Lodestone.Tests.Billing.Rates;

/// <summary>
/// Random histories against the oracle: late and doubled events, amended and voided ones, bounds crossed, prices changed, months
/// and zones. <c>scripts/oracle-billing</c> runs as many as one likes.
/// </summary>
[NoDatabase]
public sealed class RatingHistoriesTests
{
    private static readonly long Histories = Setting("LODESTONE_ORACLE_HISTORIES") ?? 100_000;
    private static readonly long Variations = Setting("LODESTONE_METAMORPHIC_HISTORIES") ?? 5_000;
    private static readonly int Seconds = (int)(Setting("LODESTONE_ORACLE_SECONDS") ?? -1);

    [Fact]
    public void Rating_agrees_with_the_oracle_to_the_pico_on_every_history()
    {
        var (watch, histories, events) = (Stopwatch.StartNew(), 0L, 0L);

        RatingHistory.Any.Sample(
            h =>
            {
                Agree(h.Customer, h.Prices, h.History);
                Interlocked.Increment(ref histories);
                Interlocked.Add(ref events, h.History.Length);
            },
            iter: Histories,
            time: Seconds);

        TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{histories:N0} histories with {events:N0} happenings agree, in {watch.Elapsed.TotalSeconds:N0} s"));
    }

    [Fact]
    public void The_order_of_arrival_changes_no_amount() => Gen.Select(RatingHistory.Any, Gen.Int).Sample(
        (h, seed) =>
        {
            var used = h.History.OfType<Used>().DistinctBy(u => u.Key).ToArray();
            var shuffled = used.ToArray();
            new Random(seed).Shuffle(shuffled);

            Same(h, used, shuffled);
        },
        iter: Variations);

    [Fact]
    public void One_event_in_two_parts_costs_what_it_does_as_a_whole() => RatingHistory.Any.Sample(
        h =>
        {
            var used = h.History.OfType<Used>().DistinctBy(u => u.Key).Where(_ => !HasShares(h.Prices)).ToArray();
            var parts = used.SelectMany(u => new[] { u with { Quantity = u.Quantity / 3 }, u with { Key = u.Key + "b", Quantity = u.Quantity - (u.Quantity / 3) } }).ToArray();

            Same(h, used, parts);
        },
        iter: Variations);

    [Fact]
    public void Duplicates_and_what_is_taken_back_whole_cost_nothing() => RatingHistory.Any.Sample(
        h =>
        {
            var used = h.History.OfType<Used>().DistinctBy(u => u.Key).ToArray();
            Happening[] more = [.. used.SelectMany(u => new Happening[] { u, u with { Quantity = u.Quantity + 1 }, new Amended(u.Key, 5), new Amended(u.Key, u.Quantity) })];

            Same(h, used, more);
        },
        iter: Variations);

    private static void Agree(Customer customer, PoolPrice[] prices, Happening[] history)
    {
        var rated = new RatedHistory(customer, prices).Live(history);
        var expected = RatingOracle.Costs(prices, customer.Zone, history);
        var actual = rated.Costs();

        foreach (var key in expected.Keys.Union(actual.Keys))
        {
            var (mine, theirs) = (actual.GetValueOrDefault(key), expected.GetValueOrDefault(key));
            Assert.True(((BigInteger)mine.Quantity, (BigInteger)mine.Picos) == theirs, $"{key}: rated {mine}, the oracle has {theirs}");
        }

        foreach (var (price, total) in rated.Totals)
        {
            var charge = prices[price].Version.ChargeOf(PriceLine.Parse(total.Class), total.Month);
            var sum = actual.GetValueOrDefault((price, total.Class, (total.Month.Year * 12) + total.Month.Month - 1));
            Assert.True(charge is PercentageCharge || (sum.Picos == charge.Total(total.Quantity) && sum.Quantity == total.Quantity), $"{total.Class}: {sum} is not A({total.Quantity})");
        }

        Assert.All(rated.Rows, r => Assert.Equal(r.Row.List, r.Row.Amount));
    }

    private static void Same((Customer Customer, PoolPrice[] Prices, Happening[] History) h, IEnumerable<Happening> first, IEnumerable<Happening> second)
    {
        var left = new RatedHistory(h.Customer, h.Prices).Live(first).Costs();
        var right = new RatedHistory(h.Customer, h.Prices).Live(second).Costs();

        Assert.Equal(left.Where(l => l.Value != default).OrderBy(l => l.Key), right.Where(r => r.Value != default).OrderBy(r => r.Key));
    }

    private static bool HasShares(PoolPrice[] prices) => prices.Any(p => p.Rules.Any(r => r.Kind is "percentage"));

    private static long? Setting(string name) => long.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;
}
