using System.Globalization;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What was charged for plans and seats, computed again from who held seats when.</summary>
internal static class SeatChecks
{
    public static async Task<IReadOnlyList<ConservationCheck>> RunAsync(BillingDb db, DateTimeOffset settledBy, CancellationToken cancel)
    {
        var plans = await db.Plans.AsNoTracking().ToDictionaryAsync(p => p.Id, cancel);
        var spans = await db.PlanSpans.AsNoTracking().Where(s => !s.IsTrial).ToListAsync(cancel);
        var changes = (await db.SeatChanges.AsNoTracking().Where(c => db.PlanSpans.Any(s => s.AccountId == c.AccountId)).ToListAsync(cancel)).ToLookup(c => c.AccountId);
        return [Days(spans.Where(s => changes[s.AccountId].All(c => c.RecordedAt < settledBy)), plans, changes), await AmountsAsync(db, spans, plans, cancel)];
    }

    private static ConservationCheck Days(IEnumerable<PlanSpan> spans, Dictionary<Guid, Plan> plans, ILookup<Guid, SeatChange> changes)
    {
        var (charged, held, agree) = (0L, 0L, true);
        foreach (var account in spans.GroupBy(s => s.AccountId))
        {
            var use = new SeatUse(changes[account.Key]);
            foreach (var span in account)
            {
                var plan = plans[span.PlanId];
                var due = plan.IsInAdvance || span.IsClosed ? span.Due(plan, use).Sum() : 0;
                (charged, held, agree) = (charged + span.SeatDays, held + due, agree && span.SeatDays == due && span.BaseDays == span.Days().Length);
            }
        }

        return new ConservationCheck("Seat-days charged are those of the membership", $"charged: {Text(charged)}", $"by who held seats when: {Text(held)}", agree);
    }

    private static async Task<ConservationCheck> AmountsAsync(BillingDb db, List<PlanSpan> spans, Dictionary<Guid, Plan> plans, CancellationToken cancel)
    {
        var charges = await db.Charges.AsNoTracking().Where(c => c.Key.StartsWith(PlanTurn.KeyPrefix) && !c.Item.EndsWith(IncludedCredit.ItemSuffix)).Select(c => new { c.Key, c.Amount, c.Currency }).ToListAsync(cancel);
        var zero = Money.Zero(BillingOptions.Currency);
        var charged = charges.GroupBy(c => PlanTurn.SpanIdOf(c.Key)).ToDictionary(g => g.Key, g => g.Aggregate(zero, (sum, charge) => sum + charge.Amount.In(charge.Currency)));
        var due = spans.ToDictionary(s => s.Id, s => s.Charged(plans[s.PlanId]));
        var agree = charged.Keys.Union(due.Keys).All(id => charged.GetValueOrDefault(id, zero) == due.GetValueOrDefault(id, zero));
        return new ConservationCheck("Charges of a plan's days add up to their price", $"charges: {Sum(charged.Values)}", $"days and seat-days at their price: {Sum(due.Values)}", agree);

        Money Sum(IEnumerable<Money> amounts) => amounts.Aggregate(zero, (sum, amount) => sum + amount);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
