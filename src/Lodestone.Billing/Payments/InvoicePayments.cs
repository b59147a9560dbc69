using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Collects invoices. The attempt is a committed row before a provider is asked, under a key that the provider knows it by; what a
/// provider did not answer is cleared up by asking, never by another attempt.
/// </summary>
internal sealed partial class InvoicePayments(BillingSteps steps, IEnumerable<IPaymentProvider> providers, TimeProvider clock, ILogger<InvoicePayments> log) : ITaskHandler
{
    public const string Kind = "billing.invoice-payments";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly RefusalCode UnknownProvider = new("unknown_provider", 422);

    private readonly Dictionary<string, IPaymentProvider> _providers = providers.ToDictionary(p => p.Name, StringComparer.Ordinal);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await ResolveAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    /// <summary>Begins to pay what is open of an invoice.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>unknown_provider</c>; <c>conflict</c>: nothing is open, or an attempt is under way.</exception>
    public async Task<PaymentAttempt> PayAsync(Invoice invoice, string? provider, Caller caller, CancellationToken cancel)
    {
        if (!caller.CanAdminister(invoice.AccountId))
        {
            throw new Refusal(RefusalCode.Forbidden, "You may not pay for this account with this credential. Use one of its administrators' that may write.");
        }

        if (!_providers.TryGetValue(provider ?? "", out var chosen) || !chosen.IsOffered)
        {
            var ways = string.Join(", ", _providers.Values.Where(p => p.IsOffered).Select(p => p.Name));
            throw new Refusal(UnknownProvider, $"'{provider}' is no way to pay here. There is: {ways}.") { Param = "provider" };
        }

        var attempt = await steps.WriteAsync((db, token) => BeginAsync(db, invoice.Id, chosen, caller, token), cancel);
        PaymentResult result;
        try
        {
            result = await chosen.ChargeAsync(new Payment(attempt.Key, attempt.Reference, attempt.Amount.In(attempt.Currency)), cancel);
        }
        catch (HttpRequestException failure)
        {
            ProviderSilent(log, chosen.Name, attempt.Id, failure);
            result = new PaymentResult(TopUpState.Unknown);
        }

        return await ApplyAsync(attempt.Id, result, cancel);
    }

    /// <summary>An administrator has seen a transfer arrive. Confirming twice is confirming once.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>not_found</c>, <c>conflict</c>.</exception>
    public async Task<PaymentAttempt> ConfirmAsync(Guid attemptId, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        var attempt = await steps.ReadAsync(db => db.PaymentAttempts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == attemptId, cancel))
            ?? throw new Refusal(RefusalCode.NotFound, "There is no such payment.");
        return attempt.State is TopUpState.Awaiting or TopUpState.Succeeded
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
            .Where(a => (a.State == TopUpState.Submitted || a.State == TopUpState.Unknown) && a.CreatedAt < before).OrderBy(a => a.Id).ToListAsync(cancel));
        foreach (var attempt in open.Where(a => _providers.ContainsKey(a.Provider)))
        {
            var result = await _providers[attempt.Provider].FindAsync(attempt.Key, cancel)
                ?? new PaymentResult(TopUpState.Failed, Failure: "The payment never reached its provider. Nothing was taken; pay again.");
            await ApplyAsync(attempt.Id, result, cancel);
        }
    }

    private async Task<PaymentAttempt> BeginAsync(BillingDb db, Guid invoiceId, IPaymentProvider provider, Caller caller, CancellationToken cancel)
    {
        await db.LockAsync<Invoice>(invoiceId, cancel);
        var invoice = await db.Invoices.AsNoTracking().SingleAsync(i => i.Id == invoiceId, cancel);
        if (invoice.Open.Picos <= 0)
        {
            throw new Refusal(RefusalCode.Conflict, $"Nothing is open on it: the invoice is {invoice.State.ToWire()}.");
        }

        var (now, number) = (clock.GetUtcNow(), 1 + await db.PaymentAttempts.LongCountAsync(a => a.InvoiceId == invoiceId, cancel));
        var attempt = new PaymentAttempt
        {
            Id = Guid.CreateVersion7(now), InvoiceId = invoiceId, AccountId = invoice.AccountId, Number = number, Key = PaymentAttempt.KeyOf(invoiceId, number),
            Reference = invoice.Number ?? "", Provider = provider.Name, Currency = invoice.Currency, Amount = invoice.Open, RequestedBy = caller.Id, CreatedAt = now,
        };
        db.PaymentAttempts.Add(attempt);
        return await db.TrySaveAsync(cancel)
            ? attempt
            : throw new Refusal(RefusalCode.Conflict, $"A payment of {invoice.Number} is under way. Wait for its end before you pay again.");
    }

    private Task<PaymentAttempt> ApplyAsync(Guid attemptId, PaymentResult result, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            await db.LockAsync<PaymentAttempt>(attemptId, token);
            var attempt = await db.PaymentAttempts.SingleAsync(a => a.Id == attemptId, token);
            if (attempt.IsFinal)
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
            return attempt;
        },
        cancel);

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
                [(_providers[attempt.Provider].ArrivesIn, amount), (LedgerAccounts.Receivable(attempt.AccountId), -owed), (LedgerAccounts.CustomerBalance(attempt.AccountId), owed - amount)]),
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Payment provider {Provider} did not answer for attempt {AttemptId}; it will be asked how the payment stands")]
    private static partial void ProviderSilent(ILogger log, string provider, Guid attemptId, Exception failure);
}
