using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>How much a model is called, in sums that name nobody.</summary>
public sealed class ModelCalls
{
    private readonly BillingSteps _steps;

    internal ModelCalls(BillingSteps steps) => _steps = steps;

    /// <param name="productId">The repository's id.</param>
    /// <param name="from">First UTC day.</param>
    public Task<ModelUse> SinceAsync(Guid productId, DateOnly from, CancellationToken cancel) => _steps.SnapshotAsync(
        async db =>
        {
            var calls = db.Events.AsNoTracking().Where(e => e.ProductId == productId && e.Day >= from);
            var days = await calls.GroupBy(e => e.Day)
                .Select(g => new ModelDay(g.Key, g.LongCount(), g.Sum(e => e.InputTokens), g.Sum(e => e.OutputTokens), g.Select(e => e.AccountId).Distinct().LongCount()))
                .ToListAsync(cancel);
            return new ModelUse([.. days.OrderBy(d => d.Day)], await calls.Select(e => e.AccountId).Distinct().LongCountAsync(cancel));
        },
        cancel);
}

/// <param name="Days">Ascending; days without calls are absent.</param>
/// <param name="Accounts">How many accounts called, each once.</param>
public sealed record ModelUse(IReadOnlyList<ModelDay> Days, long Accounts);

/// <param name="Accounts">How many accounts called on that day.</param>
public sealed record ModelDay(DateOnly Day, long Calls, long InputTokens, long OutputTokens, long Accounts);
