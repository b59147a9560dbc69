using System.Reflection;
using Lodestone.Billing;
using Lodestone.Compute;
using Lodestone.Core;
using Lodestone.Gateway;
using Lodestone.Hub;
using Lodestone.Identity;
using Lodestone.Ui;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Lodestone.Server;

/// <summary>Puts the modules together. The order of the calls is the order of the modules.</summary>
internal static class LodestoneServer
{
    /// <summary>The assemblies that have pages.</summary>
    public static IReadOnlyList<Assembly> Pages { get; } =
    [
        typeof(IdentityModule).Assembly, typeof(BillingModule).Assembly, typeof(HubModule).Assembly, typeof(ComputeModule).Assembly, typeof(GatewayModule).Assembly,
    ];

    /// <param name="serve">What the person who starts the server chose.</param>
    /// <param name="adjust">Last word on services, for tests that replace the clock or the outside world.</param>
    public static WebApplication Create(ServeOptions serve, Action<IServiceCollection>? adjust = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(LodestoneServer).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.WebHost.UseUrls(serve.Url.ToString());
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // files have no ceiling; JSON endpoints set their own
        });
        AddModules(builder.Services, serve);
        adjust?.Invoke(builder.Services);

        var app = builder.Build();
        app.UseCore();
        app.UseSecurityHeaders();
        app.UseIdentity();
        app.UseAntiforgery();
        app.MapCore();
        app.MapIdentity();
        app.MapBilling();
        app.MapHub();
        app.MapCompute();
        app.MapGateway();
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddAdditionalAssemblies([.. Pages]).WithErrorShape(ErrorShape.Page);
        return app;
    }

    /// <summary>Brings the schema up to date, then listens, then says that it is ready.</summary>
    public static async Task StartAsync(WebApplication app, CancellationToken cancel)
    {
        await app.Services.GetRequiredService<SchemaRunner>().RunAsync(cancel);
        await app.StartAsync(cancel);
        app.Services.GetRequiredService<Readiness>().Declare();
    }

    private static void AddModules(IServiceCollection services, ServeOptions serve)
    {
        var data = Path.GetFullPath(serve.DataDirectory);
        Directory.CreateDirectory(data);
        services.AddSingleton(serve);
        services.AddSingleton<RefusalPage>(ShowRefusalAsync);
        services.AddCore(new StorageOptions { DataDirectory = data, Database = serve.Database })
            .AddUi()
            .AddIdentity()
            .AddBilling()
            .AddHub()
            .AddCompute()
            .AddGateway();
    }

    /// <summary>In a scope of its own: the page that refused has begun to render in the request's.</summary>
    private static async Task ShowRefusalAsync(HttpContext context, Refusal refusal)
    {
        var services = context.RequestServices;
        await using var scope = services.CreateAsyncScope();
        context.RequestServices = scope.ServiceProvider;
        try
        {
            var page = new RazorComponentResult<RefusedPage>(new Dictionary<string, object?> { [nameof(RefusedPage.Refusal)] = refusal }) { StatusCode = refusal.Code.Status };
            await page.ExecuteAsync(context);
        }
        finally
        {
            context.RequestServices = services;
        }
    }
}
