using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>Brings our rows to how their objects stand at a provider. Applying again changes nothing.</summary>
internal sealed partial class ProviderTruth(
    BillingSteps steps, Charging charging, InvoicePayments payments, TopUps topUps, Refunds refunds, Disputes disputes, PaymentMethods methods, TimeProvider clock, ILogger<ProviderTruth> log)
{
    public Task ApplyAsync(string provider, ProviderObject known, CancellationToken cancel) => known switch
    {
        ProviderPayment payment => ApplyAsync(provider, payment, cancel),
        ProviderRefund refund => refunds.ApplyAsync(provider, refund, cancel),
        ProviderDispute dispute => disputes.ApplyAsync(charging[provider], dispute, cancel),
        ProviderPayout payout => ApplyAsync(provider, payout, cancel),
        ProviderKeptMethod { Method: { } method } => methods.LearnAsync(provider, method, cancel),
        _ => methods.ForgottenAsync(provider, known.Reference, cancel),
    };

    private async Task ApplyAsync(string provider, ProviderPayment payment, CancellationToken cancel)
    {
        var (attemptId, topUpId) = await steps.ReadAsync(async db => (
            await db.PaymentAttempts.Where(a => a.Provider == provider && (a.Key == payment.Key || a.ProviderReference == payment.Reference)).Select(a => (Guid?)a.Id).FirstOrDefaultAsync(cancel),
            await db.TopUps.Where(t => t.Provider == provider && t.ProviderReference == payment.Reference).Select(t => (Guid?)t.Id).FirstOrDefaultAsync(cancel)));
        if (attemptId is { } attempt)
        {
            await payments.ApplyAsync(attempt, payment.Result, cancel);
        }
        else if ((topUpId ?? await TopUpAsync(provider, payment.Key, cancel)) is { } topUp)
        {
            await topUps.ApplyAsync(topUp, payment.Result, confirmedBy: null, cancel);
        }
        else
        {
            NotOurs(log, provider, payment.Reference);
        }
    }

    private async Task<Guid?> TopUpAsync(string provider, string? key, CancellationToken cancel) => Guid.TryParseExact(key, "N", out var topUpId)
        ? await steps.ReadAsync(db => db.TopUps.Where(t => t.Id == topUpId && t.Provider == provider).Select(t => (Guid?)t.Id).SingleOrDefaultAsync(cancel))
        : null;

    private Task<int> ApplyAsync(string provider, ProviderPayout payout, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var (from, now) = (charging[provider], clock.GetUtcNow());
            if (payout.IsPaid)
            {
                await db.MoveAsync(from, ProviderMovementKind.Payout, payout.Reference, payout.Amount, now, token);
            }
            else if (payout.HasFailed && await db.ProviderMovements.AnyAsync(m => m.Provider == provider && m.Kind == ProviderMovementKind.Payout && m.Reference == payout.Reference, token))
            {
                await db.MoveAsync(from, ProviderMovementKind.PayoutReturn, payout.Reference, -payout.Amount, now, token);
            }

            return await db.SaveChangesAsync(token);
        },
        cancel);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Payment {Reference} at {Provider} is none that this server asked for; reconciliation lists it")]
    private static partial void NotOurs(ILogger log, string provider, string reference);
}
