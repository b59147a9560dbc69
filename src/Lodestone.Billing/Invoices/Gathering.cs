using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>
/// Collects what an account has to be billed for up to an instant. Each rated row and charge is claimed under its own key, so that it is on
/// one invoice at most, whatever is cut short; what is recorded after its period was gathered is claimed by the next invoice.
/// </summary>
internal sealed class Gathering(BillingSteps steps, TimeProvider clock)
{
    private const int Batch = 20_000;
    private const int ReviewFactor = 5;
    private const int ReviewedLast = 3;

    private static readonly Money ReviewAbove = Money.FromStored(100, 0, BillingOptions.Currency);
    private static readonly RefusalCode PeriodInverted = new("period_inverted", 422);

    /// <summary>A draft of all that is not billed yet; the one that there is, where one was begun.</summary>
    /// <param name="until">The first instant that is not in it; not in the future.</param>
    /// <param name="replaces">A void invoice, of whose period the draft is.</param>
    /// <param name="isAutomatic">The server begins it, and will issue it.</param>
    /// <exception cref="Refusal"><c>period_inverted</c>.</exception>
    public async Task<Invoice> DraftAsync(Guid accountId, DateTimeOffset until, CancellationToken cancel, Invoice? replaces = null, bool isAutomatic = false)
    {
        var draft = await steps.WriteAsync((db, token) => BeginAsync(db, new DraftOrder(accountId, until, replaces, isAutomatic), token), cancel);
        if (draft.State is InvoiceState.Gathering)
        {
            while (await steps.WriteAsync((db, token) => ClaimRowsAsync(db, draft, token), cancel) == Batch)
            {
                // Batch after batch, so that calls are not kept waiting by one long transaction.
            }

            draft = await steps.WriteAsync((db, token) => EndAsync(db, draft.Id, token), cancel);
        }

        return draft;
    }

    /// <summary>Gives back what a draft has claimed.</summary>
    public Task<Invoice> DiscardAsync(Guid invoiceId, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            await db.LockAsync<Invoice>(invoiceId, token);
            var draft = await db.Invoices.SingleAsync(i => i.Id == invoiceId, token);
            if (!draft.IsDraft)
            {
                throw new Refusal(RefusalCode.Conflict, $"The invoice is {draft.State.ToWire()}: only a draft can be discarded.");
            }

            draft.Discard();
            await ReleaseAsync(db, invoiceId, token);
            await db.SaveChangesAsync(token);
            return draft;
        },
        cancel);

    internal static async Task ReleaseAsync(BillingDb db, Guid invoiceId, CancellationToken cancel)
    {
        await db.InvoicedRows.Where(r => r.InvoiceId == invoiceId).ExecuteDeleteAsync(cancel);
        await db.InvoicedCharges.Where(c => c.InvoiceId == invoiceId).ExecuteDeleteAsync(cancel);
    }

    private async Task<Invoice> BeginAsync(BillingDb db, DraftOrder order, CancellationToken cancel)
    {
        var (accountId, until, replaces, isAutomatic) = order;
        var now = clock.GetUtcNow();
        var account = await db.LockBilledAsync(accountId, cancel);
        if (await db.Invoices.SingleOrDefaultAsync(i => i.AccountId == accountId && (i.State == InvoiceState.Gathering || i.State == InvoiceState.Draft), cancel) is { } begun)
        {
            return begun;
        }

        var customer = await db.CustomerAsync(accountId, now, cancel);
        var start = replaces?.PeriodStart ?? await StartAsync(db, account, customer, until, cancel);
        if (until > now || until <= start)
        {
            throw new Refusal(PeriodInverted, $"An invoice can be of the time from {Instants.ToWire(start)} up to now; {Instants.ToWire(until)} is not in it.") { Param = "until" };
        }

        var draft = new Invoice
        {
            Id = Guid.CreateVersion7(now), AccountId = accountId, Currency = customer.Currency, PeriodStart = start, PeriodEnd = until, CreatedAt = now, ReplacesId = replaces?.Id, IsAutomatic = isAutomatic,
        };
        db.Invoices.Add(draft);
        await db.SaveChangesAsync(cancel);
        return draft;
    }

    /// <summary>Where the account's next invoice begins.</summary>
    internal static async Task<DateTimeOffset> StartAsync(BillingDb db, BilledAccount? account, Customer customer, DateTimeOffset until, CancellationToken cancel) =>
        account is not null && account.BilledUntil > DateTimeOffset.UnixEpoch ? account.BilledUntil : await FirstAsync(db, customer, until, cancel);

    // The local month of the first thing that there is to bill.
    private static async Task<DateTimeOffset> FirstAsync(BillingDb db, Customer customer, DateTimeOffset until, CancellationToken cancel)
    {
        var row = await db.RatedRows.Where(r => r.AccountId == customer.Id).MinAsync(r => (DateOnly?)r.Day, cancel);
        var charge = await db.Charges.Where(c => c.AccountId == customer.Id).MinAsync(c => (DateTimeOffset?)c.OccurredAt, cancel);
        var first = new[] { row is { } day ? Days.Start(day) : until, charge ?? until, until }.Min();
        return customer.StartOf(Days.Month(customer.DayOf(first)));
    }

    private static Task<int> ClaimRowsAsync(BillingDb db, Invoice draft, CancellationToken cancel)
    {
        var lastDay = Days.Number(Days.Of(draft.PeriodEnd));
        var end = db.Database.IsNpgsql() ? (object)draft.PeriodEnd.ToUniversalTime() : Instants.ToMicroseconds(draft.PeriodEnd);
        return db.Database.ExecuteSqlAsync(
            $"""
            insert into billing_invoiced_row (event_id, class, invoice_id)
            select r.event_id, r.class, {draft.Id} from billing_rated_row r left join billing_meter_event e on e.id = r.event_id
            where r.account_id = {draft.AccountId} and r.day <= {lastDay} and (r.day < {lastDay} or e.time < {end})
              and not exists (select 1 from billing_invoiced_row i where i.event_id = r.event_id and i.class = r.class)
            limit {Batch}
            """,
            cancel);
    }

    private async Task<Invoice> EndAsync(BillingDb db, Guid invoiceId, CancellationToken cancel)
    {
        var draft = await db.Invoices.SingleAsync(i => i.Id == invoiceId, cancel);
        if (draft.State is not InvoiceState.Gathering)
        {
            return draft;
        }

        var charges = await db.Charges.AsNoTracking()
            .Where(c => c.AccountId == draft.AccountId && c.OccurredAt < draft.PeriodEnd && !db.InvoicedCharges.Any(i => i.Id == c.Id)).ToListAsync(cancel);
        db.InvoicedCharges.AddRange(charges.Select(c => new InvoicedCharge { Id = c.Id, InvoiceId = draft.Id }));
        var owed = charges.Aggregate(
            await db.LedgerSumAsync(LedgerAccounts.Unbilled(draft.AccountId), draft.Currency, cancel), (sum, charge) => sum + charge.Amount.In(charge.Currency));
        draft.Gathered(clock.GetUtcNow(), await ReviewAsync(db, draft, owed, cancel));
        await db.SaveChangesAsync(cancel);
        return draft;
    }

    private static async Task<string?> ReviewAsync(BillingDb db, Invoice draft, Money owed, CancellationToken cancel)
    {
        var last = (await db.Invoices.AsNoTracking().Where(i => i.AccountId == draft.AccountId && i.Number != null && i.State != InvoiceState.Void && i.Net.Units >= 0)
            .OrderByDescending(i => i.Id).Take(ReviewedLast).ToListAsync(cancel)).ConvertAll(i => i.Total);
        if (last.Count < ReviewedLast || owed <= ReviewAbove)
        {
            return null;
        }

        var median = last.Order().ElementAt(ReviewedLast / 2);
        return owed.Picos > median.Picos * ReviewFactor ? $"It is more than {ReviewFactor} times the usual {MinorUnits.Text(median)} {median.Currency}." : null;
    }

    private sealed record DraftOrder(Guid AccountId, DateTimeOffset Until, Invoice? Replaces, bool IsAutomatic);
}
