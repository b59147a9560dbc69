using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Payments that payers had taken back. While one is open its money is in dispute: what is left of credit that it bought is frozen, an invoice
/// that it paid is disputed. Lost, what was left of the credit is gone and what was used of it is charged again; an invoice's is bad debt.
/// </summary>
internal sealed partial class Disputes(BillingSteps steps, TimeProvider clock, ILogger<Disputes> log)
{
    /// <summary>An account's, newest first.</summary>
    public Task<List<Dispute>> OfAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(db => db.Disputes.AsNoTracking()
        .Where(d => d.AccountId == accountId).OrderByDescending(d => d.Id).ToListAsync(cancel));

    /// <summary>How a dispute stands at its provider; whatever came before is caught up with.</summary>
    public Task<int> ApplyAsync(IPaymentProvider provider, ProviderDispute known, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            if (await FindAsync(db, provider.Name, known, token) is not { } dispute)
            {
                NotOurs(log, provider.Name, known.Reference);
                return 0;
            }

            var (before, now) = (dispute.State, clock.GetUtcNow());
            if (before is DisputeState.Won or DisputeState.Lost)
            {
                return 0;
            }

            (dispute.State, dispute.UpdatedAt) = (known.State, now);
            await db.MoveAsync(provider, ProviderMovementKind.DisputeFee, known.Reference, known.Fee, now, token);
            if (before is not DisputeState.Open && known.State is DisputeState.Open or DisputeState.Won or DisputeState.Lost)
            {
                await OpenAsync(db, provider, dispute, now, token);
            }

            if (known.State is DisputeState.Won)
            {
                await WinAsync(db, provider, dispute, now, token);
            }
            else if (known.State is DisputeState.Lost)
            {
                await LoseAsync(db, dispute, now, token);
            }

            Stands(log, dispute.AccountId, dispute.Reference, dispute.Money, dispute.Currency, dispute.State);
            return await db.SaveChangesAsync(token);
        },
        cancel);

    private static async Task<Dispute?> FindAsync(BillingDb db, string provider, ProviderDispute known, CancellationToken cancel)
    {
        if (await db.Disputes.SingleOrDefaultAsync(d => d.Provider == provider && d.Reference == known.Reference, cancel) is { } ours)
        {
            await db.LockAsync<Dispute>(ours.Id, cancel);
            await db.Entry(ours).ReloadAsync(cancel);
            return ours;
        }

        var attempt = await db.PaymentAttempts.AsNoTracking().SingleOrDefaultAsync(a => a.Provider == provider && a.ProviderReference == known.PaymentReference && a.State == TopUpState.Succeeded, cancel);
        var topUp = attempt is null ? await db.TopUps.AsNoTracking().SingleOrDefaultAsync(t => t.Provider == provider && t.ProviderReference == known.PaymentReference && t.State == TopUpState.Succeeded, cancel) : null;
        if ((attempt?.AccountId ?? topUp?.AccountId) is not { } accountId)
        {
            return null;
        }

        var source = topUp is null ? "" : $"topup:{topUp.Id:N}";
        var dispute = new Dispute
        {
            Id = Guid.CreateVersion7(known.CreatedAt), AccountId = accountId, Provider = provider, Reference = known.Reference, PaymentId = attempt?.Id ?? topUp!.Id, // one of them was found
            InvoiceId = attempt?.InvoiceId, GrantId = await db.CreditGrants.Where(g => g.AccountId == accountId && g.SourceRef == source).Select(g => (Guid?)g.Id).SingleOrDefaultAsync(cancel),
            Currency = known.Amount.Currency, Amount = known.Amount, State = DisputeState.Inquiry, Reason = known.Reason, OpenedAt = known.CreatedAt,
        };
        db.Disputes.Add(dispute);
        await db.SaveChangesAsync(cancel); // of two servers that apply the same, the second fails here and comes again
        return dispute;
    }

    private static async Task OpenAsync(BillingDb db, IPaymentProvider provider, Dispute dispute, DateTimeOffset now, CancellationToken cancel)
    {
        await db.BookAsync(
            new NewTransaction($"dispute:{dispute.Id:N}", LedgerKind.Dispute, now, [(LedgerAccounts.Disputed(dispute.AccountId), dispute.Money), (provider.ArrivesIn, -dispute.Money)]), now, cancel);
        if (await InvoiceAsync(db, dispute, cancel) is { } invoice)
        {
            invoice.Dispute();
        }

        if (dispute.GrantId is { } grantId)
        {
            var wallet = await db.LockWalletAsync(dispute.AccountId, cancel);
            var grant = await db.CreditGrants.SingleAsync(g => g.Id == grantId, cancel);
            if (grant.State is GrantState.Usable)
            {
                wallet.Add(grant.IsScoped ? Money.Zero(grant.Currency) : -grant.Remaining.In(grant.Currency));
                grant.State = GrantState.Frozen;
            }
        }
    }

    private static async Task WinAsync(BillingDb db, IPaymentProvider provider, Dispute dispute, DateTimeOffset now, CancellationToken cancel)
    {
        await db.BookAsync(
            new NewTransaction($"dispute_won:{dispute.Id:N}", LedgerKind.DisputeWon, now, [(provider.ArrivesIn, dispute.Money), (LedgerAccounts.Disputed(dispute.AccountId), -dispute.Money)]), now, cancel);
        if (await InvoiceAsync(db, dispute, cancel) is { } invoice)
        {
            invoice.Undispute();
        }

        if (dispute.GrantId is { } grantId)
        {
            var wallet = await db.LockWalletAsync(dispute.AccountId, cancel);
            var grant = await db.CreditGrants.SingleAsync(g => g.Id == grantId, cancel);
            if (grant.State is GrantState.Frozen)
            {
                grant.State = GrantState.Usable;
                wallet.Add(grant.IsScoped ? Money.Zero(grant.Currency) : grant.Remaining.In(grant.Currency));
            }
        }
    }

    private static async Task LoseAsync(BillingDb db, Dispute dispute, DateTimeOffset now, CancellationToken cancel)
    {
        var disputed = LedgerAccounts.Disputed(dispute.AccountId);
        if (dispute.GrantId is { } grantId)
        {
            await db.LockWalletAsync(dispute.AccountId, cancel);
            var grant = await db.CreditGrants.SingleAsync(g => g.Id == grantId, cancel);
            var left = Money.Min(grant.Remaining.In(grant.Currency), dispute.Money);
            grant.Withdraw(left, isVoid: true);
            await db.BookAsync(new NewTransaction($"dispute_lost:{dispute.Id:N}", LedgerKind.DisputeLost, now, [(LedgerAccounts.Prepaid(dispute.AccountId), left), (disputed, -left)]), now, cancel);
            if (left < dispute.Money)
            {
                db.Charges.Add(ChargeOf(dispute, dispute.Money - left, now));
            }

            return;
        }

        await db.BookAsync(new NewTransaction($"dispute_lost:{dispute.Id:N}", LedgerKind.DisputeLost, now, [(LedgerAccounts.BadDebt, dispute.Money), (disputed, -dispute.Money)]), now, cancel);
        if (await InvoiceAsync(db, dispute, cancel) is { } invoice)
        {
            invoice.WriteOff();
        }
    }

    // What was used is owed once more: the next invoice moves it from what is in dispute to what is receivable.
    private static Charge ChargeOf(Dispute dispute, Money used, DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now), Key = $"chargeback:{dispute.Id:N}", AccountId = dispute.AccountId, Kind = ChargeKind.Chargeback, Item = "chargeback",
        Description = "Credit that was used before its payment was taken back", Quantity = 1, Currency = dispute.Currency, Amount = used,
        PeriodStart = now, PeriodEnd = now, OccurredAt = now, RecordedAt = now,
    };

    private static async Task<Invoice?> InvoiceAsync(BillingDb db, Dispute dispute, CancellationToken cancel)
    {
        if (dispute.InvoiceId is not { } invoiceId)
        {
            return null;
        }

        await db.LockAsync<Invoice>(invoiceId, cancel);
        return await db.Invoices.SingleAsync(i => i.Id == invoiceId, cancel);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Dispute {Reference} of account {AccountId} over {Amount} {Currency} is {State}")]
    private static partial void Stands(ILogger log, Guid accountId, string reference, Money amount, Currency currency, DisputeState state);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Dispute {Reference} at {Provider} is about a payment that this server does not know; reconciliation lists it")]
    private static partial void NotOurs(ILogger log, string provider, string reference);
}
