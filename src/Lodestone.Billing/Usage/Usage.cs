using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What was called and what it came to, for those who pay, those who sell and those who operate.</summary>
internal sealed class Usage(BillingSteps steps)
{
    /// <summary>Sums by model and day, of one state of the books; days and models without calls are absent.</summary>
    public Task<List<UsageSum>> SumsAsync(UsageFilter filter, Caller caller, CancellationToken cancel) => steps.SnapshotAsync(
        async db =>
        {
            var calls = await db.Events.VisibleTo(caller).Within(filter)
                .GroupBy(e => new { e.Day, e.ProductId })
                .Select(g => new { g.Key.Day, g.Key.ProductId, Calls = g.LongCount(), Model = g.Max(e => e.ProductName) })
                .ToListAsync(cancel);
            var rated = await db.RatedRows.VisibleTo(caller).Within(filter)
                .GroupBy(r => new { r.Day, r.ProductId, r.Class })
                .Select(g => new
                {
                    g.Key,
                    Tokens = g.Sum(r => r.Quantity),
                    List = new MoneySum(g.Sum(r => r.List.Units), g.Sum(r => r.List.Remainder / MoneySum.Split), g.Sum(r => r.List.Remainder % MoneySum.Split)),
                    Charged = new MoneySum(g.Sum(r => r.Amount.Units), g.Sum(r => r.Amount.Remainder / MoneySum.Split), g.Sum(r => r.Amount.Remainder % MoneySum.Split)),
                })
                .ToListAsync(cancel);
            var rows = rated.ToLookup(r => (r.Key.Day, r.Key.ProductId));
            return calls.Select(c => rows[(c.Day, c.ProductId)].Aggregate(
                UsageSum.Of(c.Day, c.Model ?? "", c.Calls),
                (sum, r) => sum.With(r.Key.Class, r.Tokens, r.List.In(BillingOptions.Currency), r.Charged.In(BillingOptions.Currency)))).ToList();
        },
        cancel);

    /// <summary>Single calls, newest first.</summary>
    /// <param name="before">Only calls older than this one.</param>
    /// <param name="limit">How many at most.</param>
    public Task<List<CallLine>> CallsAsync(UsageFilter filter, Caller caller, Guid? before, int limit, CancellationToken cancel) => steps.ReadAsync(
        async db =>
        {
            var events = await db.Events.VisibleTo(caller).Within(filter).AsNoTracking()
                .Where(e => before == null || e.Id < before)
                .OrderByDescending(e => e.Id).Take(limit).ToListAsync(cancel);
            var ids = events.ConvertAll(e => e.Id);
            var rows = (await db.RatedRows.AsNoTracking().Where(r => ids.Contains(r.EventId)).ToListAsync(cancel)).ToLookup(r => r.EventId);
            return events.ConvertAll(e => CallLine.Of(e, rows[e.Id]));
        });

    /// <summary>One call down to its postings; <see langword="null"/> when there is none that the caller may see.</summary>
    public Task<CallDetail?> CallAsync(string requestId, Caller caller, CancellationToken cancel) => steps.ReadAsync(
        async db =>
        {
            if (await db.Events.VisibleTo(caller).AsNoTracking().SingleOrDefaultAsync(e => e.RequestId == requestId, cancel) is not { } call)
            {
                return null;
            }

            var rows = await db.RatedRows.AsNoTracking().Where(r => r.EventId == call.Id).ToListAsync(cancel);
            var price = await db.PriceVersions.AsNoTracking().SingleAsync(v => v.Id == call.PriceVersionId, cancel);
            var key = LedgerTransaction.UsageKey(call.Id);
            var transaction = await db.LedgerTransactions.AsNoTracking().SingleOrDefaultAsync(t => t.Key == key, cancel);
            var postings = transaction is null
                ? []
                : await db.Postings.AsNoTracking().Where(p => p.TransactionId == transaction.Id).OrderBy(p => p.Line).ToListAsync(cancel);
            var rollUps = rows.ConvertAll(r => r.RollUpId);
            var number = await db.Invoices.Where(i => i.Number != null && db.RollUps.Any(u => rollUps.Contains(u.Id) && u.InvoiceId == i.Id)).Select(i => i.Number).FirstOrDefaultAsync(cancel);
            return new CallDetail(call, [.. rows.OrderBy(r => r.Class, StringComparer.Ordinal)], price, transaction, postings, number);
        });
}

/// <summary>Calls of one model on one day, or of more of either.</summary>
/// <param name="ListValue">What they would cost without free allowances.</param>
/// <param name="Charged">What was taken from balances.</param>
internal sealed record UsageSum(DateOnly Day, string Model, long Calls, long InputTokens, long OutputTokens, Money ListValue, Money Charged)
{
    public static UsageSum Of(DateOnly day, string model, long calls) =>
        new(day, model, calls, 0, 0, Money.Zero(BillingOptions.Currency), Money.Zero(BillingOptions.Currency));

    public UsageSum With(string usageClass, long quantity, Money listValue, Money charged) => this with
    {
        InputTokens = InputTokens + (PriceLine.Parse(usageClass).Class is UsageClass.Input or UsageClass.InputCached or UsageClass.CacheWrite ? quantity : 0),
        OutputTokens = OutputTokens + (PriceLine.Parse(usageClass).Class is UsageClass.Output or UsageClass.Reasoning ? quantity : 0),
        ListValue = ListValue + listValue,
        Charged = Charged + charged,
    };

    public static UsageSum operator +(UsageSum left, UsageSum right) => left with
    {
        Calls = left.Calls + right.Calls,
        InputTokens = left.InputTokens + right.InputTokens,
        OutputTokens = left.OutputTokens + right.OutputTokens,
        ListValue = left.ListValue + right.ListValue,
        Charged = left.Charged + right.Charged,
    };
}

/// <summary>One call in a list.</summary>
/// <param name="Time">When it began.</param>
/// <param name="Model"><c>owner/name</c>.</param>
/// <param name="ListValue">What it would have cost without the free allowance.</param>
/// <param name="Charged">Taken from the balance.</param>
public sealed record CallLine(Guid Id, string RequestId, DateTimeOffset Time, string Model, long InputTokens, long OutputTokens, Money ListValue, Money Charged, CallOutcome Outcome)
{
    internal static CallLine Of(MeterEvent call, IEnumerable<RatedRow> rows) => rows.Aggregate(
        new CallLine(
            call.Id, call.RequestId, call.Time, call.ProductName, call.InputTokens, call.OutputTokens,
            Money.Zero(BillingOptions.Currency), Money.Zero(BillingOptions.Currency), call.Outcome),
        (line, row) => line with { ListValue = line.ListValue + row.List.In(row.Currency), Charged = line.Charged + row.Amount.In(row.Currency) });
}

/// <param name="Event">The call.</param>
/// <param name="Rows">Its classes, rated.</param>
/// <param name="Price">The version they were rated with.</param>
/// <param name="Transaction">Where the charge was booked; absent when nothing was charged.</param>
/// <param name="Postings">The transaction's lines.</param>
/// <param name="InvoiceNumber">The issued invoice that asks for it.</param>
internal sealed record CallDetail(MeterEvent Event, IReadOnlyList<RatedRow> Rows, PriceVersion Price, LedgerTransaction? Transaction, IReadOnlyList<Posting> Postings, string? InvoiceNumber)
{
    /// <summary>Sellers see tokens and amounts, but not who of the buyer's people called, nor with which key.</summary>
    public bool ShowsBuyerTo(Caller caller) => caller.IsAdministrator || caller.CanRead(Event.AccountId, TokenScope.ReadBilling);
}
