using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Lodestone.Core;

/// <summary>
/// Settings of every SQLite connection: readers beside one writer (WAL), and how much a commit survives.
/// </summary>
internal sealed class SqlitePragmas(string synchronous) : DbConnectionInterceptor
{
    // Connections are pooled: the same handle is opened again and again, and keeps its settings.
    private static readonly ConditionalWeakTable<object, object> Prepared = [];

    /// <summary>A commit survives power loss, because what we acknowledge must be durable.</summary>
    public static SqlitePragmas Durable { get; } = new("full");

    /// <summary>A commit survives this process, and power loss once a durable one has followed it.</summary>
    public static SqlitePragmas Journal { get; } = new("normal");

    public void Apply(DbConnection connection)
    {
        var sqlite = (SqliteConnection)connection;
        if (sqlite.Handle is not { } handle || Prepared.TryGetValue(handle, out _))
        {
            return;
        }

        using var command = sqlite.CreateCommand();
        command.CommandText = $"pragma journal_mode=wal; pragma synchronous={synchronous}; pragma busy_timeout=30000; pragma temp_store=memory;";
        command.ExecuteNonQuery();
        Prepared.AddOrUpdate(handle, handle);
    }

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Apply(connection);

    public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Apply(connection);
        return Task.CompletedTask;
    }
}
