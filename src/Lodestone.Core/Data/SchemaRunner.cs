using System.Data.Common;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Lodestone.Core;

/// <summary>
/// Brings the database to the schema of this build: runs the numbered SQL files that it has not run yet, each in a
/// transaction, and refuses to start when a file that has run was changed since.
/// </summary>
public sealed partial class SchemaRunner(Database database, IEnumerable<ModuleSchema> modules, TimeProvider clock, ILogger<SchemaRunner> log)
{
    private const string Ledger =
        "create table if not exists core_schema (module text not null, name text not null, digest text not null, applied_at timestamptz not null, primary key (module, name))";

    public async Task RunAsync(CancellationToken cancel)
    {
        var core = database.Files.Select(file => new ModuleSchema("core", file, typeof(SchemaRunner).Assembly));
        foreach (var group in core.Concat(modules).GroupBy(m => m.File))
        {
            using var gate = await database.WriteGateAsync(group.Key, cancel);
            await using var connection = await database.OpenAsync(group.Key, cancel);
            await ExecuteAsync(connection, transaction: null, Ledger, cancel);
            foreach (var module in group)
            {
                await RunAsync(connection, module, cancel);
            }
        }
    }

    private async Task RunAsync(DbConnection connection, ModuleSchema module, CancellationToken cancel)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        if (database.IsPostgres)
        {
            await ExecuteAsync(connection, transaction, "lock table core_schema in exclusive mode", cancel); // another server may be starting too
        }

        var applied = await AppliedAsync(connection, transaction, module.Name, cancel);
        foreach (var (name, sql) in Files(module))
        {
            var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)));
            if (applied.TryGetValue(name, out var earlier))
            {
                if (earlier != digest)
                {
                    throw new InvalidOperationException($"Schema file {module.Name}/{name} was changed after it had run. Restore it and add a new file.");
                }

                continue;
            }

            await ExecuteAsync(connection, transaction, sql, cancel);
            await ExecuteAsync(connection, transaction, "insert into core_schema values (@a, @b, @c, @d)", cancel, module.Name, name, digest, database.Instant(clock.GetUtcNow()));
            Applied(log, module.Name, name);
        }

        await transaction.CommitAsync(cancel);
    }

    private static async Task<Dictionary<string, string>> AppliedAsync(DbConnection connection, DbTransaction transaction, string module, CancellationToken cancel)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "select name, digest from core_schema where module = @a";
        AddParameters(command, module);
        var applied = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var rows = await command.ExecuteReaderAsync(cancel);
        while (await rows.ReadAsync(cancel))
        {
            applied.Add(rows.GetString(0), rows.GetString(1));
        }

        return applied;
    }

    private IEnumerable<(string Name, string Sql)> Files(ModuleSchema module)
    {
        var other = database.IsPostgres ? ".sqlite.sql" : ".postgres.sql";
        return module.Assembly.GetManifestResourceNames()
            .Where(resource => resource.StartsWith(module.Folder, StringComparison.Ordinal) && !resource.EndsWith(other, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(resource => (resource[module.Folder.Length..], Read(module.Assembly, resource)));
    }

    private static string Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!); // listed just before
        return reader.ReadToEnd();
    }

    private static async Task ExecuteAsync(DbConnection connection, DbTransaction? transaction, string sql, CancellationToken cancel, params object[] values)
    {
        await using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        AddParameters(command, values);
        await command.ExecuteNonQueryAsync(cancel);
    }

    private static void AddParameters(DbCommand command, params object[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = ((char)('a' + i)).ToString();
            parameter.Value = values[i];
            command.Parameters.Add(parameter);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Applied schema file {Module}/{Name}")]
    private static partial void Applied(ILogger log, string module, string name);
}

/// <summary>A module's SQL files, embedded in its assembly.</summary>
/// <param name="Folder">What the names of their resources begin with.</param>
public sealed record ModuleSchema(string Name, DatabaseFile File, Assembly Assembly, string Folder = "Schema/");
