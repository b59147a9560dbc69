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

    // Connections for hand-written SQL in SQLite files, with the statements compiled for them. Whoever holds the file's gate uses them.
    private readonly ConcurrentDictionary<(DatabaseFile File, Durability Durability), Statements> _statements = new();

    public Database(StorageOptions options)
    {
        _directory = options.DataDirectory;
        _postgres = options.Database is null ? null : NpgsqlDataSource.Create(options.Database);
    }

    public bool IsPostgres => _postgres is not null;

    /// <summary>The files that are databases of their own: on PostgreSQL everything is in one.</summary>
    public IReadOnlyList<DatabaseFile> Files => IsPostgres ? [DatabaseFile.Main] : [DatabaseFile.Main, DatabaseFile.Billing];

    /// <summary>How an instant is passed to hand-written SQL: microseconds since 1970 in SQLite, <c>timestamptz</c> in PostgreSQL.</summary>
    public object Instant(DateTimeOffset at) => IsPostgres ? at.ToUniversalTime() : Instants.ToMicroseconds(at);

    /// <summary>An open connection for hand-written SQL; the caller disposes it.</summary>
    public Task<DbConnection> OpenAsync(DatabaseFile file, CancellationToken cancel) => OpenAsync(file, SqlitePragmas.Durable, cancel);

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
        var statements = await StatementsAsync(file, durability, cancel);
        try
        {
            return await WriteAsync(statements, durability, work, cancel);
        }
        catch (DbException)
        {
            Drop(file, durability); // nobody knows what state the connection is in
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

    private async Task<T> WriteAsync<T>(Statements statements, Durability durability, Func<Statements, Task<T>> work, CancellationToken cancel)
    {
        await using var transaction = await statements.BeginAsync(cancel); // undone where it is not committed
        if (IsPostgres && durability is Durability.Process)
        {
            await statements.ExecuteAsync($"set local synchronous_commit = off", cancel);
        }

        var result = await work(statements);
        await transaction.CommitAsync(CancellationToken.None);
        return result;
    }

    private async Task<Statements> StatementsAsync(DatabaseFile file, Durability durability, CancellationToken cancel)
    {
        if (_statements.TryGetValue((file, durability), out var kept))
        {
            return kept;
        }

        var pragmas = durability is Durability.Process ? SqlitePragmas.Journal : SqlitePragmas.Durable;
        var statements = new Statements(this, await OpenAsync(file, pragmas, cancel));
        return IsPostgres ? statements : _statements[(file, durability)] = statements;
    }

    private void Drop(DatabaseFile file, Durability durability)
    {
        if (_statements.TryRemove((file, durability), out var broken))
        {
            broken.Dispose();
        }
    }

    // Another time-out makes another pool, whose connections keep their own settings.
    private async Task<DbConnection> OpenAsync(DatabaseFile file, SqlitePragmas pragmas, CancellationToken cancel)
    {
        if (_postgres is not null)
        {
            return await _postgres.OpenConnectionAsync(cancel);
        }

        var connection = new SqliteConnection(ConnectionString(file, pragmas == SqlitePragmas.Journal ? BusyWait + 1 : BusyWait));
        await connection.OpenAsync(cancel);
        pragmas.Apply(connection);
        return connection;
    }

    private string ConnectionString(DatabaseFile file, int timeout = BusyWait)
    {
        var name = file is DatabaseFile.Main ? "lodestone.db" : "billing.db";
        return new SqliteConnectionStringBuilder { DataSource = Path.Combine(_directory, name), ForeignKeys = true, DefaultTimeout = timeout }.ToString();
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
