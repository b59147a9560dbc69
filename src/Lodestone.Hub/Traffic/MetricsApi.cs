using System.Text;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Hub;

/// <summary>What a repository was fetched for, by day, file, client or revision, as JSON or CSV.</summary>
internal static class MetricsApi
{
    public static void MapMetrics(this IEndpointRouteBuilder repo) => repo.MapGet("/metrics", async (RepoRoute route, RepoAccess access, Metrics metrics, HttpRequest request, CancellationToken cancel) =>
    {
        var found = await access.ToReadAsync(route, cancel);
        var asked = MetricsAsked.Read(request.Query);
        var table = await metrics.OfAsync(found, access.Caller, asked.By, asked.Days, cancel);
        return request.Query["format"] == "csv"
            ? Results.File(Encoding.UTF8.GetBytes(table.ToCsv()), "text/csv; charset=utf-8", $"{found.Name}-{asked.By.ToString().ToLowerInvariant()}.csv")
            : HubAnswer.Json(MetricsAnswer.Of(table), HubJson.Default.MetricsAnswer);
    });
}

/// <summary>Which table somebody wants.</summary>
internal sealed record MetricsAsked(MetricsKey By, int Days)
{
    /// <exception cref="Refusal"><c>invalid_request</c>: there is no such table.</exception>
    public static MetricsAsked Read(IQueryCollection query)
    {
        var (by, days) = (query["by"].ToString(), query.Whole("days") ?? Metrics.Month);
        var key = by.Length == 0 ? MetricsKey.Day : Enum.GetValues<MetricsKey>().Cast<MetricsKey?>().FirstOrDefault(k => k.ToString()!.Equals(by, StringComparison.OrdinalIgnoreCase))
            ?? throw new Refusal(RefusalCode.Invalid, "\"by\" must be one of [day, file, client, revision].") { Param = "by" };
        return Metrics.Spans.Contains((int)Math.Min(days, int.MaxValue))
            ? new MetricsAsked(key, (int)days)
            : throw new Refusal(RefusalCode.Invalid, $"\"days\" must be one of [{string.Join(", ", Metrics.Spans)}].") { Param = "days" };
    }
}

/// <param name="Excluded">Downloads by machines.</param>
internal sealed record MetricsAnswer(string By, DateOnly From, DateOnly To, IReadOnlyList<MetricsRow> Rows, MetricsRow Total, long Excluded)
{
    public static MetricsAnswer Of(MetricsTable table) => new(table.By.ToString().ToLowerInvariant(), table.From, table.To, table.Rows, table.Total, table.Excluded);
}
