using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Hub;

/// <summary>What a metric's values are: any number, or a share of the samples.</summary>
internal enum ScoreScale
{
    Any,

    /// <summary>From 0 to 1.</summary>
    Fraction,

    /// <summary>From 0 to 100.</summary>
    Percent,
}

internal static class ScoreScales
{
    public static string ToWire(this ScoreScale scale) => scale.ToString().ToLowerInvariant();

    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static ScoreScale Parse(string text) => text switch
    {
        "any" => ScoreScale.Any,
        "fraction" => ScoreScale.Fraction,
        "percent" => ScoreScale.Percent,
        _ => throw new Refusal(RefusalCode.Invalid, "\"scale\" must be one of [any, fraction, percent].") { Param = "scale" },
    };

    /// <summary>What stands for all of the samples; null: the scale has no end.</summary>
    public static double? Whole(this ScoreScale scale) => scale switch
    {
        ScoreScale.Fraction => 1,
        ScoreScale.Percent => 100,
        _ => null,
    };
}

/// <summary>Where a score lies with a confidence of 95 %.</summary>
internal sealed record ScoreInterval(double Low, double High)
{
    private const double Deviations = 1.96; // of the normal distribution, for 95 %

    /// <summary>From the standard error where there is one; else, for shares, Wilson's score interval from the number of samples.</summary>
    /// <returns>Null: neither is known.</returns>
    public static ScoreInterval? Of(double score, double? standardError, long? samples, ScoreScale scale) => (standardError, samples, scale.Whole()) switch
    {
        ({ } error, _, { } whole) => new ScoreInterval(Math.Max(score - (Deviations * error), 0), Math.Min(score + (Deviations * error), whole)),
        ({ } error, _, null) => new ScoreInterval(score - (Deviations * error), score + (Deviations * error)),
        (null, { } count, { } whole) => Wilson(score / whole, count) is var share ? new ScoreInterval(Math.Min(share.Low * whole, score), Math.Max(share.High * whole, score)) : null, // at the ends rounding would leave it out
        _ => null,
    };

    public static string Text(double value) => value.ToString(Math.Abs(value) is >= 0.001 or 0 ? "0.####" : "0.###e0", CultureInfo.InvariantCulture);

    // Wilson, Journal of the American Statistical Association 22 (1927): holds near 0 and 1 too, where a score ± its error does not.
    private static ScoreInterval Wilson(double share, double count)
    {
        const double Z2 = Deviations * Deviations;
        var centre = (share + (Z2 / (2 * count))) / (1 + (Z2 / count));
        var reach = Deviations / (1 + (Z2 / count)) * Math.Sqrt((share * (1 - share) / count) + (Z2 / (4 * count * count)));
        return new ScoreInterval(Math.Max(centre - reach, 0), Math.Min(centre + reach, 1));
    }
}
