namespace Lodestone.Billing;

/// <summary>Billing days and months are those of the UTC calendar.</summary>
internal static class Days
{
    public const int LongestMonth = 31;

    private static readonly int Epoch = DateOnly.FromDateTime(DateTime.UnixEpoch).DayNumber;

    /// <summary>As it is stored: days since 1970-01-01.</summary>
    public static long Number(DateOnly day) => day.DayNumber - Epoch;

    public static DateOnly FromNumber(long number) => DateOnly.FromDayNumber((int)number + Epoch);

    public static DateOnly Of(DateTimeOffset instant) => DateOnly.FromDateTime(instant.UtcDateTime);

    public static DateTimeOffset Start(DateOnly day) => new(day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

    public static DateOnly Month(DateOnly day) => new(day.Year, day.Month, 1);

    /// <summary>When the next day, and with it a new allowance, begins.</summary>
    public static DateTimeOffset Next(DateTimeOffset instant) => Start(Of(instant).AddDays(1));
}
