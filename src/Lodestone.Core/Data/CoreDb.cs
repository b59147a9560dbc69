using System.Collections.Concurrent;
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
    private readonly ConcurrentDictionary<DatabaseFile, DbContextOptions<CoreDb>> _options = new(); // building them for each context would cost more than a query

    public CoreDb Open(DatabaseFile file) => new(_options.GetOrAdd(file, OptionsOf), data, file);

    private DbContextOptions<CoreDb> OptionsOf(DatabaseFile file)
    {
        var options = new DbContextOptionsBuilder<CoreDb>();
        data.Database.Configure(options, file);
        return options.Options;
    }
}
