using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Finds the money for rated rows of events that had no hold: from the account's credit, and what that does not cover is owed.</summary>
internal sealed class RowFunding(TimeProvider clock)
{
    /// <summary>In the caller's transaction, which saves: one ledger transaction for each event. What is taken back goes where the last came from.</summary>
    /// <param name="accountId">That of all the rows.</param>
    /// <param name="rows">Just rated; a correction's amounts are negative.</param>
    public async Task<FundedRows> FundAsync(BillingDb db, Guid accountId, IReadOnlyList<RatedRow> rows, CancellationToken cancel)
    {
        var wallet = await db.LockWalletAsync(accountId, cancel);
        var (paid, unbilled) = (Money.Zero(wallet.Currency), Money.Zero(wallet.Currency));
        var draws = new List<DrawnPart>();
        foreach (var one in rows.GroupBy(r => r.EventId))
        {
            List<RatedRow> parts = [.. one];
            if (parts.TrueForAll(r => r.Amount.In(r.Currency).IsZero))
            {
                continue;
            }

            var time = await db.Events.Where(e => e.Id == one.Key).Select(e => (DateTimeOffset?)e.Time).SingleOrDefaultAsync(cancel) ?? Days.Start(parts[0].Day);
            var drawn = parts.Exists(r => r.Amount.In(r.Currency) < Money.Zero(r.Currency))
                ? await GiveBackAsync(db, wallet, parts, cancel)
                : Drawing.Draw([.. (await GrantsAsync(db, accountId, time, cancel)).InOrder()], parts, time, wallet.Unheld);
            wallet.Add(-drawn.FromBalance);
            db.GrantDraws.AddRange(drawn.Parts.Select(p => p.Row));
            draws.AddRange(drawn.Parts);
            foreach (var (transaction, postings) in drawn.Book(accountId, one.Key, time, clock.GetUtcNow()))
            {
                db.LedgerTransactions.Add(transaction);
                db.Postings.AddRange(postings);
            }

            (paid, unbilled) = (paid + drawn.Total, unbilled + drawn.Rest);
        }

        return new FundedRows(paid, unbilled, draws);
    }

    private static Task<List<CreditGrant>> GrantsAsync(BillingDb db, Guid accountId, DateTimeOffset time, CancellationToken cancel) => db.CreditGrants
        .Where(g => g.AccountId == accountId && (g.State == GrantState.Usable || (g.State == GrantState.Expired && g.ExpiresAt > time))
            && (g.Remaining.Units > 0 || g.Remaining.Remainder > 0 || g.Forfeited.Units > 0 || g.Forfeited.Remainder > 0))
        .ToListAsync(cancel);

    /// <summary>What was drawn last goes back first, as far as it goes and its grant is still good; the rest lowers what is owed.</summary>
    private static async Task<Drawn> GiveBackAsync(BillingDb db, Wallet wallet, List<RatedRow> rows, CancellationToken cancel)
    {
        var zero = Money.Zero(wallet.Currency);
        var drawn = new Drawn([], zero, zero);
        foreach (var row in rows)
        {
            var rest = row.Amount.In(row.Currency);
            var grants = await db.CreditGrants.Where(g => g.AccountId == row.AccountId && g.State == GrantState.Usable).ToListAsync(cancel);
            foreach (var grant in grants.Where(g => g.Covers(row.ProductId)).InOrder().Reverse())
            {
                var amount = -Money.Min(-rest, grant.Drawn);
                if (amount >= zero)
                {
                    continue;
                }

                grant.Draw(amount);
                drawn.Parts.Add(new DrawnPart(grant, GrantDraw.Of(row, grant, amount), amount));
                drawn = drawn with { FromBalance = drawn.FromBalance + (grant.IsScoped ? zero : amount) };
                rest -= amount;
            }

            drawn = drawn with { Rest = drawn.Rest + rest };
        }

        return drawn;
    }
}

/// <param name="Paid">Drawn on credit; negative where it was given back.</param>
/// <param name="Unbilled">What no credit covers: it is owed.</param>
/// <param name="Draws">What was drawn of which grant.</param>
internal sealed record FundedRows(Money Paid, Money Unbilled, IReadOnlyList<DrawnPart> Draws);
