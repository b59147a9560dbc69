namespace Lodestone.Ui;

/// <summary>Round numbers for an axis from zero.</summary>
/// <param name="Step">1, 2 or 5 times a power of ten.</param>
/// <param name="Max">The top of the axis, a multiple of <paramref name="Step"/>, never zero.</param>
internal sealed record BarScale(double Step, double Max)
{
    private const int Steps = 4;

    public IEnumerable<double> Ticks => Enumerable.Range(0, (int)Math.Round(Max / Step) + 1).Select(i => i * Step);

    /// <summary>An axis of at most four steps that holds <paramref name="largest"/>.</summary>
    public static BarScale For(double largest)
    {
        if (!(largest > 0))
        {
            return new BarScale(1, 1);
        }

        var rough = largest / Steps;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = power * (rough / power) switch
        {
            <= 1 => 1,
            <= 2 => 2,
            <= 5 => 5,
            _ => 10,
        };
        return new BarScale(step, Math.Ceiling(Math.Round(largest / step, 9)) * step);
    }
}
