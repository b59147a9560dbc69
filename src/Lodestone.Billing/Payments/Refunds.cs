using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Sends money back: first the rows, in one transaction with what they are taken from, then the provider is asked. What it does not answer is
/// cleared up by asking; what it refuses stays owed, until an operator sends it by bank.
/// </summary>
internal sealed partial class Refunds(BillingSteps steps, Charging charging, RefundPlans plans, TimeProvider clock, ILogger<Refunds> log) : ITaskHandler
{
    public const string Kind = "billing.refunds";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await ResolveAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    /// <summary>Pays credit back that was paid for, at most what is unspent, the newest payment first. The grants are reduced at once.</summary>
    /// <param name="grantId">Only of this grant.</param>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>unprocessable</c>, <c>exceeds_remainder</c>, <c>not_refundable</c>, <c>conflict</c>.</exception>
    public Task<List<Refund>> OfCreditAsync(Guid accountId, Money amount, string? reason, Guid? grantId, Caller administrator, CancellationToken cancel)
    {
        var order = Order(amount, reason, administrator);
        return SendAsync((db, token) => plans.OfCreditAsync(db, accountId, grantId, order, token), cancel);
    }

    /// <summary>Pays back what an invoice was paid beyond what it asks for, the newest payment first.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>unprocessable</c>, <c>exceeds_paid</c>.</exception>
    public Task<List<Refund>> OfInvoiceAsync(Guid invoiceId, Money amount, string? reason, Caller administrator, CancellationToken cancel)
    {
        var order = Order(amount, reason, administrator);
        return SendAsync((db, token) => plans.OfInvoiceAsync(db, invoiceId, order, token), cancel);
    }

    /// <summary>An administrator has sent it by bank, also in place of a provider that refused to. Confirming twice is confirming once.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>not_found</c>, <c>conflict</c>.</exception>
    public Task<Refund> ConfirmAsync(Guid refundId, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.WriteAsync(
            async (db, token) =>
            {
                var refund = await LockAsync(db, refundId, token);
                if (refund.State is not (RefundState.Awaiting or RefundState.Failed) && !(refund.State is RefundState.Succeeded && refund.Provider == ManualPayments.ProviderName))
                {
                    throw new Refusal(RefusalCode.Conflict, $"The refund is {refund.State.ToWire()} and not to be sent by bank.");
                }

                refund.Provider = ManualPayments.ProviderName;
                return await ApplyAsync(db, refund, new RefundResult(RefundState.Succeeded), token);
            },
            cancel);
    }

    /// <summary>An account's, newest first.</summary>
    public Task<List<Refund>> OfAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(db => db.Refunds.AsNoTracking()
        .Where(r => r.AccountId == accountId).OrderByDescending(r => r.Id).ToListAsync(cancel));

    /// <summary>How a refund stands at its provider.</summary>
    public async Task ApplyAsync(string provider, ProviderRefund known, CancellationToken cancel)
    {
        var refundId = await steps.ReadAsync(db => db.Refunds.Where(r => r.Provider == provider && (r.Key == known.Key || r.ProviderReference == known.Reference)).Select(r => (Guid?)r.Id).FirstOrDefaultAsync(cancel));
        if (refundId is { } ours)
        {
            await ApplyAsync(ours, known.Result, cancel);
        }
        else
        {
            NotOurs(log, provider, known.Reference);
        }
    }

    /// <summary>Asks about refunds that nobody answered for.</summary>
    public async Task ResolveAsync(CancellationToken cancel)
    {
        var before = clock.GetUtcNow() - Patience;
        var open = await steps.ReadAsync(db => db.Refunds.AsNoTracking()
            .Where(r => (r.State == RefundState.Submitted || r.State == RefundState.Unknown || r.State == RefundState.Processing) && r.CreatedAt < before).OrderBy(r => r.Id).ToListAsync(cancel));
        foreach (var refund in open.Where(r => charging.Knows(r.Provider)))
        {
            try
            {
                var known = await charging[refund.Provider].FindRefundAsync(refund.Wanted, cancel) ?? await charging[refund.Provider].RefundAsync(refund.Wanted, cancel); // never reached: asked once more, under its own key
                await ApplyAsync(refund.Id, known, cancel);
            }
            catch (Exception silence) when (silence is ProviderSilentException or HttpRequestException)
            {
                ProviderSilent(log, refund.Provider, refund.Id, silence);
            }
        }
    }

    private async Task<List<Refund>> SendAsync(Func<BillingDb, CancellationToken, Task<List<Refund>>> plan, CancellationToken cancel)
    {
        var sent = new List<Refund>();
        foreach (var refund in await steps.WriteAsync(plan, cancel))
        {
            sent.Add(await ApplyAsync(refund.Id, await AskAsync(refund, cancel), cancel));
        }

        return sent;
    }

    private async Task<RefundResult> AskAsync(Refund refund, CancellationToken cancel)
    {
        try
        {
            return await charging[refund.Provider].RefundAsync(refund.Wanted, cancel);
        }
        catch (Exception silence) when (silence is ProviderSilentException or HttpRequestException)
        {
            ProviderSilent(log, refund.Provider, refund.Id, silence);
            return new RefundResult(RefundState.Unknown);
        }
    }

    private Task<Refund> ApplyAsync(Guid refundId, RefundResult result, CancellationToken cancel) =>
        steps.WriteAsync(async (db, token) => await ApplyAsync(db, await LockAsync(db, refundId, token), result, token), cancel);

    // A bank may send a refund back that had succeeded: then it is owed again.
    private async Task<Refund> ApplyAsync(BillingDb db, Refund refund, RefundResult result, CancellationToken cancel)
    {
        var (now, before) = (clock.GetUtcNow(), refund.State);
        if (before == result.State || (before is RefundState.Succeeded && result.State is not RefundState.Failed))
        {
            return refund;
        }

        refund.Apply(result, now);
        var (from, to) = (LedgerAccounts.RefundPayable(refund.AccountId), charging[refund.Provider].ArrivesIn);
        if (refund.State is RefundState.Succeeded)
        {
            await db.BookAsync(new NewTransaction($"refund:{refund.Key}:{refund.Provider}", LedgerKind.Refund, now, [(from, refund.Money), (to, -refund.Money)]), now, cancel);
            Sent(log, refund.AccountId, refund.Money, refund.Currency, refund.Provider);
        }
        else if (before is RefundState.Succeeded)
        {
            await db.BookAsync(new NewTransaction($"refund_return:{refund.Key}:{refund.Provider}", LedgerKind.Refund, now, [(to, refund.Money), (from, -refund.Money)]), now, cancel);
        }

        await db.SaveChangesAsync(cancel);
        return refund;
    }

    private static async Task<Refund> LockAsync(BillingDb db, Guid refundId, CancellationToken cancel)
    {
        await db.LockAsync<Refund>(refundId, cancel);
        return await db.Refunds.SingleOrDefaultAsync(r => r.Id == refundId, cancel) ?? throw new Refusal(RefusalCode.NotFound, "There is no such refund.");
    }

    private static RefundOrder Order(Money amount, string? reason, Caller administrator)
    {
        administrator.Administrator();
        return amount.Picos <= 0 ? throw new Refusal(RefusalCode.Unprocessable, "\"amount\" must be above 0.") { Param = "amount" }
            : string.IsNullOrWhiteSpace(reason) ? throw new Refusal(RefusalCode.Unprocessable, "Give a reason: it stays with the refund.") { Param = "reason" }
            : new RefundOrder(amount, reason.Trim(), administrator.Id, administrator.Name);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {AccountId} was sent {Amount} {Currency} back by {Provider}")]
    private static partial void Sent(ILogger log, Guid accountId, Money amount, Currency currency, string provider);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Refund {Reference} at {Provider} is none that this server asked for; reconciliation lists it")]
    private static partial void NotOurs(ILogger log, string provider, string reference);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Payment provider {Provider} did not answer for refund {RefundId}; it will be asked how the refund stands")]
    private static partial void ProviderSilent(ILogger log, string provider, Guid refundId, Exception failure);
}

/// <summary>A refund that an administrator wants.</summary>
internal sealed record RefundOrder(Money Amount, string Reason, Guid RequestedBy, string RequesterName);
