using System.Text;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>What was made from a repository and how it was called, as JSON or CSV, for those whose it is.</summary>
internal static class ReachApi
{
    public static void MapReach(this IEndpointRouteBuilder repo)
    {
        repo.MapGet("/metrics/derivatives", async (RepoRoute route, RepoAccess access, Reach reach, HttpRequest request, CancellationToken cancel) =>
        {
            var (found, days) = await AskedAsync(route, access, TokenScope.ReadRepos, request, cancel);
            var table = await reach.DerivativesAsync(found, days, cancel);
            return request.Query["format"] == "csv" ? Csv(table.ToCsv(), found, "derivatives") : HubAnswer.Json(DerivativesAnswer.Of(table), HubJson.Default.DerivativesAnswer);
        });
        repo.MapGet("/metrics/calls", async (RepoRoute route, RepoAccess access, Reach reach, HttpRequest request, CancellationToken cancel) =>
        {
            var (found, days) = await AskedAsync(route, access, TokenScope.ReadBilling, request, cancel);
            var table = await reach.CallsAsync(found, days, cancel);
            return request.Query["format"] == "csv" ? Csv(table.ToCsv(), found, "calls") : HubAnswer.Json(table, HubJson.Default.CallTable);
        });
    }

    private static async Task<(Repo Repo, int Days)> AskedAsync(RepoRoute route, RepoAccess access, TokenScope scope, HttpRequest request, CancellationToken cancel)
    {
        var repo = await access.ToReadAsync(route, cancel);
        return access.Caller.Authenticated().CanRead(repo.OwnerId, scope)
            ? (repo, MetricsAsked.Read(request.Query).Days)
            : throw new Refusal(RefusalCode.Forbidden, $"Only {repo.OwnerName} sees this.");
    }

    private static IResult Csv(string text, Repo repo, string what) => Results.File(Encoding.UTF8.GetBytes(text), "text/csv; charset=utf-8", $"{repo.Name}-{what}.csv");
}

/// <param name="New">In all of the days.</param>
/// <param name="Ever">Of what is still there and public.</param>
internal sealed record DerivativesAnswer(DateOnly From, DateOnly To, IReadOnlyList<DerivativeCounts> Rows, DerivativeCounts New, DerivativeCounts Ever)
{
    public static DerivativesAnswer Of(DerivativeTable table) => new(table.From, table.To, [.. table.Rows.Select(DerivativeCounts.Of)], DerivativeCounts.Of(table.New), DerivativeCounts.Of(table.Ever));
}

/// <param name="ByRelation">How many public models by others, for each kind that there is.</param>
/// <param name="Own">By the base's own owner.</param>
internal sealed record DerivativeCounts(string Key, IReadOnlyDictionary<string, long> ByRelation, long Own)
{
    public static DerivativeCounts Of(DerivativeRow row) =>
        new(row.Key, Relations.OfModels.Zip(row.Counts).Where(c => c.Second > 0).ToDictionary(c => c.First, c => c.Second, StringComparer.Ordinal), row.Own);
}
