using System.Collections.Concurrent;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Lodestone.Core;

/// <summary>Where rows live: SQLite files in the data directory, or one PostgreSQL database that holds the same tables.</summary>
public sealed class Database : IAsyncDisposable
{
    /// <summary>Seconds.</summary>
    private const int BusyWait = 30;

    private readonly string _directory;
    private readonly NpgsqlDataSource? _postgres;

    // One writer at a time into each SQLite file. Waiting here is fair and cancellable; SQLite's own busy wait is neither.
    private readonly ConcurrentDictionary<DatabaseFile, SemaphoreSlim> _gates = new();

    // One for each SQLite file, with a connection that is no pool's and pages that it remembers while nobody else writes. For whoever holds the file's gate.
    private readonly ConcurrentDictionary<DatabaseFile, Statements> _statements = new();

    public Database(StorageOptions options)
    {
        _directory = options.DataDirectory;
        _postgres = options.Database is null ? null : NpgsqlDataSource.Create(options.Database);
    }

    public bool IsPostgres => _postgres is not null;

    /// <summary>The files that modules publish events from: on PostgreSQL everything is in one.</summary>
    public IReadOnlyList<DatabaseFile> Files => IsPostgres ? [DatabaseFile.Main] : [DatabaseFile.Main, DatabaseFile.Billing];

    /// <summary>How an instant is passed to hand-written SQL: microseconds since 1970 in SQLite, <c>timestamptz</c> in PostgreSQL.</summary>
    public object Instant(DateTimeOffset at) => IsPostgres ? at.ToUniversalTime() : Instants.ToMicroseconds(at);

    /// <summary>An open connection for hand-written SQL; the caller disposes it.</summary>
    public Task<DbConnection> OpenAsync(DatabaseFile file, CancellationToken cancel) => OpenAsync(file, isPooled: true, cancel);

    /// <summary>Waits for the right to write; dispose to let the next one in. Free on PostgreSQL, whose rows have locks of their own.</summary>
    public async Task<IDisposable?> WriteGateAsync(DatabaseFile file, CancellationToken cancel)
    {
        if (IsPostgres)
        {
            return null;
        }

        var gate = _gates.GetOrAdd(file, _ => new SemaphoreSlim(1, 1));
        await gate.WaitAsync(cancel);
        return new GateHold(gate);
    }

    /// <summary>Runs hand-written SQL as one transaction, on SQLite the only one that writes while it lasts.</summary>
    public async Task<T> WriteAsync<T>(DatabaseFile file, Durability durability, Func<Statements, Task<T>> work, CancellationToken cancel)
    {
        using var gate = await WriteGateAsync(file, cancel);
        var statements = await StatementsAsync(file, cancel);
        try
        {
            await using var transaction = await statements.BeginAsync(durability, cancel); // undone where it is not committed
            var result = await work(statements);
            await transaction.CommitAsync(CancellationToken.None);
            return result;
        }
        catch (DbException)
        {
            Drop(file); // nobody knows what state the connection is in
            throw;
        }
        finally
        {
            if (IsPostgres)
            {
                statements.Dispose();
            }
        }
    }

    /// <summary>The twin of <see cref="Instant"/>: an instant as hand-written SQL returned it.</summary>
    public DateTimeOffset ReadInstant(DbDataReader row, int column) =>
        IsPostgres ? row.GetFieldValue<DateTimeOffset>(column) : Instants.FromMicroseconds(row.GetInt64(column));

    public async ValueTask DisposeAsync()
    {
        foreach (var kept in _statements.Values)
        {
            kept.Dispose();
        }

        if (_postgres is not null)
        {
            await _postgres.DisposeAsync();
        }
    }

    internal void Configure(DbContextOptionsBuilder options, DatabaseFile file)
    {
        options.UseLoggerFactory(NullLoggerFactory.Instance);
        if (_postgres is not null)
        {
            options.UseNpgsql(_postgres);
            return;
        }

        options.UseSqlite(ConnectionString(file)).AddInterceptors(SqlitePragmas.Durable);
    }

    private async Task<Statements> StatementsAsync(DatabaseFile file, CancellationToken cancel)
    {
        if (_statements.TryGetValue(file, out var kept))
        {
            return kept;
        }

        var statements = new Statements(this, await OpenAsync(file, isPooled: false, cancel)); // a pool would hand its settings to others
        return IsPostgres ? statements : _statements[file] = statements;
    }

    private void Drop(DatabaseFile file)
    {
        if (_statements.TryRemove(file, out var broken))
        {
            broken.Dispose();
        }
    }

    private async Task<DbConnection> OpenAsync(DatabaseFile file, bool isPooled, CancellationToken cancel)
    {
        if (_postgres is not null)
        {
            return await _postgres.OpenConnectionAsync(cancel);
        }

        var connection = new SqliteConnection(ConnectionString(file, isPooled));
        await connection.OpenAsync(cancel);
        SqlitePragmas.Apply(connection);
        return connection;
    }

    private string ConnectionString(DatabaseFile file, bool isPooled = true)
    {
        var name = file switch
        {
            DatabaseFile.Main => "lodestone.db",
            DatabaseFile.Billing => "billing.db",
            _ => "events.db",
        };
        return new SqliteConnectionStringBuilder { DataSource = Path.Combine(_directory, name), ForeignKeys = true, DefaultTimeout = BusyWait, Pooling = isPooled }.ToString();
    }

    private sealed class GateHold(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}

/// <summary>Which SQLite file a module's tables are in, so that metering never waits behind an upload.</summary>
public enum DatabaseFile
{
    Main,
    Billing,

    /// <summary>Metered events, which come in tens of thousands a second.</summary>
    Events,
}

/// <summary>What a commit survives.</summary>
public enum Durability
{
    /// <summary>Power loss: what we acknowledge.</summary>
    Disk,

    /// <summary>This process at once, and power loss with the next commit to the disk. For what only matters while this machine keeps running: it saves the wait for the disk.</summary>
    Process,
}

/// <summary>Where the server keeps what it must not lose.</summary>
public sealed record StorageOptions
{
    /// <summary>Folder for everything that is not in PostgreSQL.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>PostgreSQL connection string; absent means SQLite files in <see cref="DataDirectory"/>.</summary>
    public string? Database { get; init; }
}
