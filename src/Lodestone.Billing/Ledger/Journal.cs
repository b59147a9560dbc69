using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The ledger's transactions, for administrators.</summary>
internal sealed class Journal(BillingSteps steps)
{
    /// <summary>Newest first.</summary>
    /// <param name="before">Only those older than this one.</param>
    /// <param name="limit">How many at most.</param>
    public Task<List<TransactionView>> PageAsync(Caller administrator, Guid? before, int limit, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.ReadAsync(async db =>
        {
            var transactions = await db.LedgerTransactions.AsNoTracking().Where(t => before == null || t.Id < before)
                .OrderByDescending(t => t.Id).Take(limit).ToListAsync(cancel);
            var ids = transactions.ConvertAll(t => t.Id);
            var postings = (await db.Postings.AsNoTracking().Where(p => ids.Contains(p.TransactionId)).OrderBy(p => p.Line).ToListAsync(cancel)).ToLookup(p => p.TransactionId);
            return transactions.ConvertAll(t => TransactionView.Of(t, postings[t.Id]));
        });
    }
}

/// <summary>A transaction as it is shown.</summary>
/// <param name="Id"><c>txn_…</c></param>
/// <param name="Key">What was booked.</param>
/// <param name="Kind"><c>usage</c> or <c>top_up</c>.</param>
public sealed record TransactionView(string Id, string Key, string Kind, string EffectiveAt, string BookedAt, IReadOnlyList<PostingView> Postings)
{
    private const string IdPrefix = "txn";

    internal static TransactionView Of(LedgerTransaction transaction, IEnumerable<Posting> postings) => new(
        IdOf(transaction),
        transaction.Key,
        transaction.Kind.ToWire(),
        Instants.ToWire(transaction.EffectiveAt),
        Instants.ToWire(transaction.BookedAt),
        [.. postings.Select(p => new PostingView(p.Account, p.Amount.In(p.Currency).ToString(), p.Currency.Code))]);

    internal static string IdOf(LedgerTransaction transaction) => PublicId.Format(IdPrefix, transaction.Id);

    /// <summary>The transaction's own id again, for a cursor.</summary>
    internal string Position => Id[(IdPrefix.Length + 1)..];
}

/// <param name="Account">Such as <c>R:Usage:inference</c>.</param>
/// <param name="Amount">Positive for a debit, negative for a credit.</param>
public sealed record PostingView(string Account, string Amount, string Currency);
