using System.Diagnostics.Metrics;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Calls whose server died before it settled them. They are settled by what was last journalled as delivered, which is
/// never more than what the caller got. A lost call is known by its hold's expiry; on SQLite, where this process is the
/// only server, also at once by the hold's epoch.
/// </summary>
internal sealed partial class Orphans(Metering metering, BillingSteps steps, ServerEpoch epoch, Database database, TimeProvider clock, ILogger<Orphans> log) : ITaskHandler
{
    public const string Kind = "billing.orphans";

    private const int AtOnce = 100;

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);
    private static readonly Meter Meter = Telemetry.Meter("Billing");
    private static readonly Counter<long> Found = Meter.CreateCounter<long>("lodestone.billing.orphaned", description: "Calls settled from the journal because their server died");

    public async Task<DateTimeOffset?> RunAsync(LeasedTask task, CancellationToken cancel)
    {
        await SettleAllAsync(cancel);
        return clock.GetUtcNow() + Every;
    }

    /// <returns>How many there were.</returns>
    public async Task<int> SettleAllAsync(CancellationToken cancel)
    {
        var count = 0;
        while (await NextAsync(cancel) is { Count: > 0 } lost)
        {
            foreach (var hold in lost)
            {
                await metering.SettleAsync(hold.Id, hold.Delivered, CallOutcome.Orphaned, Measurement.Estimated, cancel);
                Found.Add(1);
                OrphanSettled(log, hold.RequestId, hold.AccountId, hold.DeliveredInput, hold.DeliveredOutput);
            }

            count += lost.Count;
        }

        return count;
    }

    private Task<List<CallHold>> NextAsync(CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var isOnlyServer = !database.IsPostgres;
        return steps.ReadAsync(db => db.Holds.AsNoTracking()
            .Where(h => h.ExpiresAt < now || (isOnlyServer && h.ServerEpoch != epoch.Id))
            .OrderBy(h => h.ExpiresAt).Take(AtOnce).ToListAsync(cancel));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Settled call {RequestId} of account {AccountId}, lost with its server, by its journal: {Input} and {Output} tokens")]
    private static partial void OrphanSettled(ILogger log, string requestId, Guid accountId, long input, long output);
}
