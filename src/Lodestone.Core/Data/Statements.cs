using System.Data.Common;

namespace Lodestone.Core;

/// <summary>
/// Hand-written SQL within one transaction, for the few steps whose budget is below what mapping objects costs. Statements are
/// told apart by their text, so what changes from call to call belongs between braces: <c>$"delete from t where id = {id}"</c>.
/// </summary>
public sealed class Statements : IDisposable
{
    private readonly Database _database;
    private readonly DbConnection _connection;

    // On SQLite, where compiling a statement costs more than running it. Null on PostgreSQL, whose connections come from a pool.
    private readonly Dictionary<string, DbCommand>? _compiled;

    private DbTransaction? _transaction;

    internal Statements(Database database, DbConnection connection)
    {
        _database = database;
        _connection = connection;
        _compiled = database.IsPostgres ? null : new Dictionary<string, DbCommand>(StringComparer.Ordinal);
    }

    /// <summary>Runs a statement that returns no rows.</summary>
    /// <returns>How many rows it changed.</returns>
    public async Task<int> ExecuteAsync(FormattableString sql, CancellationToken cancel) => await Command(sql).ExecuteNonQueryAsync(cancel);

    /// <summary>The first row, where there is one.</summary>
    public async Task<T?> FindAsync<T>(FormattableString sql, Func<DbDataReader, T> read, CancellationToken cancel)
        where T : class
    {
        await using var row = await Command(sql).ExecuteReaderAsync(cancel);
        return await row.ReadAsync(cancel) ? read(row) : null;
    }

    /// <summary>The first row, held until the transaction ends. SQLite needs no lock: there is one writer.</summary>
    public async Task<T?> LockAsync<T>(FormattableString sql, Func<DbDataReader, T> read, CancellationToken cancel)
        where T : class
    {
        await using var row = await Command(sql, _database.IsPostgres ? " for update" : "").ExecuteReaderAsync(cancel);
        return await row.ReadAsync(cancel) ? read(row) : null;
    }

    public async Task<IReadOnlyList<T>> ListAsync<T>(FormattableString sql, Func<DbDataReader, T> read, CancellationToken cancel)
    {
        await using var row = await Command(sql).ExecuteReaderAsync(cancel);
        var all = new List<T>();
        while (await row.ReadAsync(cancel))
        {
            all.Add(read(row));
        }

        return all;
    }

    internal async Task<DbTransaction> BeginAsync(Durability durability, CancellationToken cancel)
    {
        _transaction = null; // that of the last time
        if (!_database.IsPostgres)
        {
            await using var pragma = _connection.CreateCommand(); // never one that is kept: SQLite obeys this when it compiles it
            pragma.CommandText = durability is Durability.Disk ? "pragma synchronous = full" : "pragma synchronous = normal";
            await pragma.ExecuteNonQueryAsync(cancel);
        }

        _transaction = await _connection.BeginTransactionAsync(cancel);
        if (_database.IsPostgres && durability is Durability.Process)
        {
            await ExecuteAsync($"set local synchronous_commit = off", cancel);
        }

        return _transaction;
    }

    public void Dispose()
    {
        foreach (var command in _compiled?.Values ?? Enumerable.Empty<DbCommand>())
        {
            command.Dispose();
        }

        _connection.Dispose();
    }

    private DbCommand Command(FormattableString sql, string ending = "")
    {
        if (_compiled?.TryGetValue(sql.Format, out var command) is not true)
        {
            command = _connection.Command(sql);
            command.CommandText += ending;
            _compiled?.Add(sql.Format, command);
        }
        else
        {
            for (var i = 0; i < sql.ArgumentCount; i++)
            {
                command.Parameters[i].Take(sql.GetArgument(i));
            }
        }

        command.Transaction = _transaction;
        return command;
    }
}
