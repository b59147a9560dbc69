using System.Text.Json;
using System.Text.RegularExpressions;

namespace Lodestone.Billing;

/// <summary>Places in an event's data, as <c>quantities.input</c>.</summary>
internal static partial class EventData
{
    public static bool IsPath(string path) => Path().IsMatch(path);

    public static JsonElement? At(this JsonElement data, string path)
    {
        foreach (var name in path.Split('.'))
        {
            if (data.ValueKind is not JsonValueKind.Object || !data.TryGetProperty(name, out data))
            {
                return null;
            }
        }

        return data;
    }

    /// <summary>A string, or the number or truth value as it is written.</summary>
    public static string? TextAt(this JsonElement data, string path) => data.At(path) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { } other => other.GetRawText(),
    };

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}(\\.[A-Za-z0-9_-]{1,64}){0,7}$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Path();
}
