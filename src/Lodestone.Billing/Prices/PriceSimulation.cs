using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What the use of the last days came to at list value, and what it would come to.</summary>
/// <param name="From">First day.</param>
/// <param name="To">The last.</param>
/// <param name="Lines">By product and line.</param>
/// <param name="Doubts">What looks like a mistake.</param>
public sealed record PriceSimulation(DateOnly From, DateOnly To, IReadOnlyList<SimulatedLine> Lines, IReadOnlyList<string> Doubts)
{
    public const int WindowDays = 30;

    public Money Before => Sum(Lines.Select(l => l.Before));

    /// <summary>Of what would have a price.</summary>
    public Money After => Sum(Lines.Select(l => l.After ?? Money.Zero(BillingOptions.Currency)));

    internal static async Task<PriceSimulation> RunAsync(BillingDb db, PriceDraft draft, DateTimeOffset now, CancellationToken cancel)
    {
        var today = Days.Of(now);
        var from = today.AddDays(1 - WindowDays);
        var lines = new List<SimulatedLine>();
        foreach (var change in draft.Changes)
        {
            var book = change.Before?.Book ?? draft.Book;
            var payers = draft.Book == PriceBook.List ? null : db.BookAssignments.Where(a => a.Book == draft.Book && a.EndsAt == null).Select(a => a.AccountId);
            var versions = await db.PriceVersions.AsNoTracking().Where(v => v.ProductId == change.Product.Id).ToDictionaryAsync(v => v.Id, cancel);
            var used = await db.RatedRows.AsNoTracking()
                .Where(r => r.ProductId == change.Product.Id && r.Day >= from && r.Day <= today && (payers == null || payers.Contains(r.AccountId)))
                .GroupBy(r => new { r.AccountId, r.PriceVersionId, r.Class, r.Day })
                .Select(g => new SimulatedUse(
                    g.Key.AccountId, g.Key.PriceVersionId, g.Key.Class, g.Key.Day, g.Sum(r => r.Quantity),
                    new MoneySum(g.Sum(r => r.List.Units), g.Sum(r => r.List.Remainder / MoneySum.Split), g.Sum(r => r.List.Remainder % MoneySum.Split))))
                .ToListAsync(cancel);
            lines.AddRange(LinesOf(change, change.Version(draft.Book, draft.EffectiveFrom, 0, null), versions, used.Where(u => payers is not null || versions[u.PriceVersionId].Book == book)));
        }

        return new PriceSimulation(from, today, lines, draft.Doubts);
    }

    private static IEnumerable<SimulatedLine> LinesOf(ProductPrices change, PriceVersion after, Dictionary<Guid, PriceVersion> versions, IEnumerable<SimulatedUse> used)
    {
        foreach (var line in used.GroupBy(u => PriceLine.TotalOf(u.Class)).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var parsed = PriceLine.Parse(line.Key);
            var next = after.LineOf(parsed.Class, versions[line.First().PriceVersionId].DimensionsOf(parsed));
            var months = line.GroupBy(u => (u.AccountId, Month: Days.Month(u.Day)));
            Money? cost = next is null ? null : Sum(months.Select(m => new Money(Cost(after.ChargeOf(next, m.Key.Month), m), BillingOptions.Currency)));
            yield return new SimulatedLine(
                change.Product.Name, line.Key, line.Sum(u => u.Quantity), line.DistinctBy(u => u.AccountId).Count(), Sum(line.Select(u => u.List.In(BillingOptions.Currency))), cost);
        }
    }

    // Shares are of each event; a day of them stands for its events here.
    private static Int128 Cost(ChargeModel charge, IEnumerable<SimulatedUse> uses) => charge is PercentageCharge
        ? uses.Aggregate((Int128)0, (sum, use) => sum + charge.Charge(null, use.Quantity))
        : charge.Charge(null, uses.Sum(u => u.Quantity));

    private static Money Sum(IEnumerable<Money> amounts) => amounts.Aggregate(Money.Zero(BillingOptions.Currency), (sum, amount) => sum + amount);
}

/// <param name="Line">Such as <c>input</c>.</param>
/// <param name="Accounts">How many used it.</param>
/// <param name="After">Null where it would have no price.</param>
public sealed record SimulatedLine(string Product, string Line, long Quantity, int Accounts, Money Before, Money? After);

internal sealed record SimulatedUse(Guid AccountId, Guid PriceVersionId, string Class, DateOnly Day, long Quantity, MoneySum List);
