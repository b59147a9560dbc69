using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Core;

/// <summary>Whether the process lives, and whether it can serve: for load balancers, scripts and people.</summary>
internal static class Health
{
    private static readonly string Version = typeof(Health).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion; // the build sets it

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", () => TypedResults.Ok(new HealthReport("live", Version)));
        routes.MapGet("/health/ready", Ready);
    }

    private static async Task<Results<Ok<HealthReport>, JsonHttpResult<HealthReport>>> Ready(Database database, Readiness readiness, CancellationToken cancel)
    {
        if (!readiness.IsReady)
        {
            return TypedResults.Json(new HealthReport("starting", Version), statusCode: StatusCodes.Status503ServiceUnavailable);
        }

        await using var connection = await database.OpenAsync(DatabaseFile.Main, cancel);
        await using var command = connection.CreateCommand();
        command.CommandText = "select count(*) from core_schema";
        await command.ExecuteScalarAsync(cancel);
        return TypedResults.Ok(new HealthReport("ready", Version));
    }
}

/// <summary>Set once everything that must be there before the first request is there.</summary>
public sealed class Readiness
{
    private volatile bool _isReady;

    public bool IsReady => _isReady;

    public void Declare() => _isReady = true;
}

/// <param name="Status"><c>live</c>, <c>starting</c> or <c>ready</c>.</param>
/// <param name="Version">Version of the server.</param>
internal sealed record HealthReport(string Status, string Version);
