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

        // Assets are compressed and named by their content at build time: serve them so also from the build's own output.
        builder.Configuration["ReloadStaticAssetsAtRuntime"] = "false";
        builder.Configuration["EnableStaticAssetsDevelopmentCaching"] = "true";
        builder.Configuration["Billing:TestPayments"] ??= serve.Url.IsLoopback.ToString(); // money that nobody paid stays on this machine
        builder.WebHost.UseUrls(serve.Url.ToString());
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true); // one waking of a thread for a request, not two: it runs on the pool as it is
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // files have no ceiling; JSON endpoints set their own
            kestrel.ConfigureEndpointDefaults(listen => listen.UseSocketOutput());
        });
        ConfigureLogs(builder.Logging);
        AddModules(builder.Services, serve);
        if (builder.Configuration["Telemetry:OtlpEndpoint"] is { Length: > 0 } collector)
        {
            builder.Services.AddTelemetryExport(new Uri(collector));
        }

        adjust?.Invoke(builder.Services);

        var app = builder.Build();
        app.UseCore();
        app.UseWhen(context => !IsForPrograms(context.Request.Path), pages => pages.UseResponseCompression());
        app.UseSecurityHeaders();
        app.UseHubCors();
        app.UseIdentity();
        app.UseAntiforgery();
        app.MapCore();
        app.MapIdentity();
        app.MapBilling();
        app.MapHub();
        app.MapCompute();
        app.MapGateway();
        app.MapStaticAssets();
        app.MapRazorComponents<App>().AddAdditionalAssemblies([.. Pages]).WithErrorShape(ErrorShape.Page).WithHead();
        return app;
    }

    /// <summary>What is never a page, so never compressed: compression's stream in between would cost a copy, or time before each token.</summary>
    private static bool IsForPrograms(PathString path) =>
        path.StartsWithSegments("/api", StringComparison.Ordinal) || path.StartsWithSegments("/v1", StringComparison.Ordinal)
        || path.Value?.Contains("/resolve/", StringComparison.Ordinal) is true;

    /// <summary>Brings the schema up to date, applies the seed, then listens, then says that it is ready.</summary>
    public static async Task StartAsync(WebApplication app, CancellationToken cancel)
    {
        await app.Services.GetRequiredService<SchemaRunner>().RunAsync(cancel);
        if (app.Services.GetRequiredService<ServeOptions>().SeedFile is { } seed)
        {
            await using var scope = app.Services.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<Seeding>().ApplyAsync(seed, cancel);
        }

        await app.StartAsync(cancel);
        app.Services.GetRequiredService<Readiness>().Declare();
    }

    /// <summary>One line each; <c>Logging__Console__FormatterName=json</c> makes them structured.</summary>
    private static void ConfigureLogs(ILoggingBuilder logs)
    {
        logs.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
            console.UseUtcTimestamp = true;
        });
        logs.AddFilter("Microsoft", LogLevel.Warning);
        logs.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Critical); // it throws what it logs, and a duplicate key is an answer
        logs.AddFilter("System", LogLevel.Warning);
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
        services.AddHostedService<DemoContent>();

        // Pages only. Their one secret, the antiforgery token, is masked anew in every page, so its compressed size tells nothing.
        services.AddResponseCompression(compression =>
        {
            compression.EnableForHttps = true;
            compression.MimeTypes = ["text/html"];
        });
    }

    // In a scope of its own: where a page threw the refusal, the request's scope has already begun to render another page.
    private static async Task ShowRefusalAsync(HttpContext context, Refusal refusal)
    {
        var requestServices = context.RequestServices;
        await using var scope = requestServices.CreateAsyncScope();
        context.RequestServices = scope.ServiceProvider;
        try
        {
            var page = new RazorComponentResult<RefusedPage>(new Dictionary<string, object?> { [nameof(RefusedPage.Refusal)] = refusal })
            {
                StatusCode = refusal.Code.Status,
            };
            await page.ExecuteAsync(context);
        }
        finally
        {
            context.RequestServices = requestServices;
        }
    }
}
