using System.Diagnostics;
using System.Diagnostics.Metrics;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>What operators see of calls: how many, how they end, how much they make and how soon. Never what is said in them.</summary>
internal static class GatewayMetrics
{
    private static readonly Meter Meter = Telemetry.Meter("Gateway");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("lodestone.gateway.requests", "{request}", "Calls by how they ended");
    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>("lodestone.gateway.tokens", "{token}", "Tokens charged for");
    private static readonly UpDownCounter<long> Running = Meter.CreateUpDownCounter<long>("lodestone.gateway.running", "{request}", "Calls being answered");
    private static readonly Histogram<double> TimeToFirstToken = Meter.CreateHistogram(
        "lodestone.gateway.time_to_first_token", "s", "From the call's arrival to its first token",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });

    public static ActivitySource Source { get; } = Telemetry.Source("Gateway");

    public static void FirstToken(TimeSpan after) => TimeToFirstToken.Record(after.TotalSeconds);

    /// <summary>Counts a call as running until disposed.</summary>
    public static IDisposable InFlight() => new OneRunning();

    public static void Ended(CallOutcome outcome, CallUsage usage, Activity? span)
    {
        Requests.Add(1, new KeyValuePair<string, object?>("outcome", outcome.ToString()));
        Tokens.Add(usage.InputTokens, new KeyValuePair<string, object?>("direction", "input"));
        Tokens.Add(usage.OutputTokens, new KeyValuePair<string, object?>("direction", "output"));
        span?.SetTag("lodestone.outcome", outcome.ToString())
            .SetTag("gen_ai.usage.input_tokens", usage.InputTokens)
            .SetTag("gen_ai.usage.output_tokens", usage.OutputTokens);
    }

    private sealed class OneRunning : IDisposable
    {
        public OneRunning() => Running.Add(1);

        public void Dispose() => Running.Add(-1);
    }
}
