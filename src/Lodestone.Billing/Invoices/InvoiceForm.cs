using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Lodestone.Billing;

/// <summary>
/// An issued invoice, whole: what page, PDF and CSV are made from, and what verification computes again to the byte. Its JSON has the
/// members in this order and amounts as exact decimals. Never changed in shape: another shape has another <paramref name="Format"/>.
/// </summary>
/// <param name="GatheredAt">What was recorded later is on a later invoice.</param>
/// <param name="Exact">The sum of the lines' exact amounts.</param>
/// <param name="CarryIn">What earlier rounding left over; <paramref name="CarryOut"/> is what this one leaves.</param>
/// <param name="Net">Without tax.</param>
/// <param name="BalanceApplied">What the customer had paid or been credited beforehand.</param>
/// <param name="Due">Total less that.</param>
internal sealed record InvoiceForm(
    string Format, string Number, string IssuedAt, string DueAt, string Currency, FormParty Seller, FormParty Buyer, string AccountId,
    FormPeriod Period, string GatheredAt, IReadOnlyList<FormLine> Lines, IReadOnlyList<FormTax> Taxes, IReadOnlyList<string> Notes,
    string Exact, string CarryIn, string CarryOut, string Net, string Tax, string Total, string BalanceApplied, string Due, FormRecipe Recipe)
{
    public const string Present = "lodestone-invoice/1";

    [JsonIgnore]
    public DateTimeOffset IssuedInstant => Read(IssuedAt);

    [JsonIgnore]
    public DateTimeOffset DueInstant => Read(DueAt);

    public string ToCanonical() => JsonSerializer.Serialize(this, BillingJson.Default.InvoiceForm);

    public string Hash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ToCanonical())));

    public static InvoiceForm Parse(string canonical) =>
        JsonSerializer.Deserialize(canonical, BillingJson.Default.InvoiceForm) ?? throw new InvalidOperationException("An issued invoice has an empty form.");

    public static DateTimeOffset Read(string instant) => DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}

internal sealed record FormParty(string Name, string Address, string Country, string Region, bool IsBusiness, string TaxId, string TaxIdCheck)
{
    public static FormParty Of(Party party, string accountName) => new(
        party.LegalName.Length > 0 ? party.LegalName : accountName, party.Address, party.Country, party.Region, party.IsBusiness, party.TaxId, party.TaxIdCheck.ToWire());
}

/// <param name="End">The first instant after it.</param>
/// <param name="TimeZone">Where its days begin.</param>
internal sealed record FormPeriod(string Start, string End, string TimeZone);

/// <param name="Exact">Before rounding.</param>
/// <param name="Amount">In whole minor units.</param>
/// <param name="Provenance">Of usage: the rated rows that it is the sum of.</param>
internal sealed record FormLine(
    int Line, string Key, string Kind, string Description, long Quantity, string UnitPrice, string Exact, string Amount, string Tax, FormDecision Decision, FormProvenance? Provenance);

/// <summary>Why a line is taxed as it is.</summary>
/// <param name="Outcome"><c>untaxed</c>, <c>charged</c>, <c>included</c> or <c>reverse_charge</c>.</param>
/// <param name="Rate">Millionths: 190,000 is 19 %.</param>
/// <param name="Evidence">Where the buyer is, and who says so.</param>
internal sealed record FormDecision(string Outcome, string TaxClass, string Jurisdiction, long Rate, string RuleId, IReadOnlyList<string> Evidence);

/// <param name="Sha256">Over the rows, in the order of event and class.</param>
internal sealed record FormProvenance(long Count, string First, string Last, string Sha256);

/// <param name="Base">What it is a tax on.</param>
internal sealed record FormTax(string Jurisdiction, long Rate, bool IsIncluded, string Base, string Amount);

/// <summary>What it takes to compute the invoice again, besides the rows themselves.</summary>
internal sealed record FormRecipe(string Engine, string Rounding, IReadOnlyList<string> PriceVersions, IReadOnlyList<string> TaxRules, IReadOnlyList<string> Charges, long Rows);
