namespace Lodestone.Hub;

/// <summary>An axis of round numbers that holds some scores. It need not begin at zero: places are compared, not lengths.</summary>
/// <param name="Step">1, 2 or 5 times a power of ten; the ends are multiples of it.</param>
internal sealed record ScoreAxis(double Min, double Max, double Step)
{
    private const int Steps = 4;

    public IEnumerable<double> Ticks => Enumerable.Range(0, (int)Math.Round((Max - Min) / Step) + 1).Select(i => Math.Round(Min + (i * Step), 10));

    /// <param name="rows">All that are drawn on it.</param>
    public static ScoreAxis Of(IEnumerable<RankedSubmission> rows)
    {
        var values = rows.SelectMany(r => new[] { r.Submission.Score, r.Interval?.Low ?? r.Submission.Score, r.Interval?.High ?? r.Submission.Score }).DefaultIfEmpty().ToList();
        var (low, high) = (values.Min(), values.Max());
        var width = high - low;
        var rough = (width > 0 ? width : Math.Max(Math.Abs(high), 1)) / Steps;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = power * (rough / power) switch
        {
            <= 1 => 1,
            <= 2 => 2,
            <= 5 => 5,
            _ => 10,
        };
        var (min, max) = (Math.Floor(low / step) * step, Math.Ceiling(high / step) * step);
        return new ScoreAxis(min, max > min ? max : min + step, step);
    }

    /// <summary>From 0 to 100, from the start of the axis.</summary>
    public double Place(double value) => Math.Clamp((value - Min) / (Max - Min) * 100, 0, 100);
}
