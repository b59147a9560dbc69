using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Tests.Billing;

[NoDatabase]
public sealed class TaxTests
{
    private static readonly FormParty Business = new("Buyer", "", "DE", "", IsBusiness: true, "DE136695976", "verified");

    [Theory]
    [InlineData("AT", "ATU13585627")]
    [InlineData("BE", "BE0428759497")]
    [InlineData("CY", "CY10259033P")]
    [InlineData("CZ", "CZ25123891")]
    [InlineData("DE", "DE136695976")]
    [InlineData("DK", "DK13585628")]
    [InlineData("EE", "EE100931558")]
    [InlineData("ES", "ESJ99216582")]
    [InlineData("ES", "54362315K")]
    [InlineData("FI", "FI20774740")]
    [InlineData("FR", "FR40303265045")]
    [InlineData("GR", "EL094259216")]
    [InlineData("HR", "HR33392005961")]
    [InlineData("HU", "HU12892312")]
    [InlineData("IE", "IE6433435F")]
    [InlineData("IE", "IE6433435OA")]
    [InlineData("IT", "IT00743110157")]
    [InlineData("LT", "LT119511515")]
    [InlineData("LU", "LU15027442")]
    [InlineData("LV", "LV40003521600")]
    [InlineData("MT", "MT11679112")]
    [InlineData("NL", "NL004495445B01")]
    [InlineData("PL", "PL8567346215")]
    [InlineData("PT", "PT501964843")]
    [InlineData("RO", "RO18547290")]
    [InlineData("SE", "SE556188840401")]
    [InlineData("SI", "SI50223054")]
    [InlineData("SK", "SK2022749619")]
    [InlineData("GB", "GB 980 7806 84")]
    [InlineData("CH", "CHE-107.787.577 MWST")]
    [InlineData("AU", "83 914 571 673")]
    [InlineData("IN", "27AAPFU0939F1ZV")]
    public void A_tax_id_is_taken_as_its_country_writes_it_and_refused_with_a_digit_wrong(string country, string text)
    {
        var id = TaxIds.Normalize(text);

        Assert.True(TaxIds.IsValid(country, id));
        var at = id.Length - 1 - id.Reverse().TakeWhile(c => !char.IsAsciiDigit(c)).Count();
        at = country == "NL" ? 10 : country == "SE" ? 11 : country == "IE" ? 8 : at;
        var wrong = Enumerable.Range(0, 10).Where(d => d != id[at] - '0').Count(d => TaxIds.IsValid(country, $"{id[..at]}{d}{id[(at + 1)..]}"));
        Assert.Equal(0, wrong);
    }

    [Fact]
    public void Tax_is_rounded_once_for_each_rate_and_spread_over_the_lines()
    {
        var taxes = Of(Rule(190_000), Business with { IsBusiness = false }, "0.33", "0.33", "0.33");

        Assert.Equal(["0.07", "0.06", "0.06"], taxes.Lines.Select(MinorUnits.Text));
        Assert.Equal("0.19", MinorUnits.Text(taxes.Charged)); // 0.1881
    }

    [Fact]
    public void Tax_within_prices_is_taken_out_of_them()
    {
        var taxes = Of(Rule(190_000, isInclusive: true), Business with { IsBusiness = false }, "11.90");

        Assert.Equal(("1.90", "0.00"), (MinorUnits.Text(taxes.Included), MinorUnits.Text(taxes.Charged)));
    }

    [Theory]
    [InlineData("verified", false, "reverse_charge", "0.00")]
    [InlineData("unverified", false, "charged", "1.90")]
    [InlineData("unverified", true, "reverse_charge", "0.00")]
    [InlineData("none", true, "charged", "1.90")]
    public void Businesses_with_a_checked_id_pay_to_their_own_office_where_the_rule_says_so(string check, bool allowsUnverified, string outcome, string tax)
    {
        var taxes = Taxation.Of([("usage", BillingWorld.Usd("10"))], Business with { TaxIdCheck = check }, [Rule(190_000, reverseCharge: true)], allowsUnverified, Currency.Usd);

        Assert.Equal((outcome, tax), (taxes.Decisions[0].Outcome, MinorUnits.Text(taxes.Charged)));
    }

    [Fact]
    public void Where_no_rule_fits_nothing_is_charged_and_the_decision_says_so()
    {
        var taxes = Taxation.Of([("usage", BillingWorld.Usd("10"))], Business, [], allowsUnverifiedIds: false, Currency.Usd);

        Assert.Equal(("untaxed", "billing_address:DE", true), (taxes.Decisions[0].Outcome, Assert.Single(taxes.Decisions[0].Evidence), taxes.Charged.IsZero));
    }

    private static Taxes Of(TaxRule rule, FormParty buyer, params string[] amounts) =>
        Taxation.Of([.. amounts.Select(a => ("usage", BillingWorld.Usd(a)))], buyer, [rule], allowsUnverifiedIds: false, Currency.Usd);

    private static TaxRule Rule(long rate, bool isInclusive = false, bool reverseCharge = false) => new()
    {
        Id = Guid.CreateVersion7(), Jurisdiction = "DE", ProductClass = "*", RateMillionths = rate, IsInclusive = isInclusive, ReverseCharge = reverseCharge,
        TextBlock = "", ValidFrom = DateTimeOffset.UnixEpoch, CreatedAt = DateTimeOffset.UnixEpoch, CreatedBy = Guid.Empty,
    };
}
