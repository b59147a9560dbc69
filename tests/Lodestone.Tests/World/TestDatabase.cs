using Npgsql;

namespace Lodestone.Tests;

/// <summary>
/// A fresh database on the PostgreSQL cluster named by <c>LODESTONE_TEST_POSTGRES</c>; without that variable the suite runs on SQLite.
/// </summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string _cluster;
    private readonly string _name;

    private TestDatabase(string cluster, string name)
    {
        _cluster = cluster;
        _name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(cluster) { Database = name, MaxPoolSize = 12 }.ToString();
    }

    public string ConnectionString { get; }

    public static async Task<TestDatabase?> CreateAsync()
    {
        if (Environment.GetEnvironmentVariable("LODESTONE_TEST_POSTGRES") is not { Length: > 0 } cluster)
        {
            return null;
        }

        var name = $"lodestone_{Guid.CreateVersion7():N}";
        await ExecuteAsync(cluster, $"create database {name}");
        return new TestDatabase(cluster, name);
    }

    public async ValueTask DisposeAsync() => await ExecuteAsync(_cluster, $"drop database {_name} with (force)");

    private static async Task ExecuteAsync(string cluster, string sql)
    {
        await using var source = NpgsqlDataSource.Create(cluster);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
