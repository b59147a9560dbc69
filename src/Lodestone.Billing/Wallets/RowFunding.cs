using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Finds the money for rated rows of events that had no hold: from the account's balance, and what that does not cover is owed.</summary>
internal sealed class RowFunding(TimeProvider clock)
{
    /// <summary>In the caller's transaction, which saves: one ledger transaction for each event. What is taken back goes where the last came from.</summary>
    /// <param name="accountId">That of all the rows.</param>
    /// <param name="rows">Just rated; a correction's amounts are negative.</param>
    public async Task<FundedRows> FundAsync(BillingDb db, Guid accountId, IReadOnlyList<RatedRow> rows, CancellationToken cancel)
    {
        var wallet = await db.LockWalletAsync(accountId, cancel);
        var customer = await db.CustomerAsync(accountId, clock.GetUtcNow(), cancel);
        var (paid, unbilled) = (Money.Zero(wallet.Currency), Money.Zero(wallet.Currency));
        foreach (var one in rows.GroupBy(r => r.EventId))
        {
            var amount = one.Aggregate(Money.Zero(wallet.Currency), (sum, row) => sum + row.Amount.In(row.Currency));
            if (amount.IsZero)
            {
                continue;
            }

            var taken = customer.Funding is Funding.Postpaid ? Money.Zero(wallet.Currency) : Money.Min(amount, wallet.Unheld);
            wallet.Add(-taken);
            await BookAsync(db, one.First(), taken, amount - taken, cancel);
            (paid, unbilled) = (paid + taken, unbilled + (amount - taken));
        }

        return new FundedRows(paid, unbilled);
    }

    private async Task BookAsync(BillingDb db, RatedRow row, Money taken, Money unbilled, CancellationToken cancel)
    {
        var key = LedgerTransaction.UsageKey(row.EventId);
        if (await db.LedgerTransactions.AnyAsync(t => t.Key == key, cancel))
        {
            throw new InvalidOperationException($"The rows of event {row.EventId} were funded before.");
        }

        List<(string Account, Money Amount)> lines = [(LedgerAccounts.Prepaid(row.AccountId), taken), (LedgerAccounts.Unbilled(row.AccountId), unbilled), (LedgerAccounts.InferenceRevenue, -(taken + unbilled))];
        var (transaction, postings) = LedgerTransaction.Of(key, LedgerKind.Usage, Days.Start(row.Day), lines.FindAll(l => !l.Amount.IsZero), clock.GetUtcNow());
        db.LedgerTransactions.Add(transaction);
        db.Postings.AddRange(postings);
    }
}

/// <param name="Paid">Taken from the balance; negative where it was given back.</param>
/// <param name="Unbilled">What no balance covers: it is owed.</param>
internal sealed record FundedRows(Money Paid, Money Unbilled);
