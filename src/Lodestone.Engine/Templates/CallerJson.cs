using System.Text.Json;
using Lodestone.Engine.Http;

namespace Lodestone.Engine.Templates;

/// <summary>Makes values of a template from JSON that a caller sent: every text keeps the mark of it.</summary>
internal static class CallerJson
{
    /// <exception cref="ApiFault">A text holds half of a surrogate pair.</exception>
    public static object? Value(JsonElement json, string param) => json.ValueKind switch
    {
        JsonValueKind.Object => Members(json, param),
        JsonValueKind.Array => json.EnumerateArray().Select(item => Value(item, param)).ToList(),
        JsonValueKind.String => MarkedText.FromCaller(RequestBody.Text(json, param)),
        JsonValueKind.Number => json.TryGetInt64(out var whole) ? whole : json.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static Map Members(JsonElement json, string param)
    {
        var map = new Map();
        foreach (var member in json.EnumerateObject())
        {
            map[MarkedText.FromCaller(member.Name)] = Value(member.Value, param);
        }

        return map;
    }
}
