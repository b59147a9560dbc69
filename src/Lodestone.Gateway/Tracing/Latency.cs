using Microsoft.EntityFrameworkCore;

namespace Lodestone.Gateway;

/// <summary>How many calls of a model in an hour took so long. Rows add up, so any time and any number of servers is a sum.</summary>
/// <param name="Hour">Since 1970, UTC.</param>
/// <param name="Measure">One of <see cref="Latency"/>'s.</param>
/// <param name="Bucket">From <see cref="Latency.BucketOf"/>.</param>
internal sealed record LatencyBucket(Guid ProductId, long Hour, string Measure, long Bucket, long Calls)
{
    /// <summary>What a call adds, one each. Calls that the caller got wrong say nothing about the model.</summary>
    public static IEnumerable<LatencyBucket> Of(CallTrace trace)
    {
        if (trace.Outcome is null && !trace.IsFault)
        {
            yield break;
        }

        var hour = Latency.HourOf(trace.StartedAt);
        var product = trace.ProductId!.Value; // the callers have looked
        yield return new LatencyBucket(product, hour, Latency.Calls, trace.IsFault ? 1 : 0, 1);
        if (trace.IsFault)
        {
            yield break;
        }

        yield return new LatencyBucket(product, hour, Latency.Total, Latency.BucketOf(trace.Total), 1);
        if (trace.FirstToken is { } first)
        {
            yield return new LatencyBucket(product, hour, Latency.First, Latency.BucketOf(first), 1);
        }
    }
}

/// <summary>How soon a model answers, and how often it fails, by hour.</summary>
internal sealed class Latency(GatewayDb db, TimeProvider clock)
{
    /// <summary>Bucket 1 has those that failed, 0 the others.</summary>
    public const string Calls = "calls";

    public const string First = "first";
    public const string Total = "total";

    // Each bucket is 4 % wider than the one before: a percentile is off by 2 % at most.
    private static readonly double Step = Math.Log(1.04);

    public static long HourOf(DateTimeOffset at) => at.ToUnixTimeSeconds() / 3600;

    public static long BucketOf(TimeSpan time) => time.TotalMicroseconds <= 1 ? 0 : (long)(Math.Log(time.TotalMicroseconds) / Step);

    /// <param name="productId">The repository, or the catalogue's entry.</param>
    /// <param name="hours">The last so many, the present one included.</param>
    public async Task<LatencyReport> ReadAsync(Guid productId, int hours, CancellationToken cancel)
    {
        var last = HourOf(clock.GetUtcNow());
        var first = last - hours + 1;
        var rows = await db.LatencyBuckets.AsNoTracking().Where(b => b.ProductId == productId && b.Hour >= first).ToListAsync(cancel);
        var byHour = rows.ToLookup(r => r.Hour);
        return new LatencyReport(
            Sum(first, rows),
            [.. Enumerable.Range(0, hours).Select(i => Sum(first + i, [.. byHour[first + i]]))]);
    }

    private static LatencySum Sum(long hour, IReadOnlyList<LatencyBucket> rows) => new(
        DateTimeOffset.FromUnixTimeSeconds(hour * 3600),
        rows.Where(r => r.Measure == Calls).Sum(r => r.Calls),
        rows.Where(r => r.Measure == Calls && r.Bucket == 1).Sum(r => r.Calls),
        Percentile(rows, First, 0.5),
        Percentile(rows, First, 0.95),
        Percentile(rows, Total, 0.5),
        Percentile(rows, Total, 0.95));

    /// <summary>The smallest bucket with so large a share of the calls in it and below.</summary>
    internal static double? Percentile(IEnumerable<LatencyBucket> rows, string measure, double share)
    {
        var buckets = rows.Where(r => r.Measure == measure).GroupBy(r => r.Bucket).Select(g => (Bucket: g.Key, Calls: g.Sum(r => r.Calls))).OrderBy(b => b.Bucket).ToList();
        var wanted = Math.Ceiling(buckets.Sum(b => b.Calls) * share);
        long below = 0;
        foreach (var (bucket, calls) in buckets)
        {
            below += calls;
            if (below >= wanted)
            {
                return Math.Exp((bucket + 0.5) * Step) / 1000;
            }
        }

        return null;
    }
}

/// <summary>How soon a model answered, and how often it failed.</summary>
/// <param name="All">Of all the hours.</param>
/// <param name="Hours">Ascending, also those without calls.</param>
public sealed record LatencyReport(LatencySum All, IReadOnlyList<LatencySum> Hours);

/// <summary>The same of one hour, or of several together.</summary>
/// <param name="From">Beginning of the hour.</param>
/// <param name="Calls">That were made; those that the caller got wrong are not among them.</param>
/// <param name="Failures">Of those, that we or the back-end failed.</param>
/// <param name="FirstP50">Milliseconds to the first token; absent without calls.</param>
/// <param name="TotalP50">Milliseconds to the end of the answer; absent without calls.</param>
public sealed record LatencySum(DateTimeOffset From, long Calls, long Failures, double? FirstP50, double? FirstP95, double? TotalP50, double? TotalP95)
{
    /// <summary>Share of calls that did not fail; absent without calls.</summary>
    public double? Uptime => Calls == 0 ? null : 1 - ((double)Failures / Calls);
}
