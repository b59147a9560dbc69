using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>
/// Addresses of repositories that lead nowhere. Clients ask for names without a namespace, with every path behind them, and must
/// hear that there is no such repository rather than that there is no such route.
/// </summary>
internal static class UnknownRepo
{
    private const int Last = int.MaxValue;

    public static void MapUnknownRepo(this IEndpointRouteBuilder routes)
    {
        routes.Map("/api/{type:repoType}/{name}", Refuse).WithOrder(Last);
        routes.Map("/api/{type:repoType}/{owner}/{name}/{**rest}", Refuse).WithOrder(Last);
        foreach (var place in (string[])["/{name:account}", "/{type:repoPrefix}/{name}"])
        {
            routes.Map(place + "/resolve/{**rest}", Refuse).WithOrder(Last);
            routes.Map(place + "/raw/{**rest}", Refuse).WithOrder(Last);
        }
    }

    private static async Task Refuse(RepoRoute route, RepoAccess access, HttpRequest request, CancellationToken cancel)
    {
        await access.ToReadAsync(route, cancel);
        throw new Refusal(RefusalCode.NotFound, $"There is nothing at {request.Path}.");
    }
}
