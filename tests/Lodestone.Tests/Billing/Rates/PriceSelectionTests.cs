using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing.Rates;

/// <summary>Which version and which key of it a use is charged by.</summary>
[NoDatabase]
public sealed class PriceSelectionTests
{
    private static readonly DateTimeOffset March = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Guid Product = new(1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);

    [Fact]
    public void The_last_version_of_the_products_book_that_has_taken_effect_counts()
    {
        PriceVersion[] all =
        [
            Version(1, March), Version(2, March.AddDays(1)), Version(3, March.AddDays(1)), Version(4, March.AddDays(2)),
            Version(5, March, product: Guid.Empty), Version(6, March, book: "acme"),
        ];

        Assert.Equal([3, 2, 1], all.AsQueryable().At(Product, March.AddDays(1)).Select(v => v.Version));
        Assert.Equal([1], all.AsQueryable().At(Product, March.AddDays(1).AddMicroseconds(-1)).Select(v => v.Version));
        Assert.Equal([6], all.AsQueryable().At(Product, March, "acme").Select(v => v.Version));
        Assert.Equal([5], all.AsQueryable().At(Guid.Empty, March).Select(v => v.Version));
    }

    [Fact]
    public void A_line_is_of_its_own_region_and_tier_and_of_no_other()
    {
        var price = Version(1, March, keys: """
            [{"class":"input","region":"eu","charge":{"model":"unit","amount":"1"}},
             {"class":"input","tier":"batch","charge":{"model":"unit","amount":"2"}},
             {"class":"image_out","region":"eu","charge":{"model":"matrix","dimensions":{"size":["s"]},"cells":[{"at":["s"],"amount":"5"}]}}]
            """);
        var none = new Dictionary<string, string>(StringComparer.Ordinal);

        Assert.Equal((null, null, "input@eu", "input+batch"), (Line("input@eu+batch"), Line("input@us"), Line("input@eu"), Line("input+batch")));
        Assert.Equal(["region"], price.DimensionsOf(new PriceLine("image_out", "eu", "batch", "s")).Keys.Except(["tier"]));
        Assert.Equal(["region", "size"], price.DimensionsOf(new PriceLine("image_out", "eu", null, "s")).Keys.Order());
        Assert.Throws<InvalidOperationException>(() => price.ChargeOf(PriceLine.Parse("input@eu+batch"), new DateOnly(2026, 3, 1)));
        Assert.Equal("cache_hit", price.LineOf("cache_hit", none)?.ToString());
        Assert.Null(Version(1, March, keys: "[]").LineOf("cache_hit", none));

        string? Line(string name) => price.LineOf(name, none)?.ToString();
    }

    [Theory]
    [InlineData("in put", null, null)]
    [InlineData("input", "e u", null)]
    [InlineData("input", null, "b c")]
    [InlineData("input", "e u", "batch")]
    [InlineData(null, null, null)]
    public void Keys_that_cannot_stand_in_lines_are_refused(string? usageClass, string? region, string? tier) => Assert.Equal(
        "unprocessable", Assert.Throws<Refusal>(() => new KeyWire(usageClass, new ChargeWire("unit", new AmountText("1"), 1), region, tier).Read("keys[0]")).Code.Code);

    [Fact]
    public void A_key_without_a_charge_is_refused() => Assert.Equal("unprocessable", Assert.Throws<Refusal>(() => new KeyWire("input", null).Read("keys[0]")).Code.Code);

    private static PriceVersion Version(long number, DateTimeOffset from, Guid? product = null, string book = PriceBook.List, string? keys = null) => new()
    {
        Id = Guid.Empty, ProductId = product ?? Product, Version = number, Book = book, Currency = Currency.Usd, Input = default, Output = default, PerQuantity = PriceVersion.PerMillion,
        KeyText = keys ?? "[]", EffectiveFrom = from, PublishedAt = default, PublishedBy = Guid.Empty, PublisherName = "", Reason = "",
    };
}
