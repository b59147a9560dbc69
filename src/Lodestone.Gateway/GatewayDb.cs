using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Gateway;

/// <summary>The gateway's tables.</summary>
internal sealed class GatewayDb(DbContextOptions<GatewayDb> options, ModuleData data) : ModuleDb(options, data)
{
    public DbSet<CatalogueEntry> Entries => Set<CatalogueEntry>();

    public DbSet<RemoteBackend> Backends => Set<RemoteBackend>();

    public DbSet<IdempotentCall> IdempotentCalls => Set<IdempotentCall>();

    public DbSet<LoggedCall> LoggedCalls => Set<LoggedCall>();

    public DbSet<KeyLimit> KeyLimits => Set<KeyLimit>();

    public DbSet<BodyChoice> BodyChoices => Set<BodyChoice>();

    public DbSet<KeptBody> KeptBodies => Set<KeptBody>();

    public DbSet<LatencyBucket> LatencyBuckets => Set<LatencyBucket>();

    protected override string Module => "gateway";

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        base.ConfigureConventions(configurationBuilder);
        configurationBuilder.Properties<EntryKind>().HaveConversion<string>();
        configurationBuilder.Properties<IdempotentState>().HaveConversion<string>();
        configurationBuilder.Properties<LoggedOutcome>().HaveConversion<string>();
        configurationBuilder.Properties<Measurement>().HaveConversion<string>();
    }

    protected override void Map(ModelBuilder model) => model.Entity<LatencyBucket>().HasKey(b => new { b.ProductId, b.Hour, b.Measure, b.Bucket });
}
