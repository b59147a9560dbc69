using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What an invoice does to the books. Charges pass through what is unbilled, so that what stays there is exactly the carry.</summary>
internal static class InvoicePostings
{
    public static IReadOnlyList<(string Account, Money Amount)> Of(Invoice invoice, InvoiceContent content, MadeInvoice made)
    {
        var owner = invoice.AccountId;
        var currency = invoice.Currency;
        var lines = new List<(string Account, Money Amount)>();
        foreach (var charge in content.Lines.Where(l => l.Charge is not null))
        {
            lines.Add((SourceOf(charge.Charge!, owner), -charge.Exact)); // it is one
            lines.Add((LedgerAccounts.Unbilled(owner), charge.Exact));
        }

        lines.Add((LedgerAccounts.Unbilled(owner), -made.Rounded.Total));
        lines.Add((LedgerAccounts.InferenceRevenue, made.Taxes.Included));
        foreach (var tax in made.Taxes.Totals)
        {
            lines.Add((LedgerAccounts.Tax(tax.Jurisdiction), -(Money.TryParse(tax.Amount, currency, out var amount) ? amount : Money.Zero(currency))));
        }

        lines.Add((LedgerAccounts.CustomerBalance(owner), made.BalanceApplied));
        lines.Add(made.Total.Picos >= 0 ? (LedgerAccounts.Receivable(owner), made.Total - made.BalanceApplied) : (LedgerAccounts.CustomerBalance(owner), made.Total));
        return [.. lines.GroupBy(l => l.Account, StringComparer.Ordinal).Select(g => (g.Key, g.Aggregate(Money.Zero(currency), (sum, line) => sum + line.Amount)))];
    }

    /// <summary>Credit that was bought is there from the invoice on.</summary>
    public static async Task AddCreditAsync(BillingDb db, InvoiceContent content, DateTimeOffset now, CancellationToken cancel)
    {
        foreach (var line in content.Lines.Where(l => l.Charge is { Kind: ChargeKind.Credit }))
        {
            await CreditGrants.GiveAsync(db, NewGrant.Bought(line.Charge!), now, cancel); // filtered in the line above
        }
    }

    private static string SourceOf(Charge charge, Guid owner) => charge.Kind switch
    {
        ChargeKind.CommitTrueUp => LedgerAccounts.CommitTrueUp,
        ChargeKind.Credit => LedgerAccounts.Prepaid(owner),
        ChargeKind.PriceCorrection => LedgerAccounts.InferenceRevenue,
        ChargeKind.Chargeback => LedgerAccounts.Disputed(owner),
        _ => LedgerAccounts.DeferredSubscription(owner),
    };
}
