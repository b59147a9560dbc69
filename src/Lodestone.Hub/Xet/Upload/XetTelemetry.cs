using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>
/// Clients report how their transfers went. Nothing reads that; they are told that it arrived, so that they do not try again. They
/// look for it at the root of the host, whatever path the other calls have.
/// </summary>
internal static class XetTelemetry
{
    public static void MapXetTelemetry(this IEndpointRouteBuilder routes)
    {
        foreach (var place in (string[])["/v1/telemetry", Xet.Place + "/v1/telemetry"])
        {
            routes.MapPost(place, () => Results.Ok()).WithErrorShape(ErrorShape.Hub).WithOwnAuthority();
        }
    }
}
