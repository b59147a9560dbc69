using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>
/// Links transactions after they are booked, in the order of their ids, which is that of booking. A call's settlement therefore waits for
/// no other account's: only this leased task extends the chain. What was committed late, under an earlier id, is linked when it is seen;
/// the order that counts is the chain's own.
/// </summary>
internal sealed class LedgerChain(BillingSteps steps, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "billing.chain";

    private const int Batch = 500;

    // Longer than any transaction stays open; ids before that have been linked, or never came to be.
    private static readonly TimeSpan Horizon = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await ExtendAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    /// <summary>Links all that is booked.</summary>
    /// <returns>How many were linked.</returns>
    public async Task<int> ExtendAsync(CancellationToken cancel)
    {
        var (count, from) = (0, (Guid?)null);
        while (await steps.WriteAsync((db, token) => ExtendOnceAsync(db, from, token), cancel) is var (linked, last) && linked > 0)
        {
            (count, from) = (count + linked, last);
        }

        return count;
    }

    /// <summary>Reads the whole chain again.</summary>
    public Task<ChainReport> VerifyAsync(CancellationToken cancel) => steps.SnapshotAsync(db => VerifyAsync(db, cancel), cancel);

    internal static async Task<ChainReport> VerifyAsync(BillingDb db, CancellationToken cancel)
    {
        var (position, before) = (0L, LedgerLink.Beginning);
        while (true)
        {
            var links = await db.LedgerLinks.AsNoTracking().Where(l => l.Position > position).OrderBy(l => l.Position).Take(Batch).ToListAsync(cancel);
            if (links.Count == 0)
            {
                break;
            }

            var ids = links.ConvertAll(l => l.TransactionId);
            var transactions = await db.LedgerTransactions.AsNoTracking().Where(t => ids.Contains(t.Id)).ToDictionaryAsync(t => t.Id, cancel);
            var postings = (await db.Postings.AsNoTracking().Where(p => ids.Contains(p.TransactionId)).ToListAsync(cancel)).ToLookup(p => p.TransactionId);
            foreach (var link in links)
            {
                if (link.Position != position + 1 || !transactions.TryGetValue(link.TransactionId, out var transaction) || !link.Fits(before, transaction, postings[link.TransactionId]))
                {
                    return new ChainReport(position, before, IsWhole: false);
                }

                (position, before) = (link.Position, link.Hash);
            }
        }

        return new ChainReport(position, before, IsWhole: true);
    }

    /// <param name="after">Only ids from here on; where nothing is said, from a while before the last link.</param>
    private static async Task<(int Linked, Guid? Last)> ExtendOnceAsync(BillingDb db, Guid? after, CancellationToken cancel)
    {
        var last = await db.LedgerLinks.AsNoTracking().OrderByDescending(l => l.Position).FirstOrDefaultAsync(cancel);
        var from = after ?? (last is null ? Guid.Empty : Earlier(last.TransactionId));
        var waiting = await db.LedgerTransactions.AsNoTracking()
            .Where(t => t.Id >= from && !db.LedgerLinks.Any(l => l.TransactionId == t.Id))
            .OrderBy(t => t.Id).Take(Batch).ToListAsync(cancel);
        var ids = waiting.ConvertAll(t => t.Id);
        var postings = (await db.Postings.AsNoTracking().Where(p => ids.Contains(p.TransactionId)).ToListAsync(cancel)).ToLookup(p => p.TransactionId);
        foreach (var transaction in waiting)
        {
            last = LedgerLink.After(last, transaction, postings[transaction.Id]);
            db.LedgerLinks.Add(last);
        }

        // Two servers at once: the second finds its position taken, and looks again.
        return await db.TrySaveAsync(cancel) ? (waiting.Count, last?.TransactionId) : (1, null);
    }

    /// <summary>The least id of a transaction that was booked five minutes before this one: the first 48 bits of an id are its millisecond.</summary>
    private static Guid Earlier(Guid transactionId)
    {
        var milliseconds = long.Parse(transactionId.ToString("N").AsSpan(0, 12), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        var start = Math.Max(0, milliseconds - (Horizon.Ticks / TimeSpan.TicksPerMillisecond));
        return Guid.ParseExact(start.ToString("x12", CultureInfo.InvariantCulture) + new string('0', 20), "N");
    }
}

/// <param name="Links">How many fit.</param>
/// <param name="Hash">Of the last that fits.</param>
/// <param name="IsWhole">All of them fit.</param>
internal sealed record ChainReport(long Links, string Hash, bool IsWhole);
