using FsCheck;
using FsCheck.Fluent;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing;

[NoDatabase]
public sealed class InvoiceRoundingTests
{
    [Theory]
    [InlineData("13.333333333333", "13.33", "0.003333333333")]
    [InlineData("0.005", "0.01", "-0.005")]
    [InlineData("-0.005", "0.00", "-0.005")]
    [InlineData("-12.345", "-12.34", "-0.005")]
    public void A_total_is_rounded_half_up_and_what_is_left_is_carried(string exact, string total, string carry)
    {
        var rounded = InvoiceRounding.Cut([BillingWorld.Usd(exact)], Money.Zero(Currency.Usd));

        Assert.Equal((total, carry), (MinorUnits.Text(rounded.Total), rounded.Carry.ToString()));
    }

    [Fact]
    public void Missing_units_go_to_the_largest_remainders_and_ties_to_the_first()
    {
        var rounded = InvoiceRounding.Cut([BillingWorld.Usd("1.004"), BillingWorld.Usd("1.006"), BillingWorld.Usd("1.006"), BillingWorld.Usd("-1.002")], BillingWorld.Usd("0.002"));

        Assert.Equal(["1.00", "1.01", "1.01", "-1.00"], rounded.Amounts.Select(MinorUnits.Text)); // 2.016: two units are missing, then a third
        Assert.Equal(("2.02", "-0.004"), (MinorUnits.Text(rounded.Total), rounded.Carry.ToString()));
    }

    [Fact]
    public void Whatever_the_lines_they_add_up_to_the_total_and_no_pico_is_lost_over_a_history_of_invoices()
    {
        var histories = Gen.Choose(-2_000_000_000, 2_000_000_000).Select(n => new Money((Int128)n * 7_777_777, Currency.Usd)).ArrayOf(6).ArrayOf(8).ToArbitrary();

        Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll(histories, invoices =>
        {
            var (carry, billed, exact) = (Money.Zero(Currency.Usd), Money.Zero(Currency.Usd), Money.Zero(Currency.Usd));
            foreach (var lines in invoices)
            {
                var rounded = InvoiceRounding.Cut(lines, carry);
                Assert.Equal(rounded.Total, rounded.Amounts.Aggregate(Money.Zero(Currency.Usd), (sum, line) => sum + line));
                Assert.All(rounded.Amounts.Zip(lines), pair => Assert.True(Int128.Abs((pair.First - pair.Second).Picos) < MinorUnits.Of(Currency.Usd)));
                Assert.True(Int128.Abs(rounded.Carry.Picos) * 2 <= MinorUnits.Of(Currency.Usd));
                (carry, billed) = (rounded.Carry, billed + rounded.Total);
                exact = lines.Aggregate(exact, (sum, line) => sum + line);
            }

            Assert.Equal(exact, billed + carry);
        }));
    }

    [Theory]
    [InlineData("USD", "1234.5", 123_450, "1234.50")]
    [InlineData("JPY", "1234", 1_234, "1234")]
    [InlineData("KWD", "1.25", 1_250, "1.250")]
    public void Amounts_are_counted_in_the_minor_units_of_their_currency(string code, string amount, long count, string text)
    {
        Assert.True(Money.TryParse(amount, new Currency(code), out var money));

        Assert.Equal((count, text, money), (MinorUnits.Count(money), MinorUnits.Text(money), MinorUnits.FromCount(count, new Currency(code))));
        Assert.Throws<InvalidOperationException>(() => MinorUnits.Count(money + new Money(1, new Currency(code))));
    }
}
