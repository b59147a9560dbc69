using FsCheck;
using FsCheck.Fluent;
using Lodestone.Billing;

namespace Lodestone.Tests.Billing;

[NoDatabase]
public sealed class PriceTests
{
    private const long Million = 1_000_000;

    // Prices with and without fractions of a pico per token, up to the highest that may be published.
    private static readonly Arbitrary<Price> Prices = Gen.Choose(0, int.MaxValue)
        .SelectMany(coarse => Gen.Choose(0, int.MaxValue).Select(fine => new Price(((Int128)coarse * 465_661_287) + fine, Million)))
        .ToArbitrary();

    private static readonly Arbitrary<int[]> Quantities = Gen.ArrayOf(Gen.Choose(0, 200_000)).ToArbitrary();

    [Fact]
    public void The_worked_example_comes_to_the_pico()
    {
        var input = new Price(2 * (Int128)1_000_000_000_000, Million);
        var output = new Price(8 * (Int128)1_000_000_000_000, Million);

        Assert.Equal(468_000_000, input.Charge(0, 234));
        Assert.Equal(4_536_000_000, output.Charge(0, 567));
    }

    [Theory]
    [InlineData(5, 10, 1, 0)] // 0.5 goes down to the even 0
    [InlineData(5, 10, 3, 2)] // 1.5 up to the even 2
    [InlineData(5, 10, 5, 2)] // 2.5 down to the even 2
    [InlineData(6, 10, 1, 1)]
    [InlineData(4, 10, 1, 0)]
    [InlineData(1, 3, 2, 1)]
    public void A_total_is_rounded_half_to_even(long picos, long perQuantity, long quantity, long total) =>
        Assert.Equal(total, new Price(picos, perQuantity).Total(quantity));

    [Fact]
    public void The_charges_of_a_period_add_up_to_its_total() => Check.QuickThrowOnFailure(Prop.ForAll(Prices, Quantities, (price, quantities) =>
    {
        var (sum, before) = ((Int128)0, 0L);
        foreach (var quantity in quantities)
        {
            sum += price.Charge(before, quantity);
            before += quantity;
        }

        return sum == price.Total(before);
    }));

    [Fact]
    public void The_order_of_events_does_not_change_what_a_period_costs() => Check.QuickThrowOnFailure(Prop.ForAll(Prices, Quantities, (price, quantities) =>
        Charge(price, quantities) == Charge(price, [.. quantities.Order()]) && Charge(price, quantities) == Charge(price, [.. quantities.Reverse()])));

    [Fact]
    public void A_charge_is_never_negative_nor_above_what_is_held_for_it() => Check.QuickThrowOnFailure(Prop.ForAll(Prices, Quantities, (price, quantities) =>
    {
        var before = 0L;
        foreach (var quantity in quantities)
        {
            var charge = price.Charge(before, quantity);
            if (charge < 0 || charge > price.AtMost(quantity))
            {
                return false;
            }

            before += quantity;
        }

        return true;
    }));

    [Fact]
    public void Rounding_never_exceeds_the_hold_where_fractions_are_largest()
    {
        foreach (var perQuantity in new[] { 1L, 2, 3, 7, 10 })
        {
            foreach (var (picos, before, quantity) in from p in Enumerable.Range(0, 25) from b in Enumerable.Range(0, 25) from q in Enumerable.Range(0, 25) select (p, b, q))
            {
                var price = new Price(picos, perQuantity);

                Assert.InRange(price.Charge(before, quantity), 0, price.AtMost(quantity));
            }
        }
    }

    [Fact]
    public void What_costs_nothing_holds_nothing() => Assert.Equal(0, new Price(0, Million).AtMost(500));

    private static Int128 Charge(Price price, IEnumerable<int> quantities)
    {
        var (sum, before) = ((Int128)0, 0L);
        foreach (var quantity in quantities)
        {
            sum += price.Charge(before, quantity);
            before += quantity;
        }

        return sum;
    }
}
