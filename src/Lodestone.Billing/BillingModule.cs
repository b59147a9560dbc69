using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Billing;

/// <summary>The module's table of contents.</summary>
public static class BillingModule
{
    public static IServiceCollection AddBilling(this IServiceCollection services) => services;

    public static IEndpointRouteBuilder MapBilling(this IEndpointRouteBuilder routes) => routes;
}
