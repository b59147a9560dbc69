using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Which payments a refund goes back to, the newest first, and what it is taken from. Never more than was paid.</summary>
internal sealed class RefundPlans(TimeProvider clock)
{
    private static readonly RefusalCode OverRemainder = new("exceeds_remainder", 409);
    private static readonly RefusalCode OverPaid = new("exceeds_paid", 409);

    /// <summary>In the caller's transaction: grants reduced, refunds written.</summary>
    public async Task<List<Refund>> OfCreditAsync(BillingDb db, Guid accountId, Guid? grantId, RefundOrder order, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var wallet = await db.LockWalletAsync(accountId, cancel);
        var grants = (await db.CreditGrants.Where(g => g.AccountId == accountId && (grantId == null || g.Id == grantId)).ToListAsync(cancel))
            .Where(g => grantId is not null || (g is { IsPaid: true, Refundable: true, State: GrantState.Usable } && g.Remaining.In(g.Currency).Picos > 0))
            .OrderByDescending(g => g.CreatedAt).ThenByDescending(g => g.Id).ToList();
        if (grantId is not null && grants.Count == 0)
        {
            throw new Refusal(RefusalCode.NotFound, "The account has no such grant.");
        }

        var (refunds, rest, unspent) = (new List<Refund>(), order.Amount, Money.Zero(order.Amount.Currency));
        foreach (var grant in grants)
        {
            var sources = await SourcesAsync(db, grant, cancel);
            var left = await CoverableAsync(db, grant, sources, cancel);
            unspent += left;
            var taken = Money.Min(rest, left);
            if (taken.IsZero && grantId is null)
            {
                continue;
            }

            await CreditGrants.RefundAsync(db, wallet, grant, grantId is null ? taken : rest, now, cancel);
            refunds.AddRange(await SplitAsync(db, new RefundPart(accountId, RefundSource.Credit, grant.Id), sources, taken, order, cancel));
            rest -= taken;
        }

        if (rest.Picos > 0)
        {
            throw new Refusal(OverRemainder, $"{unspent} {order.Amount.Currency} of what the account paid for is unspent and can be sent back: refund that at most.") { Param = "amount" };
        }

        return await KeepAsync(db, accountId, refunds, order, cancel);
    }

    /// <summary>In the caller's transaction: what was paid too much becomes payable, refunds written.</summary>
    public async Task<List<Refund>> OfInvoiceAsync(BillingDb db, Guid invoiceId, RefundOrder order, CancellationToken cancel)
    {
        await db.LockAsync<Invoice>(invoiceId, cancel);
        var invoice = await db.Invoices.AsNoTracking().SingleAsync(i => i.Id == invoiceId, cancel);
        await db.LockBilledAsync(invoice.AccountId, cancel); // an invoice that is being issued may use the same balance
        var sources = await SourcesAsync(db, invoiceId, cancel);
        var most = await OverpaidAsync(db, invoice, sources, cancel);
        if (order.Amount > most || MinorUnits.Floor(order.Amount).Over != 0)
        {
            throw new Refusal(OverPaid, $"{invoice.Number} was paid {MinorUnits.Text(most)} {invoice.Currency} more than it asks for, and that can be sent back at most. Write a credit note first, and name whole minor units.") { Param = "amount" };
        }

        var refunds = await SplitAsync(db, new RefundPart(invoice.AccountId, RefundSource.Invoice, invoiceId), sources, order.Amount, order, cancel);
        var now = clock.GetUtcNow();
        foreach (var refund in refunds)
        {
            await db.BookAsync(
                new NewTransaction($"refund_due:{refund.Id:N}", LedgerKind.Withdrawal, now, [(LedgerAccounts.CustomerBalance(invoice.AccountId), refund.Money), (LedgerAccounts.RefundPayable(invoice.AccountId), -refund.Money)]), now, cancel);
        }

        return await KeepAsync(db, invoice.AccountId, refunds, order, cancel);
    }

    private static async Task<Money> OverpaidAsync(BillingDb db, Invoice invoice, List<RefundableAmount> sources, CancellationToken cancel)
    {
        var zero = Money.Zero(invoice.Currency);
        if (invoice.Form is not { } canonical || invoice.State is InvoiceState.Void or InvoiceState.Disputed or InvoiceState.Uncollectible)
        {
            return zero;
        }

        var credited = (await db.CreditNotes.AsNoTracking().Where(n => n.InvoiceId == invoice.Id).ToListAsync(cancel)).Aggregate(zero, (sum, n) => sum + n.Total);
        var applied = Money.TryParse(InvoiceForm.Parse(canonical).BalanceApplied, invoice.Currency, out var amount) ? amount : zero;
        var paid = sources.Aggregate(zero, (sum, s) => sum + s.Left);
        var asked = Max(invoice.Total - credited - applied, zero);
        var balance = -await db.LedgerSumAsync(LedgerAccounts.CustomerBalance(invoice.AccountId), invoice.Currency, cancel);
        return Max(Money.Min(Money.Min(paid - asked, paid), balance), zero);
    }

    /// <summary>What can be sent back of a grant: what is unspent, in whole minor units where a provider sends it.</summary>
    private static async Task<Money> CoverableAsync(BillingDb db, CreditGrant grant, List<RefundableAmount> sources, CancellationToken cancel)
    {
        var remaining = grant.Remaining.In(grant.Currency);
        if (sources is [])
        {
            return remaining; // by bank, however much it is
        }

        var unit = MinorUnits.Of(grant.Currency);
        var whole = new Money(remaining.Picos / unit * unit, grant.Currency);
        var disputed = await db.Disputes.AnyAsync(d => d.GrantId == grant.Id && (d.State == DisputeState.Open || d.State == DisputeState.Lost), cancel);
        return disputed ? Money.Zero(grant.Currency) : Money.Min(whole, sources.Aggregate(Money.Zero(grant.Currency), (sum, s) => sum + s.Left));
    }

    private async Task<List<Refund>> SplitAsync(BillingDb db, RefundPart part, List<RefundableAmount> sources, Money amount, RefundOrder order, CancellationToken cancel)
    {
        var (refunds, rest) = (new List<Refund>(), amount);
        foreach (var source in sources.Count > 0 ? sources : [new RefundableAmount(null, ManualPayments.ProviderName, null, amount)])
        {
            var taken = Money.Min(rest, source.Left);
            if (taken.Picos <= 0)
            {
                continue;
            }

            var (now, id) = (clock.GetUtcNow(), Guid.CreateVersion7(clock.GetUtcNow()));
            refunds.Add(new Refund
            {
                Id = id, AccountId = part.AccountId, Key = Refund.KeyOf(id, 1), Source = part.Source, SourceId = part.SourceId, PaymentId = source.PaymentId, Provider = source.Provider,
                PaymentReference = source.Reference, Currency = amount.Currency, Amount = taken, Reason = order.Reason, RequestedBy = order.RequestedBy, CreatedAt = now,
            });
            rest -= taken;
        }

        db.Refunds.AddRange(refunds);
        await db.SaveChangesAsync(cancel);
        return refunds;
    }

    private async Task<List<Refund>> KeepAsync(BillingDb db, Guid accountId, List<Refund> refunds, RefundOrder order, CancellationToken cancel)
    {
        db.CustomerActs.Add(new CustomerAct
        {
            Id = Guid.CreateVersion7(clock.GetUtcNow()), AccountId = accountId, Act = $"sent {order.Amount} {order.Amount.Currency} back", Reason = order.Reason,
            DoneBy = order.RequestedBy, DoerName = order.RequesterName, DoneAt = clock.GetUtcNow(),
        });
        await db.SaveChangesAsync(cancel);
        return refunds;
    }

    /// <summary>The payments that a grant was bought with; none where it is not known.</summary>
    private static async Task<List<RefundableAmount>> SourcesAsync(BillingDb db, CreditGrant grant, CancellationToken cancel)
    {
        var parts = grant.SourceRef.Split(':');
        if (parts is not [var kind, var text] || !Guid.TryParseExact(text, "N", out var sourceId))
        {
            return [];
        }

        if (kind == "topup" && await db.TopUps.AsNoTracking().SingleOrDefaultAsync(t => t.Id == sourceId, cancel) is { } topUp)
        {
            return [await LeftAsync(db, new RefundableAmount(topUp.Id, topUp.Provider, topUp.ProviderReference, topUp.Money), cancel)];
        }

        return kind == "charge" && await db.InvoicedCharges.Where(c => c.Id == sourceId).Select(c => (Guid?)c.InvoiceId).SingleOrDefaultAsync(cancel) is { } invoiceId ? await SourcesAsync(db, invoiceId, cancel) : [];
    }

    /// <summary>What was paid of an invoice and not yet sent back, the newest payment first.</summary>
    private static async Task<List<RefundableAmount>> SourcesAsync(BillingDb db, Guid invoiceId, CancellationToken cancel)
    {
        var left = new List<RefundableAmount>();
        foreach (var attempt in await db.PaymentAttempts.AsNoTracking().Where(a => a.InvoiceId == invoiceId && a.State == TopUpState.Succeeded).OrderByDescending(a => a.Number).ToListAsync(cancel))
        {
            left.Add(await LeftAsync(db, new RefundableAmount(attempt.Id, attempt.Provider, attempt.ProviderReference, attempt.Amount.In(attempt.Currency)), cancel));
        }

        return left;
    }

    private static async Task<RefundableAmount> LeftAsync(BillingDb db, RefundableAmount paid, CancellationToken cancel)
    {
        var earlier = await db.Refunds.AsNoTracking().Where(r => r.PaymentId == paid.PaymentId).ToListAsync(cancel);
        var isDisputed = await db.Disputes.AnyAsync(d => d.PaymentId == paid.PaymentId && (d.State == DisputeState.Open || d.State == DisputeState.Lost), cancel);
        return paid with { Left = isDisputed ? Money.Zero(paid.Left.Currency) : earlier.Aggregate(paid.Left, (left, r) => left - r.Money) };
    }

    private static Money Max(Money left, Money right) => left > right ? left : right;

    private sealed record RefundPart(Guid AccountId, RefundSource Source, Guid SourceId);

    /// <param name="Left">What was paid and not yet sent back.</param>
    private sealed record RefundableAmount(Guid? PaymentId, string Provider, string? Reference, Money Left);
}
