using Lodestone.Core;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Tests.Core;

public sealed class SchemaTests
{
    [Fact]
    public async Task Every_mapped_column_is_a_column_of_the_real_table_and_the_other_way_round()
    {
        await using var server = await TestServer.StartAsync();
        var database = server.Services.GetRequiredService<Database>();
        using var scope = server.Services.CreateScope();

        foreach (var (file, db) in Contexts(scope.ServiceProvider))
        {
            foreach (var entity in db.Model.GetEntityTypes())
            {
                var mapped = entity.GetFlattenedProperties().Select(p => p.GetColumnName()).Order(StringComparer.Ordinal);
                var real = await ColumnsAsync(database, file, entity.GetTableName()!); // every entity has a table

                Assert.Equal($"{entity.GetTableName()}: {string.Join(' ', real)}", $"{entity.GetTableName()}: {string.Join(' ', mapped)}");
            }
        }
    }

    [Fact]
    public async Task Starting_again_applies_nothing_twice()
    {
        await using var server = await TestServer.StartAsync();

        await server.Services.GetRequiredService<SchemaRunner>().RunAsync(CancellationToken.None);

        using var client = server.Anonymous();
        using var answer = await client.GetAsync("/health/ready");
        Assert.True(answer.IsSuccessStatusCode);
    }

    private static IEnumerable<(DatabaseFile File, ModuleDb Db)> Contexts(IServiceProvider services)
    {
        var types = AppDomain.CurrentDomain.GetAssemblies()
            .Where(a => a.GetName().Name?.StartsWith("Lodestone.", StringComparison.Ordinal) is true)
            .SelectMany(a => a.GetTypes())
            .Where(t => t.IsSubclassOf(typeof(ModuleDb)) && !t.IsAbstract && t.Name != "CoreDb");
        foreach (var type in types)
        {
            var db = (ModuleDb)services.GetRequiredService(type);
            yield return (db.GetType().Namespace is "Lodestone.Billing" ? DatabaseFile.Billing : DatabaseFile.Main, db);
        }

        yield return (DatabaseFile.Main, services.GetRequiredService<CoreDbs>().Open(DatabaseFile.Main));
    }

    private static async Task<List<string>> ColumnsAsync(Database database, DatabaseFile file, string table)
    {
        await using var connection = await database.OpenAsync(file, CancellationToken.None);
        await using var command = connection.CreateCommand();
        command.CommandText = database.IsPostgres
            ? $"select column_name from information_schema.columns where table_name = '{table}'"
            : $"select name from pragma_table_info('{table}')";
        var columns = new List<string>();
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            columns.Add(rows.GetString(0));
        }

        columns.Sort(StringComparer.Ordinal);
        return columns;
    }
}
