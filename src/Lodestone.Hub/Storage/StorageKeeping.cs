using Lodestone.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Hub;

/// <summary>The parts that look after what is stored: reclaim, compaction, conversion, and the counting of it.</summary>
internal static class StorageKeeping
{
    public static IServiceCollection AddStorageKeeping(this IServiceCollection services)
    {
        services.AddScoped<UnheldBlobs>();
        services.AddScoped<UnheldChunkedFiles>();
        services.AddScoped<UnreferencedXorbs>();
        services.AddScoped<UnneededBytes>();
        services.AddScoped<Reclaim>();
        services.AddScoped<SparseXorbs>();
        services.AddScoped<TermSwap>();
        services.AddScoped<Compaction>();
        services.AddScoped<Conversion>();
        services.AddScoped<StorageCounting>();
        services.AddScoped<StorageFigures>();
        services.AddScoped(p => new Sweeps(
            p.GetRequiredService<HubDb>(), p.GetRequiredService<Reclaim>(), p.GetRequiredService<Compaction>(), p.GetRequiredService<StorageCounting>(),
            p.GetRequiredService<Tasks>(), p.GetRequiredService<TimeProvider>()));
        services.AddTaskHandler<DailySweep>(DailySweep.Kind);
        services.AddTaskHandler<AskedSweep>(AskedSweep.Kind);
        services.AddTaskHandler<Chunking>(Chunking.Kind);
        return services;
    }
}
