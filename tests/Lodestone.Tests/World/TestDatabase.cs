using Npgsql;

namespace Lodestone.Tests;

/// <summary>
/// A fresh database on the PostgreSQL cluster named by <c>LODESTONE_TEST_POSTGRES</c>; without that variable the suite runs on SQLite.
/// Each is a copy of one whose schema was applied once, which takes the cluster a fraction of the time.
/// </summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private static readonly Lazy<Task<string>> Template = new(CreateTemplateAsync);

    private readonly string _cluster;
    private readonly string _name;

    private TestDatabase(string cluster, string name)
    {
        _cluster = cluster;
        _name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(cluster) { Database = name, MaxPoolSize = 12 }.ToString();
    }

    public string ConnectionString { get; }

    private static string? Cluster => Environment.GetEnvironmentVariable("LODESTONE_TEST_POSTGRES");

    public static async Task<TestDatabase?> CreateAsync()
    {
        if (Cluster is not { Length: > 0 } cluster)
        {
            return null;
        }

        var name = $"lodestone_{Guid.CreateVersion7():N}";
        await ExecuteAsync(cluster, $"create database {name} template {await Template.Value}");
        return new TestDatabase(cluster, name);
    }

    public async ValueTask DisposeAsync() => await ExecuteAsync(_cluster, $"drop database {_name} with (force)");

    private static async Task<string> CreateTemplateAsync()
    {
        var name = $"template_{Guid.CreateVersion7():N}";
        await ExecuteAsync(Cluster!, $"create database {name}"); // asked for by a test on PostgreSQL
        await TestServer.ApplySchemaAsync(new TestDatabase(Cluster!, name).ConnectionString);
        return name;
    }

    private static async Task ExecuteAsync(string cluster, string sql)
    {
        await using var source = NpgsqlDataSource.Create(cluster);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
