using System.Data.Common;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Lodestone.Core;

/// <summary>
/// Settings of every SQLite connection: readers beside one writer (WAL), and a commit that survives power loss, because what we
/// acknowledge must be durable.
/// </summary>
internal sealed class SqlitePragmas : DbConnectionInterceptor
{
    // Connections are pooled: the same handle is opened again and again, and keeps its settings.
    private static readonly ConditionalWeakTable<object, object> Prepared = [];

    public static SqlitePragmas Durable { get; } = new();

    public static void Apply(DbConnection connection)
    {
        var sqlite = (SqliteConnection)connection;
        if (sqlite.Handle is not { } handle || Prepared.TryGetValue(handle, out _))
        {
            return;
        }

        using var command = sqlite.CreateCommand();
        command.CommandText = "pragma journal_mode=wal; pragma synchronous=full; pragma busy_timeout=30000; pragma temp_store=memory;";
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
