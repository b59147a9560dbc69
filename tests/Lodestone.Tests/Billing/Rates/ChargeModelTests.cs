using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing.Rates;

/// <summary>Charge models by examples worked out by hand.</summary>
[NoDatabase]
public sealed class ChargeModelTests
{
    private static readonly Dictionary<string, string> Nowhere = new(StringComparer.Ordinal);

    [Fact]
    public void The_worked_example_with_cached_input_comes_to_the_pico()
    {
        var price = Version("""
            [{"class":"input","charge":{"model":"unit","amount":"2.00","per":1000000}},
             {"class":"input_cached","charge":{"model":"unit","amount":"0.20","per":1000000}},
             {"class":"output","charge":{"model":"unit","amount":"8.00","per":1000000}}]
            """);
        var usage = new RatableUsage(Guid.Empty, Guid.Empty, Guid.Empty, Guid.Empty, price.EffectiveFrom, [("input", 234), ("input_cached", 1_000), ("output", 567)]);

        var rows = Rating.Rate([], usage, new DateOnly(2028, 1, 5), price, new FreePart(0), AccountTerms.None);

        Assert.Equal([468_000_000, 200_000_000, 4_536_000_000], rows.Select(r => (long)r.List.In(r.Currency).Picos));
        Assert.Equal("0.005204", rows.Aggregate(Money.Zero(Currency.Usd), (sum, r) => sum + r.Amount.In(r.Currency)).ToString());
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "5")]
    [InlineData(5, "25")] // exactly on the bound: the lower tier
    [InlineData(6, "29")]
    [InlineData(10, "45")]
    [InlineData(20, "75")]
    public void Graduated_prices_charge_each_part_by_its_tier(long quantity, string amount) => // 5 each to 5, 4 each to 10, 3 each above
        Assert.Equal(amount, Cost("""{"model":"graduated","tiers":[{"upTo":5,"amount":"5"},{"upTo":10,"amount":"4"},{"amount":"3"}]}""", quantity));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "5")]
    [InlineData(5, "25")]
    [InlineData(6, "24")]
    [InlineData(10, "40")]
    [InlineData(20, "60")]
    public void Volume_prices_charge_all_by_the_tier_that_holds_it(long quantity, string amount) =>
        Assert.Equal(amount, Cost("""{"model":"volume","tiers":[{"upTo":5,"amount":"5"},{"upTo":10,"amount":"4"},{"amount":"3"}]}""", quantity));

    [Theory]
    [InlineData("graduated", 1, "11")]
    [InlineData("graduated", 5, "15")]
    [InlineData("graduated", 6, "25.5")] // the second tier's flat amount comes on top
    [InlineData("volume", 5, "15")]
    [InlineData("volume", 6, "13")] // and takes the first's place
    public void Flat_amounts_of_tiers_are_for_each_one_entered_or_for_the_one_it_is(string model, long quantity, string amount) =>
        Assert.Equal(amount, Cost($$"""{"model":"{{model}}","tiers":[{"upTo":5,"amount":"1","flat":"10"},{"amount":"0.5","flat":"10"}]}""", quantity));

    [Theory]
    [InlineData(100, "0")]
    [InlineData(101, "2.5")]
    [InlineData(110, "2.5")]
    [InlineData(111, "5")]
    public void Packages_are_sold_whole_after_what_is_free(long quantity, string amount) =>
        Assert.Equal(amount, Cost("""{"model":"package","amount":"2.5","size":10,"free":100}""", quantity));

    [Theory]
    [InlineData(10_000_000_000_000, "0.59")] // 2.9 % of 10 and 0.30
    [InlineData(1_000_000_000_000, "0.5")] // not below the least
    [InlineData(1_000_000_000_000_000, "15")] // not above the most
    [InlineData(-10_000_000_000_000, "-0.59")]
    [InlineData(0, "0")]
    public void A_share_has_a_fixed_part_and_bounds_for_each_event(long picos, string amount) =>
        Assert.Equal(amount, Cost("""{"model":"percentage","percent":"2.9","fixed":"0.30","min":"0.50","max":"15"}""", picos));

    [Fact]
    public void A_flat_charge_is_for_the_period_also_for_nothing_and_prorated_by_days()
    {
        var charge = (FlatCharge)Charge("""{"model":"flat","amount":"31","prorated":true}""");

        Assert.Equal((31_000_000_000_000, 0), (charge.Charge(null, 0), charge.Charge(0, 5)));
        Assert.Equal(10_000_000_000_000, charge.For(10, 31).Charge(null, 7));
        Assert.Equal(31_000_000_000_000, new FlatCharge(31_000_000_000_000, IsProrated: false).For(10, 31).Picos);
    }

    [Fact]
    public void A_bound_that_is_crossed_is_a_row_of_its_own_and_the_total_goes_on_being_that_of_all()
    {
        var price = Version("""[{"class":"output","charge":{"model":"volume","tiers":[{"upTo":5,"amount":"5"},{"amount":"3"}]}}]""");
        List<RatingTotal> totals = [];

        var before = Rate(price, totals, 4);
        var across = Rate(price, totals, 2);
        var back = Rate(price, totals, -3);

        Assert.Equal([("output", 4L, "20")], before);
        Assert.Equal([("output", 2L, "6"), ("output:rerated", 0L, "-8")], across); // 6 at 3 each are 18
        Assert.Equal([("output", -3L, "-15"), ("output:rerated", 0L, "12")], back); // 3 at 5 each are 15
    }

    [Fact]
    public void A_first_event_and_one_that_takes_all_back_rerate_nothing_whatever_the_tiers()
    {
        var charge = (VolumeCharge)Charge("""{"model":"volume","tiers":[{"upTo":5,"amount":"5","flat":"1"},{"amount":"3","flat":"2"}]}""");

        Assert.Equal((0, 0, 0, 0), (charge.Rerated(0, 6), charge.Rerated(6, -6), charge.Rerated(-1, 7), charge.Rerated(6, -7)));
        Assert.Equal((0, 0), (charge.Rerated(1, 4), charge.Rerated(6, 9)));
        Assert.Equal((-9 * Money.PicosPerUnit, 11 * Money.PicosPerUnit), (charge.Rerated(5, 1), charge.Rerated(6, -1))); // 5 at two less each, 6 at two more; and the flat amounts
    }

    [Theory]
    [InlineData("""{"model":"unit","amount":"0.000000000005","per":3}""", 0, 0)]
    [InlineData("""{"model":"unit","amount":"0.000000000005","per":3}""", 2, 4)]
    [InlineData("""{"model":"unit","amount":"0.000000000006","per":3}""", 2, 4)]
    [InlineData("""{"model":"package","amount":"0.000000000007","size":10,"free":5}""", 0, 0)]
    [InlineData("""{"model":"package","amount":"0.000000000007","size":10,"free":5}""", 11, 14)]
    [InlineData("""{"model":"graduated","per":2,"tiers":[{"upTo":5,"amount":"0.000000000009","flat":"0.000000000100"},{"amount":"0.000000000004","flat":"0.000000000020"}]}""", 0, 0)]
    [InlineData("""{"model":"graduated","per":2,"tiers":[{"upTo":5,"amount":"0.000000000009","flat":"0.000000000100"},{"amount":"0.000000000004","flat":"0.000000000020"}]}""", 10, 166)]
    [InlineData("""{"model":"volume","per":2,"tiers":[{"upTo":5,"amount":"0.000000000004","flat":"0.000000000100"},{"upTo":9,"amount":"0.000000000009","flat":"0.000000000130"},{"amount":"0.000000000001"}]}""", 0, 0)]
    [InlineData("""{"model":"volume","per":2,"tiers":[{"upTo":5,"amount":"0.000000000004","flat":"0.000000000100"},{"upTo":9,"amount":"0.000000000009","flat":"0.000000000130"},{"amount":"0.000000000001"}]}""", 10, 189)]
    [InlineData("""{"model":"flat","amount":"0.000000000031"}""", 9, 31)]
    [InlineData("""{"model":"percentage","percent":"10","fixed":"0.000000000003"}""", 100, 13)]
    [InlineData("""{"model":"matrix","per":1,"dimensions":{"size":["s","l"]},"cells":[{"at":["s"],"amount":"0.000000000002"},{"at":["l"],"amount":"0.000000000003"}]}""", 4, 12)]
    public void What_a_quantity_costs_at_most_is_as_near_as_is_known(string charge, long quantity, long picos) => Assert.Equal(picos, Charge(charge).AtMost(quantity));

    [Theory]
    [InlineData("""{"model":"unit","amount":"1"}""", "1000000")]
    [InlineData("""{"model":"package","amount":"1","size":10,"free":5}""", "15 10005")]
    [InlineData("""{"model":"volume","tiers":[{"upTo":5,"amount":"1"},{"upTo":7,"amount":"1"},{"amount":"1"}]}""", "1000000 5 6 7 8")]
    [InlineData("""{"model":"percentage","percent":"1"}""", "1000000000000 100000000000000")]
    public void Prices_are_compared_where_their_rules_change(string charge, string quantities) => Assert.Equal(quantities, string.Join(' ', Charge(charge).Probes));

    [Fact]
    public void A_call_is_held_for_by_the_keys_that_are_for_everywhere()
    {
        var price = Version("""
            [{"class":"input","charge":{"model":"unit","amount":"1"}},
             {"class":"input","region":"eu","charge":{"model":"unit","amount":"9"}},
             {"class":"output","charge":{"model":"flat","amount":"3"}}]
            """);
        var none = Version("""[{"class":"input","tier":"batch","charge":{"model":"unit","amount":"1"}},{"class":"output","charge":{"model":"matrix","dimensions":{"size":["s"]},"cells":[{"at":["s"],"amount":"1"}]}}]""");

        Assert.Equal(("5", "3", "0"), (price.AtMost(2, 1)?.ToString(), price.AtMost(0, 9)?.ToString(), price.AtMost(0, 0)?.ToString()));
        Assert.Equal((null, null, "0"), (none.AtMost(1, 0), none.AtMost(0, 1), none.AtMost(0, 0)?.ToString()));
        Assert.Equal(("9", "1"), (Of("input@eu"), Of("input_cached")));
        Assert.Throws<InvalidOperationException>(() => price.ChargeOf(PriceLine.Parse("input@us"), new DateOnly(2028, 1, 1)));

        string Of(string line) => new Money(price.ChargeOf(PriceLine.Parse(line), new DateOnly(2028, 1, 1)).Total(1), Currency.Usd).ToString();
    }

    [Fact]
    public void A_prorated_charge_begins_with_its_price()
    {
        var price = Version("""[{"class":"output","charge":{"model":"flat","amount":"31","prorated":true}}]""", new DateTimeOffset(2028, 1, 22, 13, 0, 0, TimeSpan.Zero));

        Assert.Equal(("10", "31"), (Of(new DateOnly(2028, 1, 1)), Of(new DateOnly(2028, 2, 1)))); // ten days of January, all of February

        string Of(DateOnly month) => new Money(price.ChargeOf(PriceLine.Parse("output"), month).Charge(null, 1), Currency.Usd).ToString();
    }

    [Theory]
    [InlineData("a", true)]
    [InlineData("Az09._-", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("a b", false)]
    [InlineData("a:b", false)]
    [InlineData("a@b", false)]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123", true)]
    [InlineData("01234567890123456789012345678901234567890123456789012345678901234", false)]
    public void Words_of_keys_can_stand_in_lines(string? word, bool isWord) => Assert.Equal(isWord, PriceLine.IsWord(word));

    [Theory]
    [InlineData("output:rerated", "output", "output")]
    [InlineData("output@eu+batch[a,b]:free", "output@eu+batch[a,b]", "output@eu+batch[a,b]:free")]
    [InlineData("output", "output", "output")]
    public void A_row_belongs_to_the_total_of_its_line(string row, string line, string total) =>
        Assert.Equal((line, total), (PriceLine.Parse(row).ToString(), PriceLine.TotalOf(row)));

    [Fact]
    public void The_narrowest_key_that_fits_counts_and_what_has_none_borrows_from_its_like()
    {
        var price = Version("""
            [{"class":"input","charge":{"model":"unit","amount":"1"}},
             {"class":"input","region":"eu","charge":{"model":"unit","amount":"2"}},
             {"class":"input","tier":"batch","charge":{"model":"unit","amount":"3"}},
             {"class":"input","region":"eu","tier":"batch","charge":{"model":"unit","amount":"4"}},
             {"class":"image_out","charge":{"model":"matrix","dimensions":{"size":["512","1024"],"quality":["hd"]},"cells":[{"at":["512","hd"],"amount":"5"},{"at":["1024","hd"],"amount":"6"}]}}]
            """);

        string? Line(string name, params (string, string)[] with) => price.LineOf(name, with.ToDictionary(w => w.Item1, w => w.Item2, StringComparer.Ordinal))?.ToString();

        Assert.Equal(("input", "input@eu", "input+batch", "input@eu+batch"), (Line("input"), Line("input", ("region", "eu")), Line("input", ("tier", "batch"), ("region", "us")), Line("input", ("tier", "batch"), ("region", "eu"))));
        Assert.Equal(("cache_write", "cache_hit", null, "image_out[1024,hd]", null), (Line("cache_write"), Line("cache_hit"), Line("reasoning"), Line("image_out", ("quality", "hd"), ("size", "1024")), Line("image_out", ("size", "1024"))));
        foreach (var (line, amount) in new[] { ("input@eu+batch", 4), ("cache_write", 1), ("cache_hit", 0), ("image_out[1024,hd]", 6) })
        {
            Assert.Equal(line, PriceLine.Parse(line).ToString());
            Assert.Equal(amount * Money.PicosPerUnit, price.ChargeOf(PriceLine.Parse(line), new DateOnly(2028, 1, 1)).Total(1));
        }

        Assert.Equal("size=1024, quality=hd", string.Join(", ", price.DimensionsOf(PriceLine.Parse("image_out[1024,hd]")).Select(d => $"{d.Key}={d.Value}")));
    }

    [Theory]
    [InlineData("""{"model":"graduated"}""", "tiers_invalid", "keys[0].charge.tiers[0]")]
    [InlineData("""{"model":"graduated","tiers":[{"upTo":5,"amount":"1"},{"upTo":9,"amount":"1"}]}""", "tiers_invalid", "keys[0].charge.tiers[1]")]
    [InlineData("""{"model":"volume","tiers":[{"upTo":5,"amount":"1"},{"upTo":5,"amount":"1"},{"amount":"1"}]}""", "tiers_invalid", "keys[0].charge.tiers[1]")]
    [InlineData("""{"model":"volume","tiers":[{"from":1,"upTo":5,"amount":"1"},{"amount":"1"}]}""", "tiers_invalid", "keys[0].charge.tiers[0]")]
    [InlineData("""{"model":"volume","tiers":[{"upTo":5,"amount":"1"},{"from":6,"amount":"1"}]}""", "tiers_invalid", "keys[0].charge.tiers[1]")]
    [InlineData("""{"model":"volume","tiers":[{"amount":"1"},{"amount":"1"}]}""", "tiers_invalid", "keys[0].charge.tiers[0]")]
    [InlineData("""{"model":"volume","tiers":[{"upTo":0,"amount":"1"},{"amount":"1"}]}""", "tiers_invalid", "keys[0].charge.tiers[0]")]
    [InlineData("""{"model":"volume","tiers":[{"amount":"-1"}]}""", "amount_negative", "keys[0].charge.tiers[0].amount")]
    [InlineData("""{"model":"matrix","dimensions":{"size":["s","l"]},"cells":[{"at":["s"],"amount":"1"}]}""", "matrix_incomplete", "keys[0].charge.cells")]
    [InlineData("""{"model":"matrix","dimensions":{},"cells":[]}""", "unprocessable", "keys[0].charge.dimensions")]
    [InlineData("""{"model":"unit","amount":"1","per":0}""", "unprocessable", "keys[0].charge.per")]
    [InlineData("""{"model":"unit","amount":"1000000.1"}""", "price_too_high", "keys[0].charge.amount")]
    [InlineData("""{"model":"unit"}""", "amount_malformed", "keys[0].charge.amount")]
    [InlineData("""{"model":"package","amount":"1"}""", "unprocessable", "keys[0].charge.size")]
    [InlineData("""{"model":"package","amount":"1","size":2,"free":-1}""", "unprocessable", "keys[0].charge.free")]
    [InlineData("""{"model":"percentage","percent":"100.1"}""", "unprocessable", "keys[0].charge")]
    [InlineData("""{"model":"percentage","percent":"1","min":"2","max":"1"}""", "unprocessable", "keys[0].charge")]
    [InlineData("""{"model":"guess"}""", "unprocessable", "keys[0].charge.model")]
    public void What_is_no_charge_is_refused_with_its_place(string charge, string code, string param)
    {
        var refusal = Assert.Throws<Refusal>(() => Charge(charge));

        Assert.Equal((code, param), (refusal.Code.Code, refusal.Param));
    }

    private static string Cost(string charge, long quantity) => new Money(Charge(charge).Charge(null, quantity), Currency.Usd).ToString();

    private static ChargeModel Charge(string charge) => JsonSerializer.Deserialize($$"""{"class":"output","charge":{{charge}}}""", KeyType)!.Read("keys[0]").Charge;

    private static System.Text.Json.Serialization.Metadata.JsonTypeInfo<KeyWire> KeyType => (System.Text.Json.Serialization.Metadata.JsonTypeInfo<KeyWire>)BillingJson.Default.GetTypeInfo(typeof(KeyWire))!;

    private static List<(string, long, string)> Rate(PriceVersion price, List<RatingTotal> totals, long quantity) => [.. Rating
        .Rate(totals, new RatableUsage(Guid.Empty, Guid.Empty, Guid.Empty, Guid.Empty, price.EffectiveFrom, [("output", quantity)]) { Dimensions = Nowhere }, new DateOnly(2028, 1, 5), price, new FreePart(0), AccountTerms.None)
        .Select(r => (r.Class, r.Quantity, r.List.In(r.Currency).ToString()))];

    private static PriceVersion Version(string keys, DateTimeOffset? from = null) => new()
    {
        Id = Guid.Empty,
        ProductId = Guid.Empty,
        Version = 1,
        Currency = Currency.Usd,
        Input = default,
        Output = default,
        PerQuantity = PriceVersion.PerMillion,
        KeyText = keys,
        EffectiveFrom = from ?? new DateTimeOffset(2028, 1, 1, 0, 0, 0, TimeSpan.Zero),
        PublishedAt = default,
        PublishedBy = Guid.Empty,
        PublisherName = "",
        Reason = "",
    };
}
