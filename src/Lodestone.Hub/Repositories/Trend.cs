namespace Lodestone.Hub;

/// <summary>
/// How much a repository is asked for lately: ten points for a like, one for a download, and points halve every week.
/// <para>
/// What is stored is the logarithm of the points as they would have been at one instant long ago, in millionths of a halving.
/// Stored so, the order of two repositories does not change while nothing happens, and an index can have it.
/// </para>
/// </summary>
internal static class Trend
{
    public const double Like = 10;
    public const double Download = 1;

    private const double Unit = 1_000_000;

    private static readonly TimeSpan HalfLife = TimeSpan.FromDays(7);
    private static readonly DateTimeOffset Beginning = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <param name="trend">As stored.</param>
    /// <returns>Points now; 0 or more.</returns>
    public static double Points(long trend, DateTimeOffset now) => trend == 0 ? 0 : Math.Pow(2, (trend / Unit) - Halvings(now));

    /// <param name="trend">As stored.</param>
    /// <param name="points">Negative to take away what was added.</param>
    /// <param name="at">When they were earned; now or earlier.</param>
    /// <returns>To be stored.</returns>
    public static long Add(long trend, double points, DateTimeOffset at, DateTimeOffset now)
    {
        var sum = Points(trend, now) + (points * Math.Pow(2, Halvings(at) - Halvings(now)));
        return sum < 1 / Unit ? 0 : (long)Math.Round((Math.Log2(sum) + Halvings(now)) * Unit);
    }

    private static double Halvings(DateTimeOffset at) => (at - Beginning) / HalfLife;
}
