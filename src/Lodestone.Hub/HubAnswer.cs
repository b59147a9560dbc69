using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

internal static class HubAnswer
{
    /// <summary>By the module's own context, which leaves absent members out: clients fail on <c>null</c> where they look for absence.</summary>
    public static IResult Json<T>(T value, JsonTypeInfo<T> type, string? mediaType = null) => Results.Json(value, type, mediaType);

    public static readonly string NotAPage = "default-src 'none'; sandbox";

    /// <summary>The same for a drawing, which may colour itself.</summary>
    public static readonly string Drawing = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
}

internal static class HubBody
{
    /// <summary>A JSON body, whatever its media type; null when there is none.</summary>
    /// <exception cref="Refusal"><c>invalid_request</c>.</exception>
    public static async ValueTask<T?> ReadBodyAsync<T>(this HttpRequest request, JsonTypeInfo<T> type)
        where T : class
    {
        if (request.ContentLength is 0 || (request.ContentLength is null && request.ContentType is null))
        {
            return null;
        }

        try
        {
            return await JsonSerializer.DeserializeAsync(request.Body, type, request.HttpContext.RequestAborted);
        }
        catch (JsonException wrong)
        {
            throw new Refusal(RefusalCode.Invalid, $"The body is not valid JSON, or not of the kind that is read here, at line {wrong.LineNumber + 1}, position {wrong.BytePositionInLine + 1}.");
        }
    }
}
