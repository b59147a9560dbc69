using Lodestone.Core;
using Lodestone.Ui;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Lodestone.Gateway;

/// <summary>The module's table of contents.</summary>
public static class GatewayModule
{
    public static IServiceCollection AddGateway(this IServiceCollection services)
    {
        services.AddOptions<GatewayOptions>()
            .BindConfiguration("Gateway")
            .Validate(o => o.AnswerWithin > TimeSpan.Zero && o.KeepAliveEvery > TimeSpan.Zero, "Gateway:AnswerWithin and Gateway:KeepAliveEvery are longer than zero.")
            .Validate(o => o.FirstTokenWithin > TimeSpan.Zero, "Gateway:FirstTokenWithin is longer than zero.")
            .Validate(o => o.RequestsPerMinute >= 0 && o.TokensPerMinute >= 0, "Gateway:RequestsPerMinute and Gateway:TokensPerMinute are not negative.")
            .Validate(o => o.SeatsPerModel >= 0 && o.WaitWithin > TimeSpan.Zero && o.WaitingPerAccount > 0, "Gateway:SeatsPerModel is not negative; Gateway:WaitWithin and Gateway:WaitingPerAccount are above zero.")
            .Validate(o => o.LargestBody > 0, "Gateway:LargestBody is above zero.")
            .ValidateOnStart();
        services.AddSingleton(p => p.GetRequiredService<IOptions<GatewayOptions>>().Value);
        services.AddModuleDb<GatewayDb>("gateway");
        services.Configure<JsonOptions>(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, GatewayJson.Default));
        services.AddSingleton<KeyLimits>();
        services.AddScoped<Keys>();
        services.AddSingleton<RateLimits>();
        services.AddSingleton<Idempotency>();
        services.AddSingleton<KnownModels>();
        services.AddScoped<CallableModels>();
        services.AddScoped<CatalogueEditing>();
        services.AddSingleton<BackendKeys>();
        services.AddSingleton<Circuits>();
        services.AddSingleton<RemoteCalls>();
        services.AddSingleton<CallBackends>();
        services.AddSingleton<CallQueues>();
        services.AddSingleton(new PromptBounds(overhead: 64));
        services.AddSingleton<Relay>();
        services.AddSingleton<ChatCompletions>();
        services.AddSingleton<CountedCalls>();
        services.AddSingleton<Embeddings>();
        services.AddSingleton<Reranking>();
        services.AddTracing();
        services.AddSingleton(new NavItem("Models by API", "/inference", 51, NavAudience.Everyone, NavPlace.Menu));
        services.AddSingleton(new NavItem("Playground", "/playground", 20, NavAudience.Everyone));
        return services;
    }

    public static IEndpointRouteBuilder MapGateway(this IEndpointRouteBuilder routes)
    {
        var v1 = routes.MapGroup("/v1").WithErrorShape(ErrorShape.OpenAi).Traced();
        v1.MapModelCatalogue();
        v1.MapChatCompletions();
        v1.MapCompletions();
        v1.MapEmbeddings();
        v1.MapReranking();
        v1.MapResponses();
        v1.MapMessages();
        routes.MapOllama();
        routes.MapHuggingFace();
        routes.MapCatalogue();
        routes.MapKeys();
        routes.MapCallLogs();
        routes.MapBodies();
        return routes;
    }

    private static void AddTracing(this IServiceCollection services)
    {
        services.AddSingleton<CallLog>();
        services.AddHostedService(p => p.GetRequiredService<CallLog>());
        services.AddSingleton<BodyChoices>();
        services.AddSingleton<BodySeals>();
        services.AddSingleton<BodyKeeping>();
        services.AddScoped<Bodies>();
        services.AddScoped<CallTracing>();
        services.AddScoped<CallLogs>();
        services.AddScoped<Latency>();
        services.AddTaskHandler<LogCare>(LogCare.Kind);
        services.AddHostedService<LogStart>();
    }
}
