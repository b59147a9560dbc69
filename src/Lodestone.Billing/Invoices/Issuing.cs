using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Turns a draft into an invoice: number, lines, form, postings and the carry in one transaction, so that after a crash there is all of it
/// or none. What the draft has gathered is read before, and does not change any more.
/// </summary>
internal sealed partial class Issuing(BillingSteps steps, InvoiceProof proof, InvoiceOptions options, IServiceScopeFactory scopes, TimeProvider clock, ILogger<Issuing> log)
{
    /// <exception cref="Refusal"><c>conflict</c>: it is no draft, somebody must look at it first, or its rows do not fit its events.</exception>
    public async Task<Invoice> IssueAsync(Guid invoiceId, CancellationToken cancel)
    {
        var (draft, content, customer) = await steps.SnapshotAsync(db => ReadAsync(db, invoiceId, cancel), cancel);
        var name = await NameAsync(draft.AccountId, cancel);
        var issued = await steps.WriteAsync((db, token) => IssueAsync(db, invoiceId, content, customer, name, token), cancel);
        Issued(log, issued.Number, issued.AccountId, issued.Total, issued.Currency);
        return issued;
    }

    private async Task<(Invoice Draft, InvoiceContent Content, Customer Customer)> ReadAsync(BillingDb db, Guid invoiceId, CancellationToken cancel)
    {
        var draft = await db.Invoices.AsNoTracking().SingleAsync(i => i.Id == invoiceId, cancel);
        CheckDraft(draft);
        var customer = await db.CustomerAsync(draft.AccountId, clock.GetUtcNow(), cancel);
        var (content, fault) = await proof.ReadAsync(db, draft, await InvoiceContent.ReadAsync(db, draft, customer, cancel), InvoiceMaking.Engine, cancel);
        return fault is null ? (draft, content, customer) : throw new Refusal(RefusalCode.Conflict, $"{fault} Nothing is issued for the account until that is explained.");
    }

    private async Task<Invoice> IssueAsync(BillingDb db, Guid invoiceId, InvoiceContent content, Customer customer, string name, CancellationToken cancel)
    {
        var account = await db.LockBilledAsync(customer.Id, cancel);
        await db.LockAsync<Invoice>(invoiceId, cancel);
        var invoice = await db.Invoices.SingleAsync(i => i.Id == invoiceId, cancel);
        CheckDraft(invoice);
        var now = clock.GetUtcNow();
        var buyer = FormParty.Of(await db.PartyAsync(customer.Id, cancel), name);
        var rules = await db.TaxRulesAsync(buyer.Country, buyer.Region, now, cancel);
        var balance = -await db.LedgerSumAsync(LedgerAccounts.CustomerBalance(customer.Id), invoice.Currency, cancel);
        var facts = new InvoiceFacts(
            InvoiceMaking.NumberOf(options.Series, now.Year, await db.NextNumberAsync(options.Series, now.Year, cancel)),
            Instants.ToWire(now),
            Instants.ToWire(now + options.DueAfter),
            options.Seller,
            buyer,
            PublicId.Format("acc", customer.Id),
            new FormPeriod(Instants.ToWire(invoice.PeriodStart), Instants.ToWire(invoice.PeriodEnd), customer.TimeZone),
            Instants.ToWire(invoice.GatheredAt ?? now),
            account.Carry.In(invoice.Currency),
            balance.Picos > 0 ? balance : Money.Zero(invoice.Currency));
        var made = InvoiceMaking.Make(content, facts, rules, options.AllowUnverifiedTaxIds);
        invoice.Issue(made.Form, facts.CarryIn, made.Net, made.Tax);
        if (!made.BalanceApplied.IsZero)
        {
            invoice.Pay(made.BalanceApplied);
        }

        db.InvoiceLines.AddRange(LinesOf(invoice, content, made));
        db.Deferrals.AddRange(content.Lines.Select(l => Deferral.Of(l.Charge, customer)).OfType<Deferral>());
        await db.BookAsync(new NewTransaction($"invoice:{invoice.Id:N}", LedgerKind.Invoice, now, InvoicePostings.Of(invoice, content, made)), now, cancel);
        await InvoicePostings.AddCreditAsync(db, content, now, cancel);
        account.Carry = made.Rounded.Carry;
        account.BilledUntil = invoice.PeriodEnd > account.BilledUntil ? invoice.PeriodEnd : account.BilledUntil;
        db.Publish(new InvoiceIssued(invoice.Id, invoice.AccountId, made.Form.Number));
        await db.SaveChangesAsync(cancel);
        return invoice;
    }

    private static void CheckDraft(Invoice invoice)
    {
        if (invoice.State is not InvoiceState.Draft)
        {
            throw new Refusal(RefusalCode.Conflict, invoice.IsIssued ? $"It was issued before, as {invoice.Number}." : $"The invoice is {invoice.State.ToWire()} and cannot be issued.");
        }

        if (invoice.ReviewReason is { } reason)
        {
            throw new Refusal(RefusalCode.Conflict, $"Somebody must look at it first: {reason} Release it when it is right.");
        }
    }

    private static IEnumerable<InvoiceLine> LinesOf(Invoice invoice, InvoiceContent content, MadeInvoice made) => content.Lines.Select((line, at) => new InvoiceLine
    {
        InvoiceId = invoice.Id,
        Line = at + 1,
        Key = line.Key,
        Kind = line.Kind,
        TaxClass = line.TaxClass,
        Description = line.Description,
        UnitPrice = line.UnitPrice,
        ProductId = line.ProductId,
        PriceVersionId = line.PriceVersionId,
        ChargeId = line.Charge?.Id,
        Quantity = line.Quantity,
        Currency = invoice.Currency,
        Exact = line.Exact,
        Amount = made.Rounded.Amounts[at],
        Tax = made.Taxes.Lines[at],
        TaxRuleId = PublicId.TryParse(Taxation.RulePrefix, made.Taxes.Decisions[at].RuleId, out var ruleId) ? ruleId : null,
    });

    private async Task<string> NameAsync(Guid accountId, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var names = await scope.ServiceProvider.GetRequiredService<Namespaces>().ByIdAsync([accountId], cancel);
        return names.TryGetValue(accountId, out var account) ? (account.FullName.Length > 0 ? account.FullName : account.Name) : accountId.ToString("N");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Invoice {Number} of {Total} {Currency} was issued to account {AccountId}")]
    private static partial void Issued(ILogger log, string? number, Guid accountId, Money total, Currency currency);
}

/// <summary>An account was asked to pay.</summary>
/// <param name="Number">Such as <c>LS-2026-000123</c>.</param>
public sealed record InvoiceIssued(Guid InvoiceId, Guid AccountId, string Number);
