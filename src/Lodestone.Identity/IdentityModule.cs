using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Lodestone.Identity;

/// <summary>The module's table of contents.</summary>
public static class IdentityModule
{
    public static IServiceCollection AddIdentity(this IServiceCollection services)
    {
        services.AddModuleDb<IdentityDb>("identity");
        services.AddSingleton<Passwords>();
        services.AddSingleton<Credentials>();
        services.AddSingleton<CredentialUse>();
        services.AddHostedService(p => p.GetRequiredService<CredentialUse>());
        services.AddScoped(p => new Namespaces(p.GetRequiredService<IdentityDb>()));
        services.AddScoped(p => new Accounts(
            p.GetRequiredService<IdentityDb>(),
            p.GetRequiredService<Passwords>(),
            p.GetRequiredService<Credentials>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<Accounts>>()));
        return services;
    }

    /// <summary>Says who makes each request. Right after <see cref="CoreModule.UseCore"/>.</summary>
    public static WebApplication UseIdentity(this WebApplication app)
    {
        app.UseMiddleware<Authentication>();
        return app;
    }

    public static IEndpointRouteBuilder MapIdentity(this IEndpointRouteBuilder routes)
    {
        routes.MapWhoAmI();
        routes.MapAvatars();
        return routes;
    }
}
