using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Invoices as customers and administrators find them.</summary>
internal sealed class Invoices(BillingSteps steps, Gathering gathering, Issuing issuing, CreditNotes notes)
{
    /// <summary>Newest first.</summary>
    public Task<List<Invoice>> ListAsync(Guid? accountId, Caller caller, Guid? before, int limit, CancellationToken cancel) => steps.ReadAsync(db => db.Invoices.VisibleTo(caller).AsNoTracking()
        .Where(i => (accountId == null || i.AccountId == accountId) && i.State != InvoiceState.Discarded && (i.Number != null || caller.IsAdministrator) && (before == null || i.Id < before))
        .OrderByDescending(i => i.Id).Take(limit).ToListAsync(cancel));

    public Task<List<CreditNote>> NotesAsync(Guid accountId, Caller caller, CancellationToken cancel) => steps.ReadAsync(db => db.CreditNotes.VisibleTo(caller).AsNoTracking()
        .Where(n => n.AccountId == accountId).OrderByDescending(n => n.Id).ToListAsync(cancel));

    public Task<List<CreditNote>> NotesOfAsync(Guid invoiceId, CancellationToken cancel) => steps.ReadAsync(db => db.CreditNotes.AsNoTracking()
        .Where(n => n.InvoiceId == invoiceId).OrderBy(n => n.Id).ToListAsync(cancel));

    /// <summary>By number, or a draft by id.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>not_found</c>.</exception>
    public async Task<Invoice> FindAsync(string name, Caller caller, CancellationToken cancel)
    {
        var visible = caller.Allowing(TokenScope.ReadBilling);
        return await steps.ReadAsync(db => db.Invoices.VisibleTo(visible).AsNoTracking().Named(name).SingleOrDefaultAsync(i => i.Number != null || visible.IsAdministrator, cancel))
            ?? throw new Refusal(RefusalCode.NotFound, $"There is no invoice {name} that you may see.");
    }

    /// <summary>A page of the requests of a line.</summary>
    public async Task<List<LineRequest>> RequestsAsync(Invoice invoice, long line, RequestPlace? after, int limit, CancellationToken cancel) =>
        await steps.ReadAsync(db => LineRequests.ReadAsync(db, invoice, line, after, limit, cancel))
        ?? throw new Refusal(RefusalCode.NotFound, $"{invoice.Number} has no line {line} of usage.");

    public Task<Invoice> DraftAsync(Guid accountId, DateTimeOffset until, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return gathering.DraftAsync(accountId, until, cancel);
    }

    /// <param name="releases">Also what waits for somebody to look at it.</param>
    public async Task<Invoice> IssueAsync(Invoice invoice, bool releases, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        if (releases && invoice.ReviewReason is not null)
        {
            await steps.WriteAsync(
                async (db, token) =>
                {
                    (await db.Invoices.SingleAsync(i => i.Id == invoice.Id, token)).Release();
                    return await db.SaveChangesAsync(token);
                },
                cancel);
        }

        return await issuing.IssueAsync(invoice.Id, cancel);
    }

    public Task<Invoice> DiscardAsync(Invoice invoice, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return gathering.DiscardAsync(invoice.Id, cancel);
    }

    /// <param name="replaces">Drafts what it asked for anew.</param>
    /// <returns>The void invoice, and the draft in its place where one was asked for.</returns>
    public async Task<(Invoice Void, Invoice? Draft)> VoidAsync(Invoice invoice, bool replaces, Caller administrator, CancellationToken cancel)
    {
        var gone = await notes.VoidAsync(invoice.Id, administrator, cancel);
        return (gone, replaces ? await gathering.DraftAsync(invoice.AccountId, invoice.PeriodEnd, cancel, replaces: invoice) : null);
    }
}
