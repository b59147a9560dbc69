using Lodestone.Core;
using Lodestone.Ui;

namespace Lodestone.Tests.Ui;

[NoDatabase]
public sealed class ReadableTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 26, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(1000, "1K")]
    [InlineData(1234, "1.23K")]
    [InlineData(12_345, "12.3K")]
    [InlineData(999_499, "999K")]
    [InlineData(999_500, "1M")]
    [InlineData(3_150_000, "3.15M")]
    [InlineData(-1500, "−1.5K")]
    [InlineData(long.MaxValue, "9223Q")]
    public void A_count_has_three_digits(long value, string text) => Assert.Equal(text, Readable.Count(value));

    [Theory]
    [InlineData(0, "0 bytes")]
    [InlineData(1, "1 byte")]
    [InlineData(6_304_256, "6.3 MB")]
    [InlineData(1_500_000_000, "1.5 GB")]
    public void Bytes_are_counted_in_powers_of_ten(long value, string text) => Assert.Equal(text, Readable.Bytes(value));

    [Theory]
    [InlineData("12.4", "$12.40")]
    [InlineData("0", "$0.00")]
    [InlineData("1234567.891", "$1,234,567.89")]
    [InlineData("0.999", "$1.00")]
    [InlineData("0.1", "$0.10")]
    [InlineData("0.0152", "$0.015")]
    [InlineData("0.005204", "$0.0052")]
    [InlineData("0.0999", "$0.10")]
    [InlineData("0.000000000001", "$0.000000000001")]
    [InlineData("-3", "−$3.00")]
    public void An_amount_shows_what_matters_of_it(string exact, string text)
    {
        Assert.True(Money.TryParse(exact, Currency.Usd, out var money));

        Assert.Equal(text, Readable.Amount(money));
    }

    [Theory]
    [InlineData(0, "just now")]
    [InlineData(60, "1 minute ago")]
    [InlineData(7199, "1 hour ago")]
    [InlineData(86_400 * 3, "3 days ago")]
    [InlineData(86_400 * 40, "17 Oct 2026")]
    [InlineData(-30, "in a moment")]
    [InlineData(-7200, "in 2 hours")]
    public void A_moment_is_told_by_its_distance(int secondsAgo, string text) => Assert.Equal(text, Readable.Ago(Now.AddSeconds(-secondsAgo), Now));
}
