using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Hub;

/// <summary>The module's table of contents.</summary>
public static class HubModule
{
    public static IServiceCollection AddHub(this IServiceCollection services) => services;

    public static IEndpointRouteBuilder MapHub(this IEndpointRouteBuilder routes) => routes;
}
