using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What an account's plans allow it. Kept for some seconds: every call and every upload asks.</summary>
public sealed class Entitlements
{
    private const int MostAccounts = 100_000;
    private static readonly TimeSpan Age = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Guid, (AccountEntitlements Known, DateTimeOffset At)> _known = new();
    private readonly BillingSteps _steps;
    private readonly BillingOptions _options;
    private readonly TimeProvider _clock;

    internal Entitlements(BillingSteps steps, BillingOptions options, TimeProvider clock) => (_steps, _options, _clock) = (steps, options, clock);

    /// <summary>Those of the account's active plan; without one those of the free plan where plans are sold, and elsewhere no limits.</summary>
    public async ValueTask<AccountEntitlements> OfAsync(Guid accountId, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        if (_known.TryGetValue(accountId, out var kept) && now - kept.At < Age && now >= kept.At)
        {
            return kept.Known;
        }

        if (_known.Count >= MostAccounts)
        {
            _known.Clear();
        }

        var known = await _steps.ReadAsync(db => ReadAsync(db, accountId, cancel));
        _known[accountId] = (known, now);
        return known;
    }

    internal void Forget(Guid accountId) => _known.TryRemove(accountId, out _);

    private async Task<AccountEntitlements> ReadAsync(BillingDb db, Guid accountId, CancellationToken cancel)
    {
        var live = await db.Subscriptions.AsNoTracking().Where(s => s.AccountId == accountId && s.EndedAt == null).ToListAsync(cancel);
        var spanIds = live.Where(s => s.IsGood).Select(s => s.SpanId).OfType<Guid>().ToList();
        var plans = await db.PlanSpans.AsNoTracking().Where(s => spanIds.Contains(s.Id)).Join(db.Plans, s => s.PlanId, p => p.Id, (s, p) => new { Plan = p, s.Seats }).ToListAsync(cancel);
        if (plans.Count > 0)
        {
            return plans.Select(p => AccountEntitlements.Of(p.Plan, p.Seats)).Aggregate((one, other) => one.And(other));
        }

        return _options.Edition is BillingEdition.Commercial
            && await db.Plans.AsNoTracking().Where(p => p.Code == ShippedPlans.Free).OrderByDescending(p => p.Version).FirstOrDefaultAsync(cancel) is { } basic
            ? AccountEntitlements.Of(basic, seats: 1)
            : AccountEntitlements.Unlimited;
    }
}

/// <summary>What an account may have and do.</summary>
/// <param name="Plan">Names of the plans; empty where there is none.</param>
/// <param name="RequestsPerMinute">Of each key; null: as the server has it.</param>
/// <param name="PrivateStorage">Bytes in private repositories; null: no limit.</param>
public sealed record AccountEntitlements(string Plan, long? RequestsPerMinute, long? PrivateStorage)
{
    public static AccountEntitlements Unlimited { get; } = new("", null, null);

    internal static AccountEntitlements Of(Plan plan, long seats) => new(plan.Name, plan.RequestsPerMinute, plan.Storage(seats));

    /// <summary>Plans of several families together: the more of each.</summary>
    internal AccountEntitlements And(AccountEntitlements other) => new(
        $"{Plan}, {other.Plan}",
        RequestsPerMinute is { } requests && other.RequestsPerMinute is { } more ? Math.Max(requests, more) : null,
        PrivateStorage is { } bytes && other.PrivateStorage is { } others ? Math.Max(bytes, others) : null);
}
