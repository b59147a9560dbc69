using System.Globalization;
using Lodestone.Ui;

namespace Lodestone.Billing;

/// <summary>An invoice on paper: what the form says, to be read by people. The rendering may change, the form does not.</summary>
internal static class InvoicePdf
{
    public static byte[] Of(InvoiceForm form) => PdfPrinting.Print(
        new PrintedDocument(
            $"Invoice {form.Number}",
            LinesOf(form.Seller),
            LinesOf(form.Buyer),
            [
                new("Issued", DayOf(form.IssuedInstant)),
                new("Due", DayOf(form.DueInstant)),
                new("Period", $"{MinuteOf(form.Period.Start)} to before {MinuteOf(form.Period.End)}"),
                new("Account", form.AccountId),
            ],
            new PrintedTable(
                [new("What", 38), new("Price", 22), new("Quantity", 15, IsNumber: true), new("Tax", 10, IsNumber: true), new("Amount", 15, IsNumber: true)],
                [.. form.Lines.Select(line => (IReadOnlyList<string>)[line.Description, line.UnitPrice, InvoiceText.Quantity(line.Quantity), line.Tax, line.Amount])]),
            InvoiceText.TotalsOf(form),
            RemarksOf(form)),
        form.IssuedInstant);

    private static IReadOnlyList<string> LinesOf(FormParty party)
    {
        string[] lines = [party.Name, .. party.Address.Split('\n', StringSplitOptions.TrimEntries), $"{party.Country} {party.Region}".Trim(), party.TaxId.Length > 0 ? $"Tax id {party.TaxId}" : ""];
        return [.. lines.Where(line => line.Length > 0)];
    }

    private static IReadOnlyList<string> RemarksOf(InvoiceForm form) =>
    [
        .. form.Notes,
        $"Exact sum {form.Exact} {form.Currency}; carried over from before {form.CarryIn}, to the next invoice {form.CarryOut}.",
        $"When you pay by transfer, quote {form.Number}.",
    ];

    private static string DayOf(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM yyyy", CultureInfo.InvariantCulture);

    private static string MinuteOf(string instant) => InvoiceForm.Read(instant).UtcDateTime.ToString("d MMM yyyy HH:mm 'UTC'", CultureInfo.InvariantCulture);
}

/// <summary>Parts of invoices as page and paper both say them.</summary>
internal static class InvoiceText
{
    public static string Quantity(long quantity) => quantity.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>As programs read it.</summary>
    public static string Number(long quantity) => quantity.ToString(CultureInfo.InvariantCulture);

    public static string TaxName(FormTax tax) => $"{(tax.IsIncluded ? "Tax included" : "Tax")} {tax.Jurisdiction} {RateOf(tax.Rate)} of {tax.Base}";

    /// <summary>From the sum of the lines to what is due; parts of nothing are left out.</summary>
    public static IReadOnlyList<PrintedFact> TotalsOf(InvoiceForm form)
    {
        var totals = new List<PrintedFact> { new("Net", Amount(form.Net)) };
        totals.AddRange(form.Taxes.Select(tax => new PrintedFact(TaxName(tax), Amount(tax.Amount))));
        totals.Add(new("Total", Amount(form.Total)));
        if (!IsZero(form.BalanceApplied))
        {
            totals.Add(new("From your balance", Amount("-" + form.BalanceApplied)));
        }

        totals.Add(new("Due", Amount(form.Due)));
        return totals;

        string Amount(string text) => $"{text} {form.Currency}";
    }

    private static bool IsZero(string amount) => amount.All(c => c is '0' or '.');

    // Millionths, as a percentage without needless zeros.
    private static string RateOf(long rate)
    {
        var (whole, rest) = Math.DivRem(rate, 10_000);
        var text = rest == 0 ? whole.ToString(CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{whole}.{rest:D4}").TrimEnd('0');
        return $"{text} %";
    }
}
