using System.Diagnostics.Metrics;
using Lodestone.Core;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>
/// Calls whose server died before it settled them. They are settled by what was last journalled as delivered, which is
/// never more than what the caller got. A lost call is known by its hold's expiry; on SQLite, where this process is the
/// only server, also at once by the hold's epoch.
/// </summary>
internal sealed partial class Orphans(Metering metering, ServerEpoch epoch, Database database, TimeProvider clock, ILogger<Orphans> log) : ITaskHandler
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
            foreach (var call in lost)
            {
                await metering.SettleAsync(call.HoldId, call.Delivered, CallOutcome.Orphaned, Measurement.Estimated, cancel);
                Found.Add(1);
                OrphanSettled(log, call.RequestId, call.AccountId, call.Delivered.InputTokens, call.Delivered.OutputTokens);
            }

            count += lost.Count;
        }

        return count;
    }

    // By hand: it is asked before the server listens, which need not wait until objects are mapped.
    private async Task<List<LostCall>> NextAsync(CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(DatabaseFile.Billing, cancel);
        await using var query = connection.Command($"""
            select id, request_id, account_id, delivered_input, delivered_output from billing_call_hold
            where expires_at < {database.Instant(clock.GetUtcNow())} or ({!database.IsPostgres} and server_epoch <> {epoch.Id})
            order by expires_at limit {AtOnce}
            """);
        await using var row = await query.ExecuteReaderAsync(cancel);
        var lost = new List<LostCall>();
        while (await row.ReadAsync(cancel))
        {
            lost.Add(new LostCall(row.GetGuid(0), row.GetString(1), row.GetGuid(2), new CallUsage(row.GetInt64(3), row.GetInt64(4))));
        }

        return lost;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Settled call {RequestId} of account {AccountId}, lost with its server, by its journal: {Input} and {Output} tokens")]
    private static partial void OrphanSettled(ILogger log, string requestId, Guid accountId, long input, long output);

    private sealed record LostCall(Guid HoldId, string RequestId, Guid AccountId, CallUsage Delivered);
}
