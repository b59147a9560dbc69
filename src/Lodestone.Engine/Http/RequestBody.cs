using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Lodestone.Engine.Http;

/// <summary>Reads bodies so that a mistake is answered with its place.</summary>
internal static class RequestBody
{
    /// <exception cref="ApiFault">The body is no JSON (with the position), or a member has the wrong kind (named).</exception>
    public static async Task<T> Read<T>(HttpRequest request, JsonTypeInfo<T> type, CancellationToken cancel)
    {
        using var document = await ParseDocument(request, cancel);
        if (document.RootElement.ValueKind is not JsonValueKind.Object)
        {
            throw new ApiFault(StatusCodes.Status400BadRequest, "The body must be a JSON object.");
        }

        try
        {
            // Members that are kept as JsonElement are copies: they outlive the document.
            return document.RootElement.Deserialize(type)!; // an object never becomes null
        }
        catch (JsonException e)
        {
            var member = e.Path?.TrimStart('$', '.');
            throw new ApiFault(StatusCodes.Status400BadRequest, $"'{member}' has a value of the wrong kind.", member, "invalid_type");
        }
    }

    /// <summary>The text of a JSON string.</summary>
    /// <exception cref="ApiFault">It is no string, or holds half of a surrogate pair.</exception>
    public static string Text(JsonElement value, string param)
    {
        try
        {
            return value.GetString() ?? throw ApiFault.Invalid(param, $"'{param}' must be a string.");
        }
        catch (InvalidOperationException)
        {
            throw ApiFault.Invalid(param, $"'{param}' must be a string of whole characters.");
        }
    }

    private static async Task<JsonDocument> ParseDocument(HttpRequest request, CancellationToken cancel)
    {
        try
        {
            return await JsonDocument.ParseAsync(request.Body, cancellationToken: cancel);
        }
        catch (JsonException e)
        {
            throw new ApiFault(
                StatusCodes.Status400BadRequest, $"The body is not valid JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", code: "invalid_json");
        }
    }
}
