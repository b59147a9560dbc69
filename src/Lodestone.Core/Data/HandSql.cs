using System.Data.Common;
using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Lodestone.Core;

/// <summary>A JSON object for a <c>jsonb</c> column, passed to hand-written SQL.</summary>
public sealed record JsonText(string Value);

/// <summary>Hand-written SQL on an open connection, for the few steps whose budget is below what mapping objects costs.</summary>
public static class HandSql
{
    /// <summary>A command whose interpolated values become parameters: <c>$"delete from t where id = {id}"</c>.</summary>
    public static DbCommand Command(this DbConnection connection, FormattableString sql)
    {
        var command = connection.CreateCommand();
        var names = new object[sql.ArgumentCount];
        for (var i = 0; i < names.Length; i++)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = string.Create(CultureInfo.InvariantCulture, $"@p{i}");
            parameter.Take(sql.GetArgument(i));
            command.Parameters.Add(parameter);
            names[i] = parameter.ParameterName;
        }

        command.CommandText = string.Format(CultureInfo.InvariantCulture, sql.Format, names);
        return command;
    }

    /// <summary>Runs a statement that returns no rows.</summary>
    /// <returns>How many rows it changed.</returns>
    public static async Task<int> ExecuteAsync(this DbConnection connection, FormattableString sql, CancellationToken cancel)
    {
        await using var command = connection.Command(sql);
        return await command.ExecuteNonQueryAsync(cancel);
    }

    internal static void Take(this DbParameter parameter, object? value)
    {
        parameter.Value = value is JsonText json ? json.Value : value ?? DBNull.Value;
        if (value is JsonText && parameter is NpgsqlParameter postgres)
        {
            postgres.NpgsqlDbType = NpgsqlDbType.Jsonb; // it would take the text for text, which the column does not take
        }
    }
}
