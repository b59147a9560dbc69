using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Lodestone.Core;

/// <summary>Instants are whole microseconds in both databases: what PostgreSQL keeps, and integers that sort in SQLite.</summary>
public static class Instants
{
    private const long TicksPerMicrosecond = TimeSpan.TicksPerMicrosecond;

    public static long ToMicroseconds(DateTimeOffset at) => (at.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TicksPerMicrosecond;

    public static DateTimeOffset FromMicroseconds(long microseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks(microseconds * TicksPerMicrosecond);

    /// <summary>Reads what a cursor has of <see cref="ToMicroseconds"/>: digits, of an instant that exists.</summary>
    public static bool TryParseMicroseconds(string text, out DateTimeOffset at)
    {
        var isInstant = long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var microseconds)
            && microseconds <= ToMicroseconds(DateTimeOffset.MaxValue);
        at = isInstant ? FromMicroseconds(microseconds) : default;
        return isInstant;
    }

    /// <summary>The form that hub clients read: UTC with milliseconds and a literal <c>Z</c>.</summary>
    public static string ToWire(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}

internal sealed class MicrosecondsConverter() : ValueConverter<DateTimeOffset, long>(
    at => Instants.ToMicroseconds(at),
    microseconds => Instants.FromMicroseconds(microseconds));

/// <summary>PostgreSQL takes only UTC and would round the seventh digit; both are settled before the row is written.</summary>
internal sealed class UtcMicrosecondsConverter() : ValueConverter<DateTimeOffset, DateTimeOffset>(
    at => Instants.FromMicroseconds(Instants.ToMicroseconds(at)),
    at => at);
