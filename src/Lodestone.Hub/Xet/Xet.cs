using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>The Xet protocol's side of the hub: large files sent, kept and fetched as chunks that many of them share.</summary>
internal static class Xet
{
    /// <summary>Where its calls are. What follows has changed over the years, and every form of it is answered.</summary>
    public const string Place = "/xet";

    /// <summary>What the calls know of chunks is of one sort; clients name it, in one of two ways.</summary>
    public const string Prefix = "{prefix:xetPrefix}";

    /// <summary>Clients that know a newer call try the older one after a 404, but ask for a new token after a 401.</summary>
    public static void MapUnknownXet(this IEndpointRouteBuilder xet) => xet.Map("/{**rest}", Refuse);

    private static void Refuse(HttpRequest request) => throw new Refusal(RefusalCode.NotFound, $"There is no Xet call at {request.Path}.");
}
