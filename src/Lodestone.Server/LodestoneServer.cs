using Lodestone.Billing;
using Lodestone.Compute;
using Lodestone.Core;
using Lodestone.Gateway;
using Lodestone.Hub;
using Lodestone.Identity;

namespace Lodestone.Server;

/// <summary>Puts the modules together. The order of the calls is the order of the modules.</summary>
internal static class LodestoneServer
{
    /// <param name="serve">What the person who starts the server chose.</param>
    /// <param name="adjust">Last word on services, for tests that replace the clock or the outside world.</param>
    public static WebApplication Create(ServeOptions serve, Action<IServiceCollection>? adjust = null)
    {
        var data = Path.GetFullPath(serve.DataDirectory);
        Directory.CreateDirectory(data);
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls(serve.Url.ToString());
        builder.WebHost.UseStaticWebAssets();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null; // files have no ceiling; JSON endpoints set their own
        });

        builder.Services.AddSingleton(serve);
        builder.Services.AddCore(new StorageOptions { DataDirectory = data, Database = serve.Database })
            .AddIdentity()
            .AddBilling()
            .AddHub()
            .AddCompute()
            .AddGateway();
        adjust?.Invoke(builder.Services);

        var app = builder.Build();
        app.UseCore();
        app.MapCore();
        app.MapIdentity();
        app.MapBilling();
        app.MapHub();
        app.MapCompute();
        app.MapGateway();
        return app;
    }

    /// <summary>Brings the schema up to date, then listens, then says that it is ready.</summary>
    public static async Task StartAsync(WebApplication app, CancellationToken cancel)
    {
        await app.Services.GetRequiredService<SchemaRunner>().RunAsync(cancel);
        await app.StartAsync(cancel);
        app.Services.GetRequiredService<Readiness>().Declare();
    }
}
