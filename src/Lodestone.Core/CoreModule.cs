using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Lodestone.Core;

/// <summary>What every module stands on.</summary>
public static class CoreModule
{
    private const string BlobsFolder = "blobs";

    public static IServiceCollection AddCore(this IServiceCollection services, StorageOptions storage)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(storage);
        services.AddSingleton<Database>();
        services.AddSingleton<OutboxSignal>();
        services.AddSingleton<ModuleData>();
        services.AddSingleton<Announcements>();
        services.AddSingleton<CoreDbs>();
        services.AddSingleton<SchemaRunner>();
        services.AddHashFolder(BlobsFolder);
        services.AddSingleton<IBlobStore>(p => new DiskBlobStore(p.GetRequiredKeyedService<HashFolder>(BlobsFolder)));
        services.AddSingleton(p => new PartialBlobs(p.GetRequiredKeyedService<HashFolder>(BlobsFolder), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton(p => new Tasks(p.GetRequiredService<CoreDbs>(), p.GetRequiredService<Database>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<PublicAddress>();
        services.AddOptions<OutgoingOptions>().BindConfiguration("Outgoing")
            .Validate(options => options.IsValid, "Outgoing:AllowedRanges has something that is no range of addresses. Write 10.20.0.0/16.").ValidateOnStart();
        services.TryAddSingleton(p => p.GetRequiredService<IOptions<OutgoingOptions>>().Value);
        services.AddOptions<ProxyOptions>().BindConfiguration("Proxies")
            .Validate(options => options.IsValid, "Proxies:Trusted has something that is no range of addresses. Write 10.0.0.5/32.").ValidateOnStart();
        services.TryAddSingleton(p => p.GetRequiredService<IOptions<ProxyOptions>>().Value);
        services.TryAddSingleton<HostLookup>(System.Net.Dns.GetHostAddressesAsync);
        services.AddSingleton<OutgoingCalls>();
        services.AddOptions<MailOptions>().BindConfiguration("Mail")
            .Validate(options => options.IsValid, "Mail:From is no address, or Mail:Port no port.").ValidateOnStart();
        services.AddSingleton<IMail>(p => new SmtpMail(p.GetRequiredService<IOptions<MailOptions>>().Value));
        services.AddHostedService<OutboxDelivery>();
        services.AddHostedService<TaskLoop>();

        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true); // malformed JSON is refused in our words, not with an empty 400
        services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlockPools>();
        services.AddSingleton<AccessChanges>();
        services.AddHttpContextAccessor();
        services.AddScoped(p => p.GetRequiredService<IHttpContextAccessor>().HttpContext?.Features.Get<Caller>() ?? Caller.Anonymous);
        services.TryAddSingleton<RefusalPage>((context, refusal) => context.Response.WriteAsync(refusal.Message));
        services.AddSingleton<Readiness>();
        services.AddSingleton<RefusalHandler>();
        services.AddExceptionHandler<RefusalHandler>();
        services.AddTelemetry();
        return services;
    }

    /// <summary>A module's context and its schema files. Called once by each module that has tables.</summary>
    public static IServiceCollection AddModuleDb<TContext>(this IServiceCollection services, string module, DatabaseFile file = DatabaseFile.Main)
        where TContext : ModuleDb
    {
        services.AddSingleton(new ModuleSchema(module, file, typeof(TContext).Assembly));
        return services.AddDbContextPool<TContext>( // making a context costs more than a query
            (provider, options) => provider.GetRequiredService<Database>().Configure(options, file));
    }

    /// <summary>Has <typeparamref name="THandler"/> hear every published <typeparamref name="T"/>, at least once.</summary>
    /// <param name="services">To add to.</param>
    /// <param name="lastOf">
    /// For a handler that looks at how things are now: what an event is about. Of events that are delivered together it hears only the last about each.
    /// </param>
    public static IServiceCollection AddEventHandler<T, THandler>(this IServiceCollection services, Func<T, object>? lastOf = null)
        where THandler : class, IEventHandler<T> =>
        services.AddScoped<THandler>().AddSingleton(EventSubscription.Of<T, THandler>(lastOf));

    /// <summary>Has <typeparamref name="THandler"/> do the leased tasks of one kind.</summary>
    public static IServiceCollection AddTaskHandler<THandler>(this IServiceCollection services, string kind)
        where THandler : class, ITaskHandler =>
        services.AddScoped<THandler>().AddSingleton(new TaskKind(kind, typeof(THandler)));

    /// <summary>A folder of files that are named by their hash, as a keyed service. What an earlier process left half done in it goes when the server starts.</summary>
    /// <param name="name">Key, and name in the data folder.</param>
    public static IServiceCollection AddHashFolder(this IServiceCollection services, string name) => services
        .AddKeyedSingleton(name, (p, _) => new HashFolder(p.GetRequiredService<StorageOptions>(), name, p.GetRequiredService<TimeProvider>()))
        .AddSingleton<IHostedService>(p => new FolderRecovery(p.GetRequiredKeyedService<HashFolder>(name)));

    /// <summary>The outermost middleware: request ids, and one place where refusals become answers.</summary>
    public static WebApplication UseCore(this WebApplication app)
    {
        app.UseTrustedProxies();
        app.UseRequestIds(app.Services.GetRequiredService<TimeProvider>());
        app.UseExceptionHandler(_ => { });
        app.UseWordsForWordlessAnswers();
        return app;
    }

    public static WebApplication MapCore(this WebApplication app)
    {
        app.MapHealth();
        app.MapPrometheusScrapingEndpoint("/metrics");
        return app;
    }
}
