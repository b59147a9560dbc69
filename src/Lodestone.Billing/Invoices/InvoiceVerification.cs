using System.Runtime.CompilerServices;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>
/// Computes issued invoices again from their events, rated rows, prices and rules, and compares them with what was issued, byte by byte.
/// </summary>
public sealed class InvoiceVerification
{
    private const int ExplainedAtOnce = 10_000;

    private readonly BillingSteps _steps;
    private readonly InvoiceProof _proof;
    private readonly InvoiceOptions _options;

    internal InvoiceVerification(BillingSteps steps, InvoiceProof proof, InvoiceOptions options)
    {
        _steps = steps;
        _proof = proof;
        _options = options;
    }

    /// <summary>One invoice, or all, by number.</summary>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async IAsyncEnumerable<VerifiedInvoice> VerifyAsync(string? number, [EnumeratorCancellation] CancellationToken cancel)
    {
        var ids = await _steps.ReadAsync(db => db.Invoices.AsNoTracking()
            .Where(i => i.Number != null && (number == null || i.Number == number)).OrderBy(i => i.Number).Select(i => i.Id).ToListAsync(cancel));
        if (number is not null && ids.Count == 0)
        {
            throw new Refusal(RefusalCode.NotFound, $"There is no invoice {number}.");
        }

        foreach (var id in ids)
        {
            yield return await _steps.SnapshotAsync(db => VerifyAsync(db, id, cancel), cancel);
        }
    }

    /// <summary>A line's rated rows, as tab-separated text: when, which request, how much.</summary>
    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public async Task ExplainAsync(string number, int line, TextWriter output, CancellationToken cancel)
    {
        List<LineRequest>? rows = null;
        do
        {
            rows = await _steps.ReadAsync(async db =>
            {
                var invoice = await db.Invoices.AsNoTracking().SingleOrDefaultAsync(i => i.Number == number, cancel);
                return invoice is null ? null : await LineRequests.ReadAsync(db, invoice, line, rows?[^1].Place, ExplainedAtOnce, cancel);
            }) ?? throw new Refusal(RefusalCode.NotFound, $"There is no line {line} of usage on an invoice {number}.");
            foreach (var row in rows)
            {
                await output.WriteLineAsync($"{row.Time}\t{row.RequestId}\t{row.Class}\t{row.Quantity}\t{row.Amount}".AsMemory(), cancel);
            }
        }
        while (rows.Count == ExplainedAtOnce);
    }

    private async Task<VerifiedInvoice> VerifyAsync(BillingDb db, Guid invoiceId, CancellationToken cancel)
    {
        var invoice = await db.Invoices.AsNoTracking().SingleAsync(i => i.Id == invoiceId, cancel);
        var form = InvoiceForm.Parse(invoice.Form!); // it has a number
        if (form.Hash() != invoice.FormHash || form.ToCanonical() != invoice.Form)
        {
            return new VerifiedInvoice(form.Number, "Its stored form does not have the hash that it was issued with.");
        }

        if (invoice.State is InvoiceState.Void)
        {
            return new VerifiedInvoice(form.Number, Fault: null); // its rows are on another invoice now
        }

        var customer = await db.CustomerAsync(invoice.AccountId, form.IssuedInstant, cancel);
        customer.TimeZone = form.Period.TimeZone;
        var (content, fault) = await _proof.ReadAsync(db, invoice, await InvoiceContent.ReadAsync(db, invoice, customer, cancel), form.Recipe.Engine, cancel);
        if (fault is not null)
        {
            return new VerifiedInvoice(form.Number, fault);
        }

        var rules = (await db.TaxRulesAsync(form.Buyer.Country, form.Buyer.Region, form.IssuedInstant, cancel))
            .Where(r => form.Recipe.TaxRules.Contains(PublicId.Format(Taxation.RulePrefix, r.Id), StringComparer.Ordinal)).ToList();
        var again = InvoiceMaking.Make(content, InvoiceFacts.Of(form), rules, _options.AllowUnverifiedTaxIds, form.Recipe.Engine).Form;
        return new VerifiedInvoice(form.Number, again.ToCanonical() == invoice.Form ? await BooksFaultAsync(db, invoice, cancel) : Difference(form, again));
    }

    // C5: what is booked for the invoice is what it asks for.
    private static async Task<string?> BooksFaultAsync(BillingDb db, Invoice invoice, CancellationToken cancel)
    {
        var key = $"invoice:{invoice.Id:N}";
        var receivable = LedgerAccounts.Receivable(invoice.AccountId);
        var postings = await db.Postings.AsNoTracking().Where(p => p.Account == receivable && db.LedgerTransactions.Any(t => t.Id == p.TransactionId && t.Key == key)).ToListAsync(cancel);
        var booked = postings.Aggregate(Money.Zero(invoice.Currency), (sum, p) => sum + p.Amount.In(p.Currency));
        var due = InvoiceForm.Parse(invoice.Form!).Due; // it has a number
        return invoice.Total.Picos < 0 || MinorUnits.Text(booked) == due ? null : $"The ledger asks for {MinorUnits.Text(booked)}, the invoice for {due}.";
    }

    private static string Difference(InvoiceForm issued, InvoiceForm again)
    {
        var line = issued.Lines.Zip(again.Lines).FirstOrDefault(l => l.First with { Decision = l.Second.Decision } != l.Second);
        return line.First is not null
            ? $"Line {line.First.Line} comes to {line.Second.Exact} of {line.Second.Provenance?.Count ?? 0} rows, but {line.First.Exact} of {line.First.Provenance?.Count ?? 0} were issued, or a row of it was changed."
            : $"It comes to {again.Total} in {again.Lines.Count} lines, but {issued.Total} in {issued.Lines.Count} was issued.";
    }
}

/// <param name="Fault">What differs; null when it is reproduced to the byte.</param>
public sealed record VerifiedInvoice(string Number, string? Fault);
