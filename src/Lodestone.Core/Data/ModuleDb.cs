using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Lodestone.Core;

/// <summary>
/// One module's tables. Names follow one convention: class <c>RepoLike</c> of module <c>hub</c> is table
/// <c>hub_repo_like</c>, property <c>CreatedAt</c> is column <c>created_at</c>.
/// </summary>
public abstract class ModuleDb(DbContextOptions options, ModuleData data) : DbContext(options)
{
    private bool _hasPublished;

    public DbSet<OutboxEvent> Outbox => Set<OutboxEvent>();

    /// <summary>By the clock of the server.</summary>
    public DateTimeOffset Now => data.Clock.GetUtcNow();

    /// <summary>The prefix of the module's tables, without the underscore.</summary>
    protected abstract string Module { get; }

    /// <summary>The SQLite file of the module's tables.</summary>
    protected virtual DatabaseFile File => DatabaseFile.Main;

    /// <summary>An instant as a parameter of hand-written SQL.</summary>
    public object Instant(DateTimeOffset at) => data.Database.Instant(at);

    /// <summary>Announces an event to other modules. It goes out after this context saves, and only if it does.</summary>
    public void Publish<T>(T happened)
        where T : notnull
    {
        _hasPublished = true;
        Outbox.Add(OutboxEvent.Of(happened, data));
    }

    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        if (Database.CurrentTransaction is not null)
        {
            return await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        }

        using var gate = await data.Database.WriteGateAsync(File, cancellationToken);
        var count = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
        WakeDelivery();
        return count;
    }

    /// <summary>Saves; <see langword="false"/> when a row with the same unique key is already there, and then nothing is changed.</summary>
    public async Task<bool> TrySaveAsync(CancellationToken cancel)
    {
        try
        {
            await SaveChangesAsync(cancel);
            return true;
        }
        catch (DbUpdateException failure) when (IsDuplicate(failure))
        {
            ChangeTracker.Clear();
            return false;
        }
    }

    /// <summary>
    /// Runs reads and writes as one transaction. On SQLite this is the only writer of the file while it lasts, so it must
    /// be short and must not call another module.
    /// </summary>
    public async Task<T> WriteAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancel)
    {
        using var gate = await data.Database.WriteGateAsync(File, cancel);
        await using var transaction = await Database.BeginTransactionAsync(cancel);
        var result = await work(cancel);
        await transaction.CommitAsync(cancel);
        WakeDelivery();
        return result;
    }

    /// <summary>
    /// As <see cref="WriteAsync"/>, for rows that can be derived again from what is durable elsewhere: they outlive this process
    /// at once, and a power cut with the next ordinary commit. It saves the wait for the disk.
    /// </summary>
    public async Task<T> WriteDerivedAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancel)
    {
        await Database.OpenConnectionAsync(cancel); // kept: SQLite's setting is the connection's
        try
        {
            if (!data.Database.IsPostgres)
            {
                await Database.ExecuteSqlRawAsync("pragma synchronous = normal", cancel);
            }

            return await WriteAsync(
                async inner =>
                {
                    if (data.Database.IsPostgres)
                    {
                        await Database.ExecuteSqlRawAsync("set local synchronous_commit = off", inner);
                    }

                    return await work(inner);
                },
                cancel);
        }
        finally
        {
            if (!data.Database.IsPostgres)
            {
                await Database.ExecuteSqlRawAsync("pragma synchronous = full", CancellationToken.None);
            }

            await Database.CloseConnectionAsync();
        }
    }

    /// <summary>Holds a row of one of this module's tables until the transaction ends. SQLite needs no lock: there is one writer.</summary>
    public Task LockAsync<TEntity>(Guid id, CancellationToken cancel)
        where TEntity : class
    {
        if (!data.Database.IsPostgres)
        {
            return Task.CompletedTask;
        }

        var sql = "select 1 from " + Model.FindEntityType(typeof(TEntity))!.GetTableName() + " where id = {0} for update"; // mapped in this context
        return Database.ExecuteSqlRawAsync(sql, [id], cancel);
    }

    // Most writes publish nothing, and looking for events after each of them would cost as much as the write.
    private void WakeDelivery()
    {
        if (_hasPublished)
        {
            _hasPublished = false;
            data.Outbox.Wake();
        }
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        if (data.Database.IsPostgres)
        {
            configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcMicrosecondsConverter>();
        }
        else
        {
            configurationBuilder.Properties<DateTimeOffset>().HaveConversion<MicrosecondsConverter>();
        }
    }

    protected sealed override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<OutboxEvent>();
        Map(modelBuilder);
        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            entity.SetTableName($"{Module}_{SnakeCase(entity.ClrType.Name)}");
            foreach (var property in entity.GetProperties())
            {
                property.SetColumnName(SnakeCase(property.Name));
                property.ValueGenerated = Microsoft.EntityFrameworkCore.Metadata.ValueGenerated.Never;
            }
        }

        var outbox = modelBuilder.Entity<OutboxEvent>().ToTable("core_outbox");
        if (data.Database.IsPostgres)
        {
            outbox.Property(e => e.Payload).HasColumnType("jsonb");
        }
    }

    /// <summary>Keys that are not called <c>Id</c>, value converters, <c>jsonb</c> columns.</summary>
    protected virtual void Map(ModelBuilder model)
    {
    }

    private static bool IsDuplicate(DbUpdateException failure) => failure.InnerException switch
    {
        SqliteException { SqliteExtendedErrorCode: 1555 or 2067 } => true, // primary key, unique index
        PostgresException { SqlState: PostgresErrorCodes.UniqueViolation } => true,
        _ => false,
    };

    protected static string SnakeCase(string name)
    {
        var snake = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]))
            {
                snake.Append('_');
            }

            snake.Append(char.ToLowerInvariant(name[i]));
        }

        return snake.ToString();
    }
}

/// <summary>What every module's context needs from Core.</summary>
public sealed record ModuleData(Database Database, OutboxSignal Outbox, TimeProvider Clock)
{
    internal EventIds EventIds { get; } = new(Clock);
}
