using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Hub;

internal static class HubAnswer
{
    /// <summary>By the module's own context, which leaves absent members out: clients fail on <c>null</c> where they look for absence.</summary>
    public static IResult Json<T>(T value, JsonTypeInfo<T> type) => Results.Json(value, type);

    public static readonly string NotAPage = "default-src 'none'; sandbox";
}
