using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Lodestone.Compute;

/// <summary>The module's table of contents.</summary>
public static class ComputeModule
{
    public static IServiceCollection AddCompute(this IServiceCollection services)
    {
        services.AddOptions<ComputeOptions>()
            .BindConfiguration("Compute")
            .Validate(o => o.LoadedAtMost >= 1, "Compute:LoadedAtMost is at least 1.")
            .Validate(o => o.LoadWithin > TimeSpan.Zero && o.IdleAfter > TimeSpan.Zero, "Compute:LoadWithin and Compute:IdleAfter are longer than zero.")
            .ValidateOnStart();
        services.AddSingleton(p => p.GetRequiredService<IOptions<ComputeOptions>>().Value);
        services.AddSingleton<SocketDirectory>();
        services.AddSingleton<EngineLauncher>();
        services.AddSingleton(p => new Workers(
            p.GetRequiredService<EngineLauncher>(), p.GetRequiredService<ComputeOptions>(), p.GetRequiredService<ModelWeights>(),
            p.GetRequiredService<TimeProvider>(), p.GetRequiredService<ILogger<Workers>>()));
        services.AddHostedService<WorkerUpkeep>();
        services.AddSingleton<ConversionTurn>();
        services.AddTaskHandler<Converting>(ModelConversions.TaskKind);
        return services;
    }

    public static IEndpointRouteBuilder MapCompute(this IEndpointRouteBuilder routes) => routes;
}
