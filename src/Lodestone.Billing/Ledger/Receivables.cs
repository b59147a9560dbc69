using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Reports that the books are read for: who owes since when, and what is still to be earned.</summary>
internal sealed class Receivables(BillingSteps steps, TimeProvider clock)
{
    // Days past due, of the columns after the first.
    private static readonly int[] Bounds = [0, 30, 60, 90];

    /// <summary>What is open on issued invoices, by account and by how long it has been due.</summary>
    public Task<List<AgedAccount>> AgeingAsync(Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        var now = clock.GetUtcNow();
        return steps.ReadAsync(async db =>
        {
            var open = await db.Invoices.AsNoTracking()
                .Where(i => i.State == InvoiceState.Issued || i.State == InvoiceState.PartiallyPaid || i.State == InvoiceState.Disputed).ToListAsync(cancel);
            return open.GroupBy(i => (i.AccountId, i.Currency)).Select(g => Of(g.Key.AccountId, g.Key.Currency, g, now))
                .OrderByDescending(a => a.Total.Picos).ThenBy(a => a.AccountId).ToList();
        });
    }

    /// <summary>What was invoiced in advance and will become revenue, by month.</summary>
    public Task<List<DeferredMonth>> DeferredAsync(Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.ReadAsync(async db =>
        {
            var months = new SortedDictionary<DateOnly, Money>();
            await foreach (var deferral in db.Deferrals.AsNoTracking().Where(d => d.Recognized < d.Days).AsAsyncEnumerable().WithCancellation(cancel))
            {
                for (var day = deferral.Recognized; day < deferral.Days;)
                {
                    var month = Days.Month(deferral.StartsOn.AddDays((int)day));
                    var end = Math.Min(deferral.Days, month.AddMonths(1).DayNumber - deferral.StartsOn.DayNumber);
                    months[month] = months.GetValueOrDefault(month, Money.Zero(deferral.Currency)) + deferral.Through(end) - deferral.Through(day);
                    day = end;
                }
            }

            return months.Select(m => new DeferredMonth(m.Key, m.Value)).ToList();
        });
    }

    private static AgedAccount Of(Guid accountId, Currency currency, IEnumerable<Invoice> invoices, DateTimeOffset now)
    {
        var buckets = Enumerable.Repeat(Money.Zero(currency), Bounds.Length + 1).ToArray();
        foreach (var invoice in invoices)
        {
            var overdue = invoice.DueAt is { } due ? now - due : TimeSpan.Zero;
            buckets[Bounds.Count(bound => overdue > TimeSpan.FromDays(bound))] += invoice.Open;
        }

        return new AgedAccount(accountId, buckets);
    }
}

/// <param name="Buckets">Not due; 1–30, 31–60, 61–90 days past due; more.</param>
internal sealed record AgedAccount(Guid AccountId, IReadOnlyList<Money> Buckets)
{
    public Money Total => Buckets.Aggregate((sum, bucket) => sum + bucket);
}

/// <param name="Month">Its first day.</param>
internal sealed record DeferredMonth(DateOnly Month, Money Amount);
