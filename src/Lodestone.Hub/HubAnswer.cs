using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

internal static class HubAnswer
{
    /// <summary>By the module's own context, which leaves absent members out: clients fail on <c>null</c> where they look for absence.</summary>
    public static IResult Json<T>(T value, JsonTypeInfo<T> type, string? mediaType = null) => Results.Json(value, type, mediaType);

    public static readonly string NotAPage = "default-src 'none'; sandbox";
}
