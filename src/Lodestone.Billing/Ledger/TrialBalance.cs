using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The sums of all ledger accounts. Debits and credits cancel out, in each currency, always.</summary>
public sealed class TrialBalance
{
    private readonly BillingSteps _steps;

    internal TrialBalance(BillingSteps steps) => _steps = steps;

    /// <summary>As of now, accounts by name.</summary>
    public Task<TrialBalanceReport> ComputeAsync(CancellationToken cancel) => _steps.ReadAsync(db => ComputeAsync(db, cancel));

    internal static async Task<TrialBalanceReport> ComputeAsync(BillingDb db, CancellationToken cancel)
    {
        var sums = await db.Postings.GroupBy(p => new { p.Account, p.Currency })
            .Select(g => new
            {
                g.Key.Account,
                g.Key.Currency,
                Sum = new MoneySum(g.Sum(p => p.Amount.Units), g.Sum(p => p.Amount.Remainder / MoneySum.Split), g.Sum(p => p.Amount.Remainder % MoneySum.Split)),
            })
            .ToListAsync(cancel);
        var lines = sums.Select(s => new TrialBalanceLine(s.Account, s.Sum.In(s.Currency))).OrderBy(l => l.Account, StringComparer.Ordinal).ToList();
        var totals = lines.GroupBy(l => l.Balance.Currency).Select(g => g.Aggregate(Money.Zero(g.Key), (sum, line) => sum + line.Balance));
        return new TrialBalanceReport(lines, [.. totals]);
    }
}

/// <param name="Lines">One for each ledger account and currency.</param>
/// <param name="Totals">One for each currency; all zero.</param>
public sealed record TrialBalanceReport(IReadOnlyList<TrialBalanceLine> Lines, IReadOnlyList<Money> Totals)
{
    public bool IsZero => Totals.All(t => t.IsZero);
}

/// <param name="Account">Such as <c>R:Usage:inference</c>.</param>
/// <param name="Balance">Positive where debits prevail.</param>
public sealed record TrialBalanceLine(string Account, Money Balance);
