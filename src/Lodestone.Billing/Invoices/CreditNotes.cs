using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>Corrects issued invoices: by credit notes, which name lines and amounts, or by taking an unpaid one back whole.</summary>
internal sealed partial class CreditNotes(BillingSteps steps, InvoiceOptions options, TimeProvider clock, ILogger<CreditNotes> log)
{
    private static readonly RefusalCode ExceedsLine = new("exceeds_line", 409);

    /// <summary>What was paid already becomes the customer's balance; what was not is no longer asked for.</summary>
    /// <param name="wanted">Lines by number, and how much of each.</param>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>conflict</c>, <c>exceeds_line</c>, <c>unprocessable</c>.</exception>
    public async Task<CreditNote> CreditAsync(Guid invoiceId, IReadOnlyList<LineCredit> wanted, string? reason, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        if (string.IsNullOrWhiteSpace(reason))
        {
            throw new Refusal(RefusalCode.Unprocessable, "Give a reason: it is printed on the credit note.") { Param = "reason" };
        }

        if (wanted.Count == 0 || wanted.DistinctBy(w => w.Line).Count() != wanted.Count)
        {
            throw new Refusal(RefusalCode.Unprocessable, "Name each line to credit once, with its amount.") { Param = "lines" };
        }

        var note = await steps.WriteAsync((db, token) => CreditAsync(db, invoiceId, wanted, reason.Trim(), administrator, token), cancel);
        Credited(log, note.Number, note.Total, note.Currency, note.AccountId);
        return note;
    }

    private async Task<CreditNote> CreditAsync(BillingDb db, Guid invoiceId, IReadOnlyList<LineCredit> wanted, string reason, Caller administrator, CancellationToken cancel)
    {
        var invoice = await LockIssuedAsync(db, invoiceId, cancel);
        var form = InvoiceForm.Parse(invoice.Form!); // issued
        var now = clock.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var parts = new List<CreditPart>();
        foreach (var want in wanted.OrderBy(w => w.Line))
        {
            parts.Add(await PartAsync(db, invoice, form, want, cancel));
        }

        var zero = Money.Zero(invoice.Currency);
        var tax = parts.Aggregate(zero, (sum, part) => sum + part.Tax);
        var net = parts.Aggregate(zero, (sum, part) => sum + part.Net);
        var number = InvoiceMaking.NumberOf($"{options.Series}-CN", now.Year, await db.NextNumberAsync($"{options.Series}-CN", now.Year, cancel));
        var made = new CreditNoteForm(
            CreditNoteForm.Present, number, form.Number, Instants.ToWire(now), form.Currency, reason, form.Seller, form.Buyer,
            [.. parts.Select((part, at) => new CreditNoteFormLine(at + 1, (int)part.Line.Line, part.Line.Description, MinorUnits.Text(part.Amount), MinorUnits.Text(part.Tax)))],
            MinorUnits.Text(net), MinorUnits.Text(tax), MinorUnits.Text(net + tax));
        var note = new CreditNote
        {
            Id = id, InvoiceId = invoice.Id, AccountId = invoice.AccountId, Number = number, Reason = reason, Currency = invoice.Currency, Net = net, Tax = tax,
            IssuedAt = now, IssuedBy = administrator.Id, Form = made.ToCanonical(), FormHash = made.Hash(),
        };
        db.CreditNotes.Add(note);
        db.CreditNoteLines.AddRange(parts.Select((part, at) => new CreditNoteLine
        {
            CreditNoteId = id, Line = at + 1, InvoiceId = invoice.Id, InvoiceLine = part.Line.Line, Currency = invoice.Currency, Amount = part.Amount, Tax = part.Tax,
        }));
        var open = Money.Min(invoice.Open, note.Total);
        var owed = open.Picos > 0 ? open : zero;
        List<(string Account, Money Amount)> lines = [.. parts.SelectMany(part => part.Postings)];
        lines.Add((LedgerAccounts.Receivable(invoice.AccountId), -owed));
        lines.Add((LedgerAccounts.CustomerBalance(invoice.AccountId), owed - note.Total));
        await db.BookAsync(new NewTransaction($"credit_note:{id:N}", LedgerKind.CreditNote, now, lines), now, cancel);
        invoice.Credit(owed); // what was paid is balance now, and the invoice stays paid
        await db.SaveChangesAsync(cancel);
        return note;
    }

    private static async Task<CreditPart> PartAsync(BillingDb db, Invoice invoice, InvoiceForm form, LineCredit want, CancellationToken cancel)
    {
        var line = await db.InvoiceLines.AsNoTracking().SingleOrDefaultAsync(l => l.InvoiceId == invoice.Id && l.Line == want.Line, cancel)
            ?? throw new Refusal(RefusalCode.Unprocessable, $"{invoice.Number} has no line {want.Line}.") { Param = "lines" };
        var earlier = await db.CreditNoteLines.AsNoTracking().Where(l => l.InvoiceId == invoice.Id && l.InvoiceLine == want.Line).ToListAsync(cancel);
        var zero = Money.Zero(invoice.Currency);
        var credited = earlier.Aggregate(zero, (sum, l) => sum + l.Amount.In(l.Currency));
        var taxed = earlier.Aggregate(zero, (sum, l) => sum + l.Tax.In(l.Currency));
        var (amount, tax) = (line.Amount.In(line.Currency), line.Tax.In(line.Currency));
        var left = amount - credited;
        if (MinorUnits.Floor(want.Amount).Over != 0 || want.Amount.Picos <= 0 || want.Amount > left)
        {
            throw new Refusal(ExceedsLine, $"Line {want.Line} has {MinorUnits.Text(left)} {invoice.Currency} left to credit. Credit at most that, in whole minor units.") { Param = "lines" };
        }

        if (line.TaxClass == TaxClasses.Credit)
        {
            throw new Refusal(RefusalCode.Conflict, $"Line {want.Line} bought credit. Refund its payment instead: that takes the credit back too.") { Param = "lines" };
        }

        var through = MinorUnits.HalfUp(new Money(tax.Picos * (credited + want.Amount).Picos / amount.Picos, invoice.Currency)); // what may be credited is positive
        return new CreditPart(line, want.Amount, through - taxed, form.Lines[(int)line.Line - 1].Decision);
    }

    /// <summary>Takes an invoice back that nobody has paid anything of. What it asked for can be invoiced again.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>conflict</c>.</exception>
    public Task<Invoice> VoidAsync(Guid invoiceId, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.WriteAsync(
            async (db, token) =>
            {
                var invoice = await LockIssuedAsync(db, invoiceId, token);
                if (invoice.State is not InvoiceState.Issued || invoice.Credited != default)
                {
                    throw new Refusal(RefusalCode.Conflict, $"{invoice.Number} is {invoice.State.ToWire()}, so it can no longer be void. Write a credit note.");
                }

                if (await db.InvoiceLines.AnyAsync(l => l.InvoiceId == invoice.Id && l.TaxClass == TaxClasses.Credit, token))
                {
                    throw new Refusal(RefusalCode.Conflict, $"{invoice.Number} sold credit that can be used already, so it cannot be void.");
                }

                await TakeBackAsync(db, invoice, token);
                await db.SaveChangesAsync(token);
                return invoice;
            },
            cancel);
    }

    private async Task TakeBackAsync(BillingDb db, Invoice invoice, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var key = $"invoice:{invoice.Id:N}";
        var booked = await db.LedgerTransactions.AsNoTracking().SingleAsync(t => t.Key == key, cancel);
        var postings = await db.Postings.AsNoTracking().Where(p => p.TransactionId == booked.Id).ToListAsync(cancel);
        await db.BookAsync(
            new NewTransaction($"void:{invoice.Id:N}", LedgerKind.InvoiceVoid, now, [.. postings.Select(p => (p.Account, -p.Amount.In(p.Currency)))]) { CorrectsId = booked.Id },
            now,
            cancel);
        var form = InvoiceForm.Parse(invoice.Form!); // issued
        var account = await db.LockBilledAsync(invoice.AccountId, cancel);
        account.Carry = account.Carry.In(invoice.Currency) + invoice.CarryIn.In(invoice.Currency) - (Money.TryParse(form.CarryOut, invoice.Currency, out var left) ? left : Money.Zero(invoice.Currency));
        account.BilledUntil = account.BilledUntil == invoice.PeriodEnd ? invoice.PeriodStart : account.BilledUntil;
        invoice.Void();
        await Gathering.ReleaseAsync(db, invoice.Id, cancel);
    }

    private static async Task<Invoice> LockIssuedAsync(BillingDb db, Guid invoiceId, CancellationToken cancel)
    {
        await db.LockAsync<Invoice>(invoiceId, cancel);
        var invoice = await db.Invoices.SingleAsync(i => i.Id == invoiceId, cancel);
        return invoice.IsIssued && invoice.State is not InvoiceState.Void
            ? invoice
            : throw new Refusal(RefusalCode.Conflict, $"The invoice is {invoice.State.ToWire()}: only an issued one can be corrected.");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Credit note {Number} of {Total} {Currency} was issued to account {AccountId}")]
    private static partial void Credited(ILogger log, string number, Money total, Currency currency, Guid accountId);

    private sealed record CreditPart(InvoiceLine Line, Money Amount, Money Tax, FormDecision Decision)
    {
        /// <summary>Without tax.</summary>
        public Money Net => Decision.Outcome == "included" ? Amount - Tax : Amount;

        private string Revenue => (Line.Kind, Line.TaxClass) switch
        {
            (_, TaxClasses.Subscription) => LedgerAccounts.SubscriptionRevenue,
            (InvoiceLineKind.Charge, _) => LedgerAccounts.CommitTrueUp,
            _ => LedgerAccounts.InferenceRevenue,
        };

        public IEnumerable<(string Account, Money Amount)> Postings
        {
            get
            {
                yield return (Revenue, Net);
                if (!Tax.IsZero)
                {
                    yield return (LedgerAccounts.Tax(Decision.Jurisdiction), Tax);
                }
            }
        }
    }
}

/// <param name="Line">Of the invoice, from 1.</param>
/// <param name="Amount">Of its printed amount, in whole minor units.</param>
internal sealed record LineCredit(long Line, Money Amount);
