using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The plans that a server which sells plans begins with. Administrators change them as any other.</summary>
internal static class ShippedPlans
{
    public const string Free = "free";

    private const long Gigabyte = 1_000_000_000;

    private static readonly PlanRequest[] All =
    [
        new(Free, "Free") { PrivateStorage = 100 * Gigabyte, RequestsPerMinute = 200 },
        new("team", "Team") { PerSeat = new AmountText("20.00"), IncludedCredit = new AmountText("2.00"), PrivateStorage = 1000 * Gigabyte, RequestsPerMinute = 600, IsPerSeat = true },
        new("enterprise", "Enterprise") { PerSeat = new AmountText("50.00"), IncludedCredit = new AmountText("2.00"), PrivateStorage = 1000 * Gigabyte, RequestsPerMinute = 1200, IsPerSeat = true, IsContract = true },
    ];

    /// <summary>Adds those whose code there is no plan of.</summary>
    public static Task AddAsync(BillingSteps steps, DateTimeOffset now, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var known = await db.Plans.Select(p => p.Code).Distinct().ToListAsync(token);
            db.Plans.AddRange(All.Where(p => !known.Contains(p.Code ?? "")).Select(p => p.At(earlier: null, now)));
            return await db.SaveChangesAsync(token);
        },
        cancel);
}
