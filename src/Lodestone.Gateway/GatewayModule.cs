using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Gateway;

/// <summary>The module's table of contents.</summary>
public static class GatewayModule
{
    public static IServiceCollection AddGateway(this IServiceCollection services) => services;

    public static IEndpointRouteBuilder MapGateway(this IEndpointRouteBuilder routes) => routes;
}
