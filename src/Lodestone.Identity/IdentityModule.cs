using Lodestone.Core;
using Lodestone.Ui;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lodestone.Identity;

/// <summary>The module's table of contents.</summary>
public static class IdentityModule
{
    public static IServiceCollection AddIdentity(this IServiceCollection services)
    {
        services.AddModuleDb<IdentityDb>("identity");
        services.Configure<RouteOptions>(routes => routes.SetParameterPolicy<AccountSegment>(AccountSegment.Name));
        services.AddSingleton<Passwords>();
        services.AddSingleton<LoginThrottle>();
        services.AddSingleton<Credentials>();
        services.AddSingleton<CredentialUse>();
        services.AddHostedService(p => p.GetRequiredService<CredentialUse>());
        services.AddSingleton<DataKeys>();
        services.AddDataProtection().SetApplicationName("lodestone");
        services.AddOptions<KeyManagementOptions>().Configure<DataKeys>((options, keys) =>
        {
            options.XmlRepository = keys;
            options.XmlEncryptor = new NullXmlEncryptor(); // who reads the database needs no form token
        });

        services.AddSingleton(new NavItem("New organization", "/organizations/new", 80, NavAudience.SignedIn, NavPlace.Menu));
        services.AddSingleton(new NavItem("Settings", "/settings", 90, NavAudience.SignedIn, NavPlace.Menu));
        services.AddSingleton(new SettingsPage("Profile", "/settings/profile", "user", 10));
        services.AddSingleton(new SettingsPage("Access tokens", "/settings/tokens", "key", 20));
        services.AddSingleton(new SettingsPage("Applications", "/settings/applications", "app", 22));
        services.AddScoped<SignIns>();
        services.AddScoped<AccessTokens>();
        services.AddScoped<Profiles>();
        services.AddScoped<EmailLinks>();
        services.AddTaskHandler<EmailLinkMails>(EmailLinkMails.Kind);
        services.AddScoped<ServiceAccounts>();
        services.AddOauth();
        services.TryAddScoped<CountContent>(_ => (_, _, _) => Task.FromResult(new NamespaceCounts(0, 0, 0, 0)));
        return services.AddPublicClasses();
    }

    /// <summary>Says who makes each request. Before anything that asks.</summary>
    public static WebApplication UseIdentity(this WebApplication app)
    {
        app.UseMiddleware<Authentication>();
        return app;
    }

    public static IEndpointRouteBuilder MapIdentity(this IEndpointRouteBuilder routes)
    {
        routes.MapWhoAmI();
        routes.MapOverviews();
        routes.MapOrganizations();
        routes.MapFollows();
        routes.MapServiceAccounts();
        routes.MapTokens();
        routes.MapAvatars();
        routes.MapSignOut();
        routes.MapDiscovery();
        routes.MapAuthorize();
        routes.MapTokenEndpoint();
        routes.MapDevices();
        routes.MapUserInfo();
        routes.MapRegistration();
        return routes;
    }

    private static void AddOauth(this IServiceCollection services)
    {
        services.AddOptions<IdentityOptions>().BindConfiguration("Identity");
        services.AddSingleton(p => p.GetRequiredService<IOptions<IdentityOptions>>().Value);
        services.AddSingleton<AddressQuota>();
        services.AddSingleton<SigningKeys>();
        services.AddScoped<OauthClients>();
        services.AddScoped<OauthGrants>();
        services.AddScoped<OauthConsents>();
        services.AddScoped<OauthApps>();
        services.AddScoped<Devices>();
        services.AddScoped<UserClaims>();
        services.AddScoped<IdTokens>();
    }

    // Their constructors are internal, because what they are made of is.
    private static IServiceCollection AddPublicClasses(this IServiceCollection services)
    {
        services.AddScoped(p => new Namespaces(p.GetRequiredService<IdentityDb>()));
        services.AddScoped(p => new Follows(p.GetRequiredService<IdentityDb>(), p.GetRequiredService<TimeProvider>()));
        services.AddScoped(p => new ApiKeys(
            p.GetRequiredService<IdentityDb>(), p.GetRequiredService<Credentials>(), p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<ApiKeys>>()));
        services.AddScoped(p => new People(p.GetRequiredService<IdentityDb>()));
        services.AddScoped(p => new Accounts(
            p.GetRequiredService<IdentityDb>(),
            p.GetRequiredService<Passwords>(),
            p.GetRequiredService<Credentials>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<Accounts>>()));
        services.AddScoped(p => new Seeding(
            p.GetRequiredService<IdentityDb>(),
            p.GetRequiredService<Accounts>(),
            p.GetRequiredService<Credentials>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<Seeding>>()));
        services.AddScoped(p => new FirstAdministrator(
            p.GetRequiredService<IdentityDb>(),
            p.GetRequiredService<Accounts>(),
            p.GetRequiredService<TimeProvider>(),
            p.GetRequiredService<ILogger<FirstAdministrator>>()));
        return services;
    }
}
