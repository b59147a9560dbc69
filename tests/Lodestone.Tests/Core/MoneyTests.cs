using FsCheck;
using FsCheck.Fluent;
using Lodestone.Core;

namespace Lodestone.Tests.Core;

[NoDatabase]
public sealed class MoneyTests
{
    private static readonly Gen<Int128> Picos =
        from high in Gen.Choose(int.MinValue, int.MaxValue)
        from low in Gen.Choose(0, int.MaxValue)
        select ((Int128)high * int.MaxValue * 1000) + low;

    [Fact]
    public void The_stored_words_give_the_amount_back() =>
        Prop.ForAll(Picos.ToArbitrary(), picos =>
        {
            var money = new Money(picos, Currency.Usd);
            return Money.FromStored(money.Units, money.Remainder, Currency.Usd) == money && money.Remainder is >= 0 and < Money.PicosPerUnit;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void The_printed_amount_reads_back() =>
        Prop.ForAll(Picos.ToArbitrary(), picos =>
        {
            var money = new Money(picos, Currency.Usd);
            return Money.TryParse(money.ToString(), Currency.Usd, out var read) && read == money;
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("0.000002", 2_000_000)]
    [InlineData("12.5", 12_500_000_000_000)]
    [InlineData("-0.000000000001", -1)]
    [InlineData("3", 3_000_000_000_000)]
    public void A_decimal_is_read_exactly(string text, long picos)
    {
        Assert.True(Money.TryParse(text, Currency.Usd, out var money));
        Assert.Equal(picos, money.Picos);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("1e3")]
    [InlineData("1,000")]
    [InlineData("0.0000000000001")]
    [InlineData("1000000000000000")]
    [InlineData("+1")]
    public void Anything_but_a_plain_decimal_is_refused(string text) => Assert.False(Money.TryParse(text, Currency.Usd, out _));

    [Fact]
    public void Two_currencies_do_not_add_up() =>
        Assert.Throws<InvalidOperationException>(() => Money.Zero(Currency.Usd) + Money.Zero(new Currency("EUR")));
}
