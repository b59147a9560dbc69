using System.Threading.Channels;
using Lodestone.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Lodestone.Gateway;

/// <summary>
/// Writes down calls that have ended, many at a time, while nobody waits for it. A server that is asked more than its disk can note
/// forgets traces rather than slow down: the ledger has every call.
/// </summary>
internal sealed partial class CallLog(Database database, GatewayOptions options, ILogger<CallLog> log) : BackgroundService
{
    private const int Most = 10_000;
    private const int AtOnce = 256;

    private readonly Channel<CallTrace> _ended = Channel.CreateBounded<CallTrace>(new BoundedChannelOptions(Most) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Add(CallTrace trace)
    {
        GatewayMetrics.Ended(trace);
        if (options.TraceDays > 0)
        {
            _ended.Writer.TryWrite(trace);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _ended.Writer.TryComplete(); // the loop writes what is left and ends
        if (ExecuteTask is { } loop)
        {
            await loop.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var batch = new List<CallTrace>(AtOnce);
        while (await _ended.Reader.WaitToReadAsync(CancellationToken.None))
        {
            batch.Clear();
            while (batch.Count < AtOnce && _ended.Reader.TryRead(out var trace))
            {
                batch.Add(trace);
            }

            try
            {
                await database.WriteAsync(DatabaseFile.Main, Durability.Process, sql => WriteAsync(sql, batch), CancellationToken.None);
            }
            catch (Exception failure)
            {
                NotWritten(log, batch.Count, failure);
            }
        }
    }

    private async Task<bool> WriteAsync(Statements sql, List<CallTrace> batch)
    {
        foreach (var call in batch.Select(LoggedCall.Of))
        {
            await sql.ExecuteAsync(
                $"""
                insert into gateway_logged_call (id, request_id, account_id, caller_id, key_id, model, operation, place, is_streamed, started_at, status, outcome, code, finish,
                    input_tokens, output_tokens, measurement, charged, first_token_micros, total_micros, steps)
                values ({call.Id}, {call.RequestId}, {call.AccountId}, {call.CallerId}, {call.KeyId}, {call.Model}, {call.Operation}, {call.Place}, {call.IsStreamed},
                    {database.Instant(call.StartedAt)}, {call.Status}, {call.Outcome.ToString()}, {call.Code}, {call.Finish}, {call.InputTokens}, {call.OutputTokens},
                    {call.Measurement?.ToString()}, {call.Charged}, {call.FirstTokenMicros}, {call.TotalMicros}, {call.Steps})
                on conflict (id) do nothing
                """,
                CancellationToken.None);
        }

        foreach (var bucket in batch.Where(t => t.ProductId is not null).SelectMany(LatencyBucket.Of).CountBy(b => b).OrderBy(b => b.Key.ProductId).ThenBy(b => b.Key.Measure, StringComparer.Ordinal).ThenBy(b => b.Key.Bucket))
        {
            await sql.ExecuteAsync(
                $"""
                insert into gateway_latency_bucket (product_id, hour, measure, bucket, calls)
                values ({bucket.Key.ProductId}, {bucket.Key.Hour}, {bucket.Key.Measure}, {bucket.Key.Bucket}, {(long)bucket.Value})
                on conflict (product_id, hour, measure, bucket) do update set calls = gateway_latency_bucket.calls + excluded.calls
                """,
                CancellationToken.None);
        }

        return true;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} traces of calls could not be written")]
    private static partial void NotWritten(ILogger log, int count, Exception failure);
}
