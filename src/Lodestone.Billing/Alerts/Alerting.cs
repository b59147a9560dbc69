using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Looks every minute for what people are to be told of. Looking again finds the same, which is told once.</summary>
internal sealed class Alerting(LimitAlerts limits, SpendAnomalies anomalies, EventAlerts events, BillingSteps steps, Namespaces namespaces, TimeProvider clock) : ITaskHandler
{
    public const string Kind = "billing.alerts";

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await LookAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    /// <returns>How many were new.</returns>
    public async Task<int> LookAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        List<NewAlert> found = [.. await limits.FindAsync(now, cancel), .. await anomalies.FindAsync(now, cancel), .. await events.SilencesAsync(now, cancel), .. await events.ConflictsAsync(now, cancel)];
        await events.ForgetAsync(now, cancel);
        var keys = found.ConvertAll(a => a.Key);
        var known = (await steps.ReadAsync(db => db.Alerts.AsNoTracking().Where(a => keys.Contains(a.Key)).Select(a => a.Key).ToListAsync(cancel))).ToHashSet(StringComparer.Ordinal);
        var fresh = found.Where(a => !known.Contains(a.Key)).ToList();
        if (fresh.Count == 0)
        {
            return 0;
        }

        var names = await namespaces.ByIdAsync([.. fresh.Select(a => a.AccountId).Distinct()], cancel);
        return await steps.WriteAsync(
            async (db, token) =>
            {
                var count = 0;
                foreach (var alert in fresh)
                {
                    var place = names.TryGetValue(alert.AccountId, out var account) ? $"/billing/limits?account={account.Name}" : "/billing/limits";
                    count += await Alerts.RaiseAsync(db, alert with { Href = place }, token) ? 1 : 0;
                }

                await db.SaveChangesAsync(token);
                return count;
            },
            cancel);
    }
}
