using Lodestone.Core;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lodestone.Billing;

/// <summary>The module's table of contents.</summary>
public static class BillingModule
{
    public static IServiceCollection AddBilling(this IServiceCollection services)
    {
        services.AddModuleDb<BillingDb>("billing", DatabaseFile.Billing);
        services.AddOptions<BillingOptions>().BindConfiguration("Billing")
            .Validate(options => options.FreeAllowance.Picos >= 0).ValidateOnStart();
        services.AddSingleton(p => p.GetRequiredService<IOptions<BillingOptions>>().Value);
        services.AddSingleton<BillingSteps>();
        services.AddSingleton<ServerEpoch>();
        services.AddSingleton(p => new Metering(
            p.GetRequiredService<BillingSteps>(),
            p.GetRequiredService<ServerEpoch>(),
            p.GetRequiredService<BillingOptions>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<Metering>>()));
        services.AddSingleton(p => new Prices(p.GetRequiredService<BillingSteps>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton(p => new Products(p.GetRequiredService<BillingSteps>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton(p => new Wallets(p.GetRequiredService<BillingSteps>(), p.GetRequiredService<BillingOptions>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Orphans>();
        services.AddTaskHandler<Orphans>(Orphans.Kind);
        services.AddHostedService<OrphansAtStart>();
        return services;
    }

    public static IEndpointRouteBuilder MapBilling(this IEndpointRouteBuilder routes) => routes;
}
