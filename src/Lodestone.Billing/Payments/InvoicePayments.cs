using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Collects invoices. The attempt is a committed row before a provider is asked, under a key that the provider knows it by; what a
/// provider did not answer is cleared up by asking, never by another attempt.
/// </summary>
internal sealed partial class InvoicePayments(BillingSteps steps, Charging charging, PaymentMethods methods, DunningOptions dunning, TimeProvider clock, ILogger<InvoicePayments> log) : ITaskHandler
{
    public const string Kind = "billing.invoice-payments";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await ResolveAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    /// <summary>Begins to pay what is open of an invoice, for somebody who is there.</summary>
    /// <param name="provider">The one of the account's own method where none is named.</param>
    /// <param name="returnUrl">Where the payer comes back to who has to confirm at the provider.</param>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>unknown_provider</c>, <c>no_payment_method</c>; <c>conflict</c>: nothing is open, or an attempt is under way.</exception>
    public async Task<PaymentAttempt> PayAsync(Invoice invoice, string? provider, string? returnUrl, Caller caller, CancellationToken cancel)
    {
        if (!caller.CanAdminister(invoice.AccountId))
        {
            throw new Refusal(RefusalCode.Forbidden, "You may not pay for this account with this credential. Use one of its administrators' that may write.");
        }

        var wanted = provider ?? (await methods.DefaultAsync(invoice.AccountId, cancel))?.Provider;
        var (chosen, methodId) = await charging.ChooseAsync(wanted, invoice.AccountId, cancel);
        var order = new AttemptOrder(invoice.Id, chosen.Name, methodId, caller.Id, IsUnattended: false);
        var attempt = await steps.WriteAsync((db, token) => BeginAsync(db, order, token), cancel);
        return attempt is null
            ? throw new Refusal(RefusalCode.Conflict, $"A payment of {invoice.Number} is under way. Wait for its end before you pay again.")
            : await ChargeAsync(attempt, returnUrl, cancel);
    }

    /// <summary>
    /// Charges what is open of an invoice with what the account pays with, while nobody is there. Nothing happens for accounts that have
    /// given nothing, while a payment is under way, or where the same method was refused for good.
    /// </summary>
    public async Task<PaymentAttempt?> CollectAsync(Guid invoiceId, CancellationToken cancel)
    {
        var accountId = await steps.ReadAsync(db => db.Invoices.Where(i => i.Id == invoiceId).Select(i => (Guid?)i.AccountId).SingleOrDefaultAsync(cancel));
        if (accountId is not { } payer || await methods.DefaultAsync(payer, cancel) is not { } method)
        {
            return null;
        }

        var order = new AttemptOrder(invoiceId, method.Provider, method.Id, Caller.Server.Id, IsUnattended: true);
        var attempt = await steps.WriteAsync(
            async (db, token) => await IsHopelessAsync(db, order, token) ? null : await BeginAsync(db, order, token),
            cancel);
        return attempt is null ? null : await ChargeAsync(attempt, returnUrl: null, cancel);
    }

    /// <summary>An administrator has seen a transfer arrive. Confirming twice is confirming once.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>not_found</c>, <c>conflict</c>.</exception>
    public async Task<PaymentAttempt> ConfirmAsync(Guid attemptId, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        var attempt = await steps.ReadAsync(db => db.PaymentAttempts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == attemptId, cancel))
            ?? throw new Refusal(RefusalCode.NotFound, "There is no such payment.");
        return attempt.State is TopUpState.Awaiting || (attempt.State is TopUpState.Succeeded && attempt.Provider == ManualPayments.ProviderName)
            ? await ApplyAsync(attemptId, new PaymentResult(TopUpState.Succeeded), cancel)
            : throw new Refusal(RefusalCode.Conflict, $"The payment is {attempt.State.ToWire()} and does not wait for confirmation.");
    }

    /// <summary>Of an invoice, the first first.</summary>
    public Task<List<PaymentAttempt>> OfAsync(Guid invoiceId, CancellationToken cancel) =>
        steps.ReadAsync(db => db.PaymentAttempts.AsNoTracking().Where(a => a.InvoiceId == invoiceId).OrderBy(a => a.Number).ToListAsync(cancel));

    /// <summary>Asks about attempts that nobody answered for: after a crash, or a provider's silence.</summary>
    public async Task ResolveAsync(CancellationToken cancel)
    {
        var before = clock.GetUtcNow() - Patience;
        var open = await steps.ReadAsync(db => db.PaymentAttempts.AsNoTracking()
            .Where(a => (a.State == TopUpState.Submitted || a.State == TopUpState.Unknown || a.State == TopUpState.Processing || a.State == TopUpState.RequiresAction) && a.CreatedAt < before)
            .OrderBy(a => a.Id).ToListAsync(cancel));
        foreach (var attempt in open.Where(a => charging.Knows(a.Provider)))
        {
            if (await charging.FindAsync(attempt.Provider, attempt.AsPayment(), attempt.MethodId, cancel) is { } result)
            {
                await ApplyAsync(attempt.Id, result, cancel);
            }
        }
    }

    /// <summary>Takes down how a payment stands. What it has come to is booked once.</summary>
    public Task<PaymentAttempt> ApplyAsync(Guid attemptId, PaymentResult result, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            await db.LockAsync<PaymentAttempt>(attemptId, token);
            var attempt = await db.PaymentAttempts.SingleAsync(a => a.Id == attemptId, token);
            if (!attempt.Accepts(result))
            {
                return attempt;
            }

            var now = clock.GetUtcNow();
            attempt.Apply(result, now);
            if (attempt.State is TopUpState.Succeeded)
            {
                await SettleAsync(db, attempt, now, token);
            }

            await db.SaveChangesAsync(token);
            if (attempt.IsFinal)
            {
                await db.ReviewStandingAsync(attempt.AccountId, dunning, now, token);
                await db.SaveChangesAsync(token);
            }

            return attempt;
        },
        cancel);

    /// <returns>Null where an attempt is under way.</returns>
    private async Task<PaymentAttempt?> BeginAsync(BillingDb db, AttemptOrder order, CancellationToken cancel)
    {
        await db.LockAsync<Invoice>(order.InvoiceId, cancel);
        var invoice = await db.Invoices.AsNoTracking().SingleAsync(i => i.Id == order.InvoiceId, cancel);
        if (invoice.Open.Picos <= 0)
        {
            return order.IsUnattended ? null : throw new Refusal(RefusalCode.Conflict, $"Nothing is open on it: the invoice is {invoice.State.ToWire()}.");
        }

        var (now, number) = (clock.GetUtcNow(), 1 + await db.PaymentAttempts.LongCountAsync(a => a.InvoiceId == order.InvoiceId, cancel));
        if (await db.PaymentAttempts.AnyAsync(a => a.InvoiceId == order.InvoiceId && a.State != TopUpState.Succeeded && a.State != TopUpState.Failed, cancel))
        {
            return null;
        }

        var attempt = new PaymentAttempt
        {
            Id = Guid.CreateVersion7(now), InvoiceId = order.InvoiceId, AccountId = invoice.AccountId, Number = number, Key = PaymentAttempt.KeyOf(order.InvoiceId, number),
            Reference = invoice.Number ?? "", Provider = order.Provider, MethodId = order.MethodId, IsUnattended = order.IsUnattended, Currency = invoice.Currency, Amount = invoice.Open,
            RequestedBy = order.RequestedBy, CreatedAt = now,
        };
        db.PaymentAttempts.Add(attempt);
        await db.SaveChangesAsync(cancel);
        return attempt;
    }

    private async Task<PaymentAttempt> ChargeAsync(PaymentAttempt attempt, string? returnUrl, CancellationToken cancel) =>
        await ApplyAsync(attempt.Id, await charging.ChargeAsync(attempt.Provider, attempt.AsPayment() with { ReturnUrl = returnUrl }, attempt.MethodId, cancel), cancel);

    private static async Task<bool> IsHopelessAsync(BillingDb db, AttemptOrder order, CancellationToken cancel) =>
        await db.PaymentAttempts.AsNoTracking().Where(a => a.InvoiceId == order.InvoiceId).OrderByDescending(a => a.Number).FirstOrDefaultAsync(cancel) is { State: TopUpState.Failed, IsHard: true } last
        && last.MethodId == order.MethodId;

    // What is no longer open, because it was credited meanwhile, becomes the customer's balance.
    private async Task SettleAsync(BillingDb db, PaymentAttempt attempt, DateTimeOffset now, CancellationToken cancel)
    {
        await db.LockAsync<Invoice>(attempt.InvoiceId, cancel);
        var invoice = await db.Invoices.SingleAsync(i => i.Id == attempt.InvoiceId, cancel);
        var amount = attempt.Amount.In(attempt.Currency);
        var owed = Money.Min(invoice.Open, amount);
        await db.BookAsync(
            new NewTransaction(
                $"payment:{attempt.Id:N}",
                LedgerKind.Payment,
                now,
                [(charging[attempt.Provider].ArrivesIn, amount), (LedgerAccounts.Receivable(attempt.AccountId), -owed), (LedgerAccounts.CustomerBalance(attempt.AccountId), owed - amount)]),
            now,
            cancel);
        if (!owed.IsZero)
        {
            invoice.Pay(owed);
        }

        Paid(log, attempt.Reference, amount, attempt.Currency, attempt.Provider);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Invoice {Number} was paid {Amount} {Currency} by {Provider}")]
    private static partial void Paid(ILogger log, string number, Money amount, Currency currency, string provider);

    /// <summary>An attempt to begin.</summary>
    private sealed record AttemptOrder(Guid InvoiceId, string Provider, Guid? MethodId, Guid RequestedBy, bool IsUnattended);
}

/// <summary>Charges an invoice that was issued to an account which has given something to pay with.</summary>
internal sealed class InvoiceCollection(InvoicePayments payments) : IEventHandler<InvoiceIssued>
{
    public Task HandleAsync(Guid eventId, InvoiceIssued happened, CancellationToken cancel) => payments.CollectAsync(happened.InvoiceId, cancel);
}

/// <summary>Charges what an account owes already as soon as it gives something to pay with.</summary>
internal sealed class DebtCollection(BillingSteps steps, InvoicePayments payments, TimeProvider clock) : IEventHandler<PaymentMethodKept>
{
    public async Task HandleAsync(Guid eventId, PaymentMethodKept happened, CancellationToken cancel)
    {
        foreach (var debt in await steps.ReadAsync(db => db.DebtsAsync(happened.AccountId, clock.GetUtcNow(), cancel)))
        {
            await payments.CollectAsync(debt.Invoice.Id, cancel);
        }
    }
}
