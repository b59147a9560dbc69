using System.Globalization;

namespace Lodestone.Gateway;

/// <summary>Durations as people read them.</summary>
internal static class Times
{
    /// <param name="micros">Microseconds.</param>
    public static string Text(long micros) => micros switch
    {
        0 => "0 ms",
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{micros} µs"),
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{micros / 1000.0:0.0} ms"),
        < 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{micros / 1000.0:0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{micros / 1_000_000.0:0.0#} s"),
    };

    public static string Text(double milliseconds) => Text((long)(milliseconds * 1000));
}
