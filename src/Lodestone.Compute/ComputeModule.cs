using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Compute;

/// <summary>The module's table of contents.</summary>
public static class ComputeModule
{
    public static IServiceCollection AddCompute(this IServiceCollection services) => services;

    public static IEndpointRouteBuilder MapCompute(this IEndpointRouteBuilder routes) => routes;
}
