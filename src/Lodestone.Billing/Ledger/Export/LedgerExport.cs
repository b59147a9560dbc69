using System.Runtime.InteropServices;
using System.Text;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>
/// The whole ledger as text, from its first transaction on, a page of rows at a time. What is booked meanwhile may be left out; what is
/// written is whole in itself, because its balances are those of what was written.
/// </summary>
public sealed class LedgerExport
{
    private const int Page = 1000;

    private readonly BillingSteps _steps;

    internal LedgerExport(BillingSteps steps) => _steps = steps;

    /// <param name="format">One of <see cref="Formats"/>.</param>
    /// <exception cref="Refusal"><c>invalid_request</c>: there is no such format.</exception>
    public Task WriteAsync(string format, TextWriter output, CancellationToken cancel) => WriteAsync(LedgerFormat.Named(format), output.WriteAsync, cancel);

    public static IEnumerable<string> Formats => LedgerFormat.All.Keys;

    /// <param name="send">Takes a piece of text, and may use it only until it is done.</param>
    internal async Task WriteAsync(LedgerFormat format, Func<StringBuilder, CancellationToken, Task> send, CancellationToken cancel)
    {
        var text = new StringBuilder();
        var balances = new Dictionary<LedgerPlace, Money>();
        var last = DateOnly.FromDateTime(DateTime.UnixEpoch);
        format.Begin(text);
        for (LedgerPage? page = null; page is not { Transactions.Count: < Page };)
        {
            page = await ReadAsync(page?.Transactions[^1].Id, cancel);
            foreach (var transaction in page.Transactions)
            {
                var postings = page.Postings[transaction.Id].ToList();
                foreach (var posting in postings)
                {
                    Add(posting);
                }

                format.Write(text, transaction, postings);
                last = Days.Of(transaction.EffectiveAt) is var day && day > last ? day : last;
            }

            await send(text, cancel);
            text.Clear();
        }

        format.End(text, last.AddDays(1), balances.OrderBy(b => b.Key.Account, StringComparer.Ordinal));
        await send(text, cancel);

        void Add(Posting posting)
        {
            var place = new LedgerPlace(posting.Account, posting.Currency);
            ref var balance = ref CollectionsMarshal.GetValueRefOrAddDefault(balances, place, out var isKnown);
            if (!isKnown)
            {
                format.Open(text, place);
                balance = Money.Zero(posting.Currency);
            }

            balance += posting.Amount.In(posting.Currency);
        }
    }

    private Task<LedgerPage> ReadAsync(Guid? after, CancellationToken cancel) => _steps.ReadAsync(async db =>
    {
        var transactions = await db.LedgerTransactions.AsNoTracking().Where(t => after == null || t.Id > after).OrderBy(t => t.Id).Take(Page).ToListAsync(cancel);
        var ids = transactions.ConvertAll(t => t.Id);
        var postings = await db.Postings.AsNoTracking().Where(p => ids.Contains(p.TransactionId)).OrderBy(p => p.Line).ToListAsync(cancel);
        return new LedgerPage(transactions, postings.ToLookup(p => p.TransactionId));
    });

    private sealed record LedgerPage(List<LedgerTransaction> Transactions, ILookup<Guid, Posting> Postings);
}
