using Microsoft.EntityFrameworkCore;

namespace Lodestone.Core;

/// <summary>Core's own tables, which are in every database file: the outbox and the leased tasks.</summary>
internal sealed class CoreDb(DbContextOptions<CoreDb> options, ModuleData data, DatabaseFile file) : ModuleDb(options, data)
{
    public DbSet<LeasedTask> Tasks => Set<LeasedTask>();

    protected override string Module => "core";

    protected override DatabaseFile File => file;

    protected override void Map(ModelBuilder model)
    {
        model.Entity<LeasedTask>(task =>
        {
            if (Database.IsNpgsql())
            {
                task.Property(t => t.Payload).HasColumnType("jsonb");
            }
        });
    }
}

/// <summary>Opens <see cref="CoreDb"/> on a given file.</summary>
internal sealed class CoreDbs(ModuleData data)
{
    public CoreDb Open(DatabaseFile file)
    {
        var options = new DbContextOptionsBuilder<CoreDb>();
        data.Database.Configure(options, file);
        return new CoreDb(options.Options, data, file);
    }
}
