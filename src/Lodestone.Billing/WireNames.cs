using System.Text.Json;

namespace Lodestone.Billing;

internal static class WireNames
{
    /// <summary><c>ClientLeft</c> is <c>client_left</c> on the wire and on pages.</summary>
    public static string ToWire<T>(this T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
