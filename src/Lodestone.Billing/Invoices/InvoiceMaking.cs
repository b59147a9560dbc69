using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Makes an invoice's form from what it is of: the same of the same, whenever it is made.</summary>
internal static class InvoiceMaking
{
    /// <summary>Hashed a line's rows in the order of their events, and without their discounts.</summary>
    public const string FirstEngine = "1";

    /// <summary>Hashes a line's rows minute by minute, and within a minute in the order of their events.</summary>
    public const string Engine = "2";

    private const string Rounding = "half-up, largest remainder";

    /// <param name="engine">The one that the provenance of the lines was made with.</param>
    public static MadeInvoice Make(InvoiceContent content, InvoiceFacts facts, IReadOnlyList<TaxRule> rules, bool allowsUnverifiedIds, string engine = Engine)
    {
        var currency = facts.CarryIn.Currency;
        var rounded = InvoiceRounding.Cut([.. content.Lines.Select(l => l.Exact)], facts.CarryIn);
        var taxes = Taxation.Of([.. content.Lines.Select(l => l.TaxClass).Zip(rounded.Amounts)], facts.Buyer, rules, allowsUnverifiedIds, currency);
        var (net, tax) = (rounded.Total - taxes.Included, taxes.Charged + taxes.Included);
        var total = net + tax;
        var applied = total.Picos > 0 ? Money.Min(total, facts.Balance) : Money.Zero(currency);
        var form = new InvoiceForm(
            InvoiceForm.Present,
            facts.Number,
            facts.IssuedAt,
            facts.DueAt,
            currency.Code,
            facts.Seller,
            facts.Buyer,
            facts.AccountId,
            facts.Period,
            facts.GatheredAt,
            [.. content.Lines.Select((line, at) => new FormLine(
                at + 1, line.Key, line.Kind.ToWire(), line.Description, line.Quantity, line.UnitPrice, line.Exact.ToString(),
                MinorUnits.Text(rounded.Amounts[at]), MinorUnits.Text(taxes.Lines[at]), taxes.Decisions[at], line.Provenance))],
            taxes.Totals,
            taxes.Notes,
            content.Exact(currency).ToString(),
            facts.CarryIn.ToString(),
            rounded.Carry.ToString(),
            MinorUnits.Text(net),
            MinorUnits.Text(tax),
            MinorUnits.Text(total),
            MinorUnits.Text(applied),
            MinorUnits.Text(total - applied),
            new FormRecipe(
                engine,
                Rounding,
                Sorted(content.Lines.Select(l => l.PriceVersionId is { } id ? PublicId.Format("prv", id) : null)),
                Sorted(taxes.Decisions.Select(d => d.RuleId.Length > 0 ? d.RuleId : null)),
                Sorted(content.Lines.Select(l => l.Charge?.Key)),
                content.Rows));
        return new MadeInvoice(form, rounded, taxes, net, tax, applied);
    }

    public static string NumberOf(string series, int year, long number) => string.Create(CultureInfo.InvariantCulture, $"{series}-{year}-{number:D6}");

    private static IReadOnlyList<string> Sorted(IEnumerable<string?> values) => [.. values.OfType<string>().Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}

/// <summary>What an invoice is made with, besides its content.</summary>
/// <param name="Balance">What the customer has paid or been credited beforehand.</param>
internal sealed record InvoiceFacts(
    string Number, string IssuedAt, string DueAt, FormParty Seller, FormParty Buyer, string AccountId, FormPeriod Period, string GatheredAt, Money CarryIn, Money Balance)
{
    /// <summary>What it was made with, read back from an issued form: its inputs, none of its results.</summary>
    public static InvoiceFacts Of(InvoiceForm form)
    {
        var currency = new Currency(form.Currency);
        return new InvoiceFacts(
            form.Number, form.IssuedAt, form.DueAt, form.Seller, form.Buyer, form.AccountId, form.Period, form.GatheredAt,
            Money.TryParse(form.CarryIn, currency, out var carry) ? carry : Money.Zero(currency),
            Money.TryParse(form.BalanceApplied, currency, out var balance) ? balance : Money.Zero(currency));
    }
}

internal sealed record MadeInvoice(InvoiceForm Form, RoundedLines Rounded, Taxes Taxes, Money Net, Money Tax, Money BalanceApplied)
{
    public Money Total => Net + Tax;
}
