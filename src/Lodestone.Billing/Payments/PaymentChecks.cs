using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What must be equal between what providers did and what the ledger says of them.</summary>
internal static class PaymentChecks
{
    public static async Task<IReadOnlyList<ConservationCheck>> RunAsync(BillingDb db, TrialBalanceReport balance, CancellationToken cancel)
    {
        var facts = await FactsAsync(db, cancel);
        return [await ClearingAsync(db, facts, cancel), await BankAsync(db, facts, cancel), Refundable(balance, facts)];
    }

    private static Money Zero => Money.Zero(BillingOptions.Currency);

    /// <summary>What came in by providers, less what went back, was kept, disputed and paid out: provider by provider.</summary>
    private static async Task<ConservationCheck> ClearingAsync(BillingDb db, PaymentFacts facts, CancellationToken cancel)
    {
        var moved = facts.Signed.Where(f => f.Provider != ManualPayments.ProviderName).GroupBy(f => LedgerAccounts.Clearing(f.Provider), StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => Sum(g.Select(f => f.Amount)), StringComparer.Ordinal);
        var booked = await BookedAsync(db, p => p.StartsWith(LedgerAccounts.ClearingPrefix, StringComparison.Ordinal), cancel);
        var agree = moved.Keys.Union(booked.Keys, StringComparer.Ordinal).All(a => moved.GetValueOrDefault(a, Zero) == booked.GetValueOrDefault(a, Zero));
        return new ConservationCheck("What providers settled is what moved in their clearing accounts", $"payments, refunds, fees, disputes, payouts: {Sum(moved.Values)}", $"clearing: {Sum(booked.Values)}", agree);
    }

    /// <summary>Transfers that were confirmed and payouts are what moved at the bank.</summary>
    private static async Task<ConservationCheck> BankAsync(BillingDb db, PaymentFacts facts, CancellationToken cancel)
    {
        var expected = Sum(facts.Signed.Where(f => f.Provider == ManualPayments.ProviderName).Select(f => f.Amount)) + facts.PaidOut;
        var booked = Sum((await BookedAsync(db, p => p == LedgerAccounts.Bank, cancel)).Values);
        return new ConservationCheck("Transfers and payouts are what moved at the bank", $"transfers and payouts: {expected}", $"bank: {booked}", expected == booked);
    }

    private static ConservationCheck Refundable(TrialBalanceReport balance, PaymentFacts facts)
    {
        var owed = Sum(balance.Lines.Where(l => l.Account.StartsWith(LedgerAccounts.RefundPayablePrefix, StringComparison.Ordinal)).Select(l => -l.Balance));
        return new ConservationCheck("No refund is above what was paid", $"refunds not sent yet: {facts.Waiting}", $"owed to customers: {owed}", facts.IsWithinPaid && facts.Waiting <= owed);
    }

    // By the server's own transactions: adjustments by hand are the operator's word against the provider's, and reconciliation lists them.
    private static async Task<Dictionary<string, Money>> BookedAsync(BillingDb db, Func<string, bool> isWanted, CancellationToken cancel)
    {
        LedgerKind[] kinds = [LedgerKind.TopUp, LedgerKind.Payment, LedgerKind.Refund, LedgerKind.ProviderFee, LedgerKind.Payout, LedgerKind.Dispute, LedgerKind.DisputeWon, LedgerKind.DisputeLost];
        var sums = await db.Postings.Where(p => p.Account == LedgerAccounts.Bank || p.Account.StartsWith(LedgerAccounts.ClearingPrefix))
            .Where(p => db.LedgerTransactions.Any(t => t.Id == p.TransactionId && kinds.Contains(t.Kind)))
            .GroupBy(p => p.Account)
            .Select(g => new { g.Key, Sum = new MoneySum(g.Sum(p => p.Amount.Units), g.Sum(p => p.Amount.Remainder / MoneySum.Split), g.Sum(p => p.Amount.Remainder % MoneySum.Split)) })
            .ToListAsync(cancel);
        return sums.Where(s => isWanted(s.Key)).ToDictionary(s => s.Key, s => s.Sum.In(BillingOptions.Currency), StringComparer.Ordinal);
    }

    private static async Task<PaymentFacts> FactsAsync(BillingDb db, CancellationToken cancel)
    {
        var payments = (await db.TopUps.AsNoTracking().Where(t => t.State == TopUpState.Succeeded).ToListAsync(cancel)).Select(t => (t.Id, t.Provider, t.Money))
            .Concat((await db.PaymentAttempts.AsNoTracking().Where(a => a.State == TopUpState.Succeeded).ToListAsync(cancel)).Select(a => (a.Id, a.Provider, a.Amount.In(a.Currency)))).ToList();
        var refunds = await db.Refunds.AsNoTracking().ToListAsync(cancel);
        var movements = await db.ProviderMovements.AsNoTracking().ToListAsync(cancel);
        var disputes = await db.Disputes.AsNoTracking().Where(d => d.State == DisputeState.Open || d.State == DisputeState.Lost).ToListAsync(cancel);
        var paid = payments.ToDictionary(p => p.Id, p => p.Item3);
        return new PaymentFacts(
            [
                .. payments.Select(p => (p.Provider, p.Item3)), .. refunds.Where(r => r.State is RefundState.Succeeded).Select(r => (r.Provider, -r.Money)),
                .. movements.Select(m => (m.Provider, -m.Amount.In(m.Currency))), .. disputes.Select(d => (d.Provider, -d.Money)),
            ],
            Sum(movements.Where(m => m.Kind is ProviderMovementKind.Payout or ProviderMovementKind.PayoutReturn).Select(m => m.Amount.In(m.Currency))),
            Sum(refunds.Where(r => r.State is not RefundState.Succeeded).Select(r => r.Money)),
            refunds.Where(r => r.PaymentId is not null).GroupBy(r => r.PaymentId).All(g => Sum(g.Select(r => r.Money)) <= paid.GetValueOrDefault(g.Key ?? Guid.Empty, Zero)));
    }

    private static Money Sum(IEnumerable<Money> amounts) => amounts.Aggregate(Zero, (sum, amount) => sum + amount);

    /// <param name="Signed">By provider: what came in, and negative what left.</param>
    /// <param name="Waiting">Refunds that are not sent yet.</param>
    private sealed record PaymentFacts(IReadOnlyList<(string Provider, Money Amount)> Signed, Money PaidOut, Money Waiting, bool IsWithinPaid);
}
