using System.Text;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// An invoice as rows of cost and usage in the columns of FOCUS 1.2 (focus.finops.org): a row for each line, for each tax a row of its own.
/// The rows' billed costs come to the invoice's total; effective costs are exact, before rounding.
/// </summary>
internal static class FocusCsv
{
    public static readonly IReadOnlyList<string> Columns =
    [
        "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
        "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "EffectiveCost", "InvoiceId", "InvoiceIssuerName", "ListCost",
        "PricingCategory", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "ServiceCategory", "ServiceName", "SkuId", "SkuPriceId", "SubAccountId",
    ];

    /// <param name="listCosts">Of lines of usage, by key: what they would cost without allowances and discounts.</param>
    public static string Of(InvoiceForm form, IReadOnlyDictionary<string, string> listCosts)
    {
        var text = new StringBuilder(string.Join(',', Columns)).Append("\r\n");
        foreach (var row in form.Lines.Select(line => RowOf(form, line, listCosts)).Concat(form.Taxes.Select(tax => RowOf(form, tax))))
        {
            text.AppendJoin(',', Columns.Select(column => InvoiceCsv.Field(row.GetValueOrDefault(column, "")))).Append("\r\n");
        }

        return text.ToString();
    }

    private static Dictionary<string, string> RowOf(InvoiceForm form, FormLine line, IReadOnlyDictionary<string, string> listCosts)
    {
        var row = Common(form);
        var isUsage = line.Provenance is not null;
        (row["ChargeCategory"], row["ChargeFrequency"]) = line.Kind switch
        {
            _ when isUsage => ("Usage", "Usage-Based"),
            "draw" => ("Credit", "Usage-Based"),
            _ when line.Decision.TaxClass == TaxClasses.Usage => ("Adjustment", "One-Time"),
            _ => ("Purchase", line.Decision.TaxClass == TaxClasses.Subscription ? "Recurring" : "One-Time"),
        };
        row["ChargeDescription"] = line.Description;
        row["BilledCost"] = WithoutTax(form, line);
        row["EffectiveCost"] = line.Decision.TaxClass == TaxClasses.Credit ? "0" : line.Exact; // what it buys is effective where it is used
        row["ListCost"] = row["ContractedCost"] = listCosts.GetValueOrDefault(line.Key, line.Exact);
        row["PricingCategory"] = "Standard";
        row["PricingQuantity"] = InvoiceText.Number(line.Quantity);
        row["PricingUnit"] = isUsage ? "Tokens" : "Units";
        if (isUsage)
        {
            var key = line.Key.Split(':', 5); // kind, month, product, price version, class
            (row["ConsumedQuantity"], row["ConsumedUnit"]) = (row["PricingQuantity"], row["PricingUnit"]);
            (row["SkuId"], row["SkuPriceId"]) = ($"{key[2]}:{key[4]}", $"{key[3]}:{key[4]}");
        }

        return row;
    }

    private static Dictionary<string, string> RowOf(InvoiceForm form, FormTax tax)
    {
        var row = Common(form);
        (row["ChargeCategory"], row["ChargeFrequency"], row["ChargeDescription"]) = ("Tax", "One-Time", InvoiceText.TaxName(tax));
        row["BilledCost"] = row["EffectiveCost"] = row["ListCost"] = row["ContractedCost"] = tax.Amount;
        return row;
    }

    private static Dictionary<string, string> Common(InvoiceForm form) => new(StringComparer.Ordinal)
    {
        ["BillingAccountId"] = form.AccountId,
        ["BillingAccountName"] = form.Buyer.Name,
        ["BillingCurrency"] = form.Currency,
        ["BillingPeriodStart"] = form.Period.Start,
        ["BillingPeriodEnd"] = form.Period.End,
        ["ChargePeriodStart"] = form.Period.Start,
        ["ChargePeriodEnd"] = form.Period.End,
        ["InvoiceId"] = form.Number,
        ["InvoiceIssuerName"] = SellerOf(form),
        ["ProviderName"] = SellerOf(form),
        ["PublisherName"] = SellerOf(form),
        ["ServiceCategory"] = "AI and Machine Learning",
        ["ServiceName"] = "Model inference",
    };

    // The columns may not be empty.
    private static string SellerOf(InvoiceForm form) => form.Seller.Name.Length > 0 ? form.Seller.Name : "Lodestone";

    private static string WithoutTax(InvoiceForm form, FormLine line)
    {
        var currency = new Currency(form.Currency);
        return line.Decision.Outcome == "included" && Money.TryParse(line.Amount, currency, out var amount) && Money.TryParse(line.Tax, currency, out var tax)
            ? MinorUnits.Text(amount - tax)
            : line.Amount;
    }
}
