using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Gateway;

/// <summary>The gateway's tables.</summary>
internal sealed class GatewayDb(DbContextOptions<GatewayDb> options, ModuleData data) : ModuleDb(options, data)
{
    public DbSet<CatalogueEntry> Entries => Set<CatalogueEntry>();

    public DbSet<RemoteBackend> Backends => Set<RemoteBackend>();

    public DbSet<IdempotentCall> IdempotentCalls => Set<IdempotentCall>();

    protected override string Module => "gateway";

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        configurationBuilder.Properties<EntryKind>().HaveConversion<string>();
        configurationBuilder.Properties<IdempotentState>().HaveConversion<string>();
    }
}
