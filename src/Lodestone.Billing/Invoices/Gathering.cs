using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>
/// Collects what an account has to be billed for up to an instant: its roll-ups and charges, each on one invoice at most. What is recorded
/// after its minute was claimed is in a roll-up of its own, which the next invoice claims.
/// </summary>
internal sealed class Gathering(BillingSteps steps, TimeProvider clock)
{
    private const int ReviewFactor = 5;
    private const int ReviewedLast = 3;

    private static readonly Money ReviewAbove = Money.FromStored(100, 0, BillingOptions.Currency);
    private static readonly RefusalCode PeriodInverted = new("period_inverted", 422);

    /// <summary>A draft of all that is not billed yet; the one that there is, where one was begun.</summary>
    /// <param name="until">The first instant that is not in it, rounded down to its minute; not in the future.</param>
    /// <param name="replaces">A void invoice, of whose period the draft is.</param>
    /// <param name="isAutomatic">The server begins it, and will issue it.</param>
    /// <exception cref="Refusal"><c>period_inverted</c>.</exception>
    public Task<Invoice> DraftAsync(Guid accountId, DateTimeOffset until, CancellationToken cancel, Invoice? replaces = null, bool isAutomatic = false) => steps.WriteAsync(
        async (db, token) =>
        {
            var draft = await BeginAsync(db, new DraftOrder(accountId, RollUp.MinuteOf(until), replaces, isAutomatic), token);
            if (draft.State is InvoiceState.Gathering)
            {
                await GatherAsync(db, draft, token);
            }

            return draft;
        },
        cancel);

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
        await db.RollUps.Where(u => u.InvoiceId == invoiceId).ExecuteUpdateAsync(set => set.SetProperty(u => u.InvoiceId, (Guid?)null), cancel);
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
        var used = await db.RollUps.Where(u => u.AccountId == customer.Id && u.InvoiceId == null).MinAsync(u => (DateTimeOffset?)u.Minute, cancel);
        var charge = await db.Charges.Where(c => c.AccountId == customer.Id).MinAsync(c => (DateTimeOffset?)c.OccurredAt, cancel);
        var first = new[] { used ?? until, charge ?? until, until }.Min();
        return customer.StartOf(Days.Month(customer.DayOf(first)));
    }

    private async Task GatherAsync(BillingDb db, Invoice draft, CancellationToken cancel)
    {
        await db.LockWalletAsync(draft.AccountId, cancel); // calls of the account wait, so that none adds to what is being claimed
        await db.RollUps.Where(u => u.AccountId == draft.AccountId && u.InvoiceId == null && u.Minute < draft.PeriodEnd)
            .ExecuteUpdateAsync(set => set.SetProperty(u => u.InvoiceId, (Guid?)draft.Id).SetProperty(u => u.IsOpen, false), cancel);
        var charges = await db.Charges.AsNoTracking()
            .Where(c => c.AccountId == draft.AccountId && c.OccurredAt < draft.PeriodEnd && !db.InvoicedCharges.Any(i => i.Id == c.Id)).ToListAsync(cancel);
        db.InvoicedCharges.AddRange(charges.Select(c => new InvoicedCharge { Id = c.Id, InvoiceId = draft.Id }));
        var carry = await db.BilledAccounts.AsNoTracking().Where(a => a.Id == draft.AccountId).Select(a => a.Carry).SingleAsync(cancel);
        var used = await db.RollUps.Where(u => u.InvoiceId == draft.Id).OwedAsync(draft.Currency, cancel);
        var owed = charges.Aggregate(carry.In(draft.Currency) + used, (sum, charge) => sum + charge.Amount.In(charge.Currency));
        draft.Gathered(clock.GetUtcNow(), await ReviewAsync(db, draft, owed, cancel));
        await db.SaveChangesAsync(cancel);
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
