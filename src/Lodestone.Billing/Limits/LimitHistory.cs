using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What a new limit begins with, and what events add to limits that had no hold.</summary>
internal static class LimitHistory
{
    /// <summary>From the rated rows and the open holds of what the limit is about.</summary>
    public static async Task<IReadOnlyList<LimitUse>> UsesAsync(BillingDb db, SpendLimit limit, Customer customer, CancellationToken cancel)
    {
        var uses = new Dictionary<long, LimitUse>();
        LimitUse At(DateOnly day)
        {
            var start = SpendLimit.StartOf(limit.Period, day);
            return uses.TryGetValue(start, out var known) ? known : uses[start] = new LimitUse { LimitId = limit.Id, Start = start };
        }

        var spent = await Rows(db, limit).GroupBy(r => r.Day)
            .Select(g => new { Day = g.Key, Sum = new MoneySum(g.Sum(r => r.Amount.Units), g.Sum(r => r.Amount.Remainder / MoneySum.Split), g.Sum(r => r.Amount.Remainder % MoneySum.Split)) })
            .ToListAsync(cancel);
        foreach (var day in spent)
        {
            var use = At(day.Day);
            use.Used = use.Used.In(limit.Currency) + day.Sum.In(limit.Currency);
        }

        foreach (var hold in await Holds(db, limit).AsNoTracking().ToListAsync(cancel))
        {
            var use = At(customer.DayOf(hold.StartedAt));
            use.Held = use.Held.In(limit.Currency) + (hold.Amount.In(limit.Currency) - hold.FreePart.In(limit.Currency));
        }

        return [.. uses.Values];
    }

    /// <summary>Counts what events cost that were rated in this transaction. After all wallets are locked, see <see cref="LimitGate"/>.</summary>
    public static async Task AddAsync(BillingDb db, IEnumerable<RatedRow> rows, CancellationToken cancel)
    {
        foreach (var part in rows.GroupBy(r => new { r.AccountId, r.ProductId, r.Day }).OrderBy(g => g.Key.AccountId))
        {
            var (accountId, productId) = (part.Key.AccountId, part.Key.ProductId);
            var limits = await db.SpendLimits.AsNoTracking()
                .Where(l => (l.AccountId == accountId || l.AccountId == Guid.Empty)
                    && (l.Scope == LimitScope.Instance || l.Scope == LimitScope.Product || (l.Scope == LimitScope.Organization && l.ScopeId == accountId) || (l.Scope == LimitScope.Model && l.ScopeId == productId)))
                .OrderBy(l => l.Id).ToListAsync(cancel);
            foreach (var limit in limits)
            {
                var start = SpendLimit.StartOf(limit.Period, part.Key.Day);
                if (db.Database.IsNpgsql())
                {
                    await db.Database.ExecuteSqlAsync($"select 1 from billing_limit_use where limit_id = {limit.Id} and start = {start} for update", cancel);
                }

                var use = await db.LimitUses.FindAsync([limit.Id, start], cancel) ?? db.LimitUses.Add(new LimitUse { LimitId = limit.Id, Start = start }).Entity;
                use.Used = part.Aggregate(use.Used.In(limit.Currency), (sum, row) => sum + row.Amount.In(row.Currency));
            }
        }
    }

    /// <summary>What the limit is about.</summary>
    public static IQueryable<RatedRow> Rows(BillingDb db, SpendLimit limit)
    {
        var rows = db.RatedRows.AsNoTracking().Where(r => limit.AccountId == Guid.Empty || r.AccountId == limit.AccountId);
        return limit.Scope switch
        {
            LimitScope.Key => rows.Where(r => db.Events.Any(e => e.Id == r.EventId && e.TokenId == limit.ScopeId)),
            LimitScope.User or LimitScope.ServiceAccount => rows.Where(r => db.Events.Any(e => e.Id == r.EventId && e.CallerId == limit.ScopeId)),
            LimitScope.Model => rows.Where(r => r.ProductId == limit.ScopeId),
            _ => rows,
        };
    }

    private static IQueryable<CallHold> Holds(BillingDb db, SpendLimit limit)
    {
        var holds = db.Holds.Where(h => limit.AccountId == Guid.Empty || h.AccountId == limit.AccountId);
        return limit.Scope switch
        {
            LimitScope.Key => holds.Where(h => h.TokenId == limit.ScopeId),
            LimitScope.User or LimitScope.ServiceAccount => holds.Where(h => h.CallerId == limit.ScopeId),
            LimitScope.Model => holds.Where(h => h.ProductId == limit.ScopeId),
            _ => holds,
        };
    }
}
