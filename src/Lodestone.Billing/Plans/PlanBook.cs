using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The plans there are. A change is another version.</summary>
internal sealed class PlanBook(BillingSteps steps, TimeProvider clock)
{
    /// <summary>The newest version of each plan that can be chosen, the cheapest first.</summary>
    public async Task<IReadOnlyList<Plan>> OfferedAsync(CancellationToken cancel)
    {
        var plans = await steps.ReadAsync(db => db.Plans.AsNoTracking().Where(p => !db.Plans.Any(newer => newer.Code == p.Code && newer.Version > p.Version)).ToListAsync(cancel));
        return [.. plans.Where(p => p.IsOffered).OrderBy(p => p.IsContract).ThenBy(p => p.Yearly(1)).ThenBy(p => p.Code, StringComparer.Ordinal)];
    }

    /// <exception cref="Refusal"><c>conflict</c> where there is a plan of that code.</exception>
    public Task<Plan> PublishAsync(PlanRequest wanted, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var plan = wanted.At(earlier: null, clock.GetUtcNow());
            db.Plans.Add(plan);
            return await db.TrySaveAsync(token) ? plan : throw new Refusal(RefusalCode.Conflict, $"There is a plan '{plan.Code}' already. Change it instead.") { Param = "code" };
        },
        cancel);

    /// <summary>Another version of a plan: whoever has an earlier one keeps that.</summary>
    /// <exception cref="Refusal"><c>not_found</c>; <c>conflict</c> where somebody else changes it.</exception>
    public Task<Plan> ChangeAsync(string code, PlanRequest changes, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var earlier = await db.Plans.AsNoTracking().Where(p => p.Code == code).OrderByDescending(p => p.Version).FirstOrDefaultAsync(token)
                ?? throw new Refusal(RefusalCode.NotFound, $"There is no plan '{code}'.");
            var plan = changes.At(earlier, clock.GetUtcNow());
            db.Plans.Add(plan);
            return await db.TrySaveAsync(token) ? plan : throw new Refusal(RefusalCode.Conflict, $"Somebody else has changed the plan '{code}' just now. Look at it again.");
        },
        cancel);
}
