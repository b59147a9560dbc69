using System.Diagnostics;
using System.Diagnostics.Metrics;
using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>
/// What operators see of calls: how many, how they end, how much they make and how soon; in our names, and in those of the GenAI
/// conventions. Never what is said in them.
/// </summary>
internal static class GatewayMetrics
{
    public const string Provider = "lodestone";

    private static readonly Meter Meter = Telemetry.Meter("Gateway");
    private static readonly Counter<long> Requests = Meter.CreateCounter<long>("lodestone.gateway.requests", "{request}", "Calls by how they ended");
    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>("lodestone.gateway.tokens", "{token}", "Tokens charged for");
    private static readonly UpDownCounter<long> Running = Meter.CreateUpDownCounter<long>("lodestone.gateway.running", "{request}", "Calls being answered");
    private static readonly Histogram<double> TimeToFirstToken = Seconds("lodestone.gateway.time_to_first_token", "From the call's arrival to its first token", [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]);

    private static readonly Histogram<double> Duration = Seconds("gen_ai.server.request.duration", "From the call's arrival to its end", [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]);
    private static readonly Histogram<double> ServerFirst = Seconds(
        "gen_ai.server.time_to_first_token", "From the call's arrival to its first token", [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]);

    private static readonly Histogram<double> PerToken = Seconds(
        "gen_ai.server.time_per_output_token", "Between tokens after the first", [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]);

    private static readonly Histogram<long> TokenUsage = Meter.CreateHistogram(
        "gen_ai.client.token.usage", "{token}", "Tokens of a call",
        advice: new InstrumentAdvice<long> { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864] });

    public static ActivitySource Source { get; } = Telemetry.Source("Gateway");

    public static void FirstToken(TimeSpan after) => TimeToFirstToken.Record(after.TotalSeconds);

    /// <summary>Counts a call as running until disposed.</summary>
    public static IDisposable InFlight() => new OneRunning();

    public static void Ended(CallOutcome outcome, CallUsage usage)
    {
        Requests.Add(1, new KeyValuePair<string, object?>("outcome", outcome.ToString()));
        Tokens.Add(usage.InputTokens, new KeyValuePair<string, object?>("direction", "input"));
        Tokens.Add(usage.OutputTokens, new KeyValuePair<string, object?>("direction", "output"));
    }

    /// <summary>The conventions' histograms. Models that do not exist would be names without end, so only found ones count.</summary>
    public static void Ended(CallTrace trace)
    {
        if (trace.ProductId is null)
        {
            return;
        }

        var tags = new TagList
        {
            { "gen_ai.operation.name", trace.Operation },
            { "gen_ai.provider.name", Provider },
            { "gen_ai.request.model", trace.Model },
            { "gen_ai.response.model", trace.Model },
        };
        if (CallSpan.ErrorOf(trace) is { } error)
        {
            tags.Add("error.type", error);
        }

        Duration.Record(trace.Total.TotalSeconds, tags);
        if (trace.FirstToken is { } first)
        {
            ServerFirst.Record(first.TotalSeconds, tags);
            if (trace.Usage.OutputTokens > 1)
            {
                PerToken.Record((trace.Total - first).TotalSeconds / (trace.Usage.OutputTokens - 1), tags);
            }
        }

        if (trace.Usage.InputTokens > 0)
        {
            TokenUsage.Record(trace.Usage.InputTokens, [.. tags, new("gen_ai.token.type", "input")]);
            TokenUsage.Record(trace.Usage.OutputTokens, [.. tags, new("gen_ai.token.type", "output")]);
        }
    }

    private static Histogram<double> Seconds(string name, string what, double[] bounds) =>
        Meter.CreateHistogram(name, "s", what, advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    private sealed class OneRunning : IDisposable
    {
        public OneRunning() => Running.Add(1);

        public void Dispose() => Running.Add(-1);
    }
}
