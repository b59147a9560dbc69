using System.Globalization;
using System.Text;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>A line of a table of metrics.</summary>
/// <param name="Key">A day, a path, a class of clients or a commit.</param>
/// <param name="Downloads">Null where there are none to speak of: a file is a part of one.</param>
/// <param name="Uniques">Null when it is not known any more, or too few to be told.</param>
internal sealed record MetricsRow(string Key, long Requests, long Fetches, long? Downloads, long? Uniques, long Bytes);

/// <summary>What a repository was fetched for, as the page shows it and as the file has it.</summary>
/// <param name="From">First day, UTC.</param>
/// <param name="To">Last day, which is today and not over.</param>
/// <param name="Total">Of people, except by client.</param>
/// <param name="Excluded">Downloads by machines, which nothing else here counts.</param>
internal sealed record MetricsTable(MetricsKey By, DateOnly From, DateOnly To, IReadOnlyList<MetricsRow> Rows, MetricsRow Total, long Excluded)
{
    public string ToCsv()
    {
        var csv = new StringBuilder(By.ToString().ToLowerInvariant()).Append(",requests,fetches,downloads,uniques,bytes\r\n");
        foreach (var row in Rows.Append(Total))
        {
            csv.Append(CultureInfo.InvariantCulture, $"{Quoted(row.Key)},{row.Requests},{row.Fetches},{row.Downloads},{row.Uniques},{row.Bytes}\r\n");
        }

        return csv.ToString();
    }

    // Spreadsheets run what begins like a formula.
    private static string Quoted(string text) => $"\"{(text is ['=' or '+' or '-' or '@', ..] ? "'" : "")}{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>What the lines of a table are about.</summary>
internal enum MetricsKey
{
    Day,
    File,
    Client,
    Revision,
}

/// <summary>Reads what was counted.</summary>
internal sealed class Metrics(HubDb db, TimeProvider clock)
{
    /// <summary>Days for which clients are known one from another, today among them.</summary>
    public const int Month = 30;

    /// <summary>Fewer clients than this are told only to those who may change the repository.</summary>
    private const int FewestTold = 5;

    private const int MostFiles = 500;

    public static IReadOnlyList<int> Spans { get; } = [7, Month, 90, 365];

    /// <param name="days">One of <see cref="Spans"/>.</param>
    public async Task<MetricsTable> OfAsync(Repo repo, Caller caller, MetricsKey by, int days, CancellationToken cancel)
    {
        var (today, first) = (Today(), Today() - days + 1);
        var all = await db.Traffic.AsNoTracking().Where(t => t.RepoId == repo.Id && t.Day >= first).ToListAsync(cancel);
        var people = all.Where(t => t.ClientClass is ClientKind.Person).ToList();
        var uniques = await UniquesAsync(repo, first, days, cancel);
        var isToldAll = repo.CanBeChangedBy(caller);
        var rows = by switch
        {
            MetricsKey.File => await FilesAsync(repo, first, cancel),
            MetricsKey.Client => ClientKind.All.Select(c => Sum(c, all.Where(t => t.ClientClass == c), uniques.ByClass?.GetValueOrDefault(c))),
            MetricsKey.Revision => people.GroupBy(t => t.Revision, StringComparer.Ordinal).Select(g => Sum(g.Key, g, uniques.ByRevision?.GetValueOrDefault(g.Key))).OrderByDescending(r => r.Requests),
            _ => Enumerable.Range(0, days).Select(i => today - i).Select(day => Sum(Name(day), people.Where(t => t.Day == day), uniques.ByDay.GetValueOrDefault(day, day > today - Month ? 0 : null))),
        };
        var total = Sum("total", by is MetricsKey.Client ? all : people, by is MetricsKey.Client ? null : uniques.All);
        return new MetricsTable(by, DateOf(first), DateOf(today), [.. rows.Select(Told)], Told(total), all.Where(t => t.ClientClass is not ClientKind.Person).Sum(t => t.Downloads));

        MetricsRow Told(MetricsRow row) => isToldAll || row.Uniques is not (> 0 and < FewestTold) ? row : row with { Uniques = null };
    }

    /// <summary>Downloads by people on each of the last 30 days.</summary>
    public async Task<IReadOnlyList<long>> MonthAsync(Guid repoId, CancellationToken cancel)
    {
        var first = Today() - Month + 1;
        var counts = await db.Traffic.AsNoTracking().Where(t => t.RepoId == repoId && t.Day >= first && t.ClientClass == ClientKind.Person && t.Downloads > 0)
            .GroupBy(t => t.Day).Select(g => new { g.Key, Count = g.Sum(t => t.Downloads) }).ToDictionaryAsync(g => g.Key, g => g.Count, cancel);
        return [.. Enumerable.Range(0, Month).Select(i => counts.GetValueOrDefault(first + i))];
    }

    private async Task<Uniques> UniquesAsync(Repo repo, long first, int days, CancellationToken cancel)
    {
        var clients = db.TrafficClients.AsNoTracking().Where(c => c.RepoId == repo.Id && c.Day >= first);
        var people = clients.Where(c => c.ClientClass == ClientKind.Person);
        var byDay = await people.GroupBy(c => c.Day).Select(g => new { g.Key, Count = g.Select(c => c.Client).Distinct().LongCount() }).ToDictionaryAsync(g => g.Key, g => (long?)g.Count, cancel);
        if (days > Month)
        {
            return new Uniques(byDay, null, null, null);
        }

        var byClass = await clients.GroupBy(c => c.ClientClass).Select(g => new { g.Key, Count = g.Select(c => c.Client).Distinct().LongCount() }).ToDictionaryAsync(g => g.Key, g => (long?)g.Count, StringComparer.Ordinal, cancel);
        var byRevision = await people.GroupBy(c => c.Revision).Select(g => new { g.Key, Count = g.Select(c => c.Client).Distinct().LongCount() }).ToDictionaryAsync(g => g.Key, g => (long?)g.Count, StringComparer.Ordinal, cancel);
        return new Uniques(byDay, byClass, byRevision, byClass.GetValueOrDefault(ClientKind.Person, 0));
    }

    private async Task<IEnumerable<MetricsRow>> FilesAsync(Repo repo, long first, CancellationToken cancel)
    {
        var files = await db.TrafficFiles.AsNoTracking().Where(t => t.RepoId == repo.Id && t.Day >= first && t.ClientClass == ClientKind.Person)
            .GroupBy(t => t.Path).Select(g => new { g.Key, Requests = g.Sum(t => t.Requests), Fetches = g.Sum(t => t.Fetches), Bytes = g.Sum(t => t.Bytes) })
            .OrderByDescending(f => f.Fetches).ThenBy(f => f.Key).Take(MostFiles).ToListAsync(cancel);
        return files.Select(f => new MetricsRow(f.Key, f.Requests, f.Fetches, null, null, f.Bytes));
    }

    private static MetricsRow Sum(string key, IEnumerable<Traffic> rows, long? uniques)
    {
        var sum = new MetricsRow(key, 0, 0, 0, uniques, 0);
        return rows.Aggregate(sum, (s, t) => s with { Requests = s.Requests + t.Requests, Fetches = s.Fetches + t.Fetches, Downloads = s.Downloads + t.Downloads, Bytes = s.Bytes + t.Bytes });
    }

    private long Today() => clock.GetUtcNow().ToUnixTimeSeconds() / 86_400;

    private static DateOnly DateOf(long day) => DateOnly.FromDateTime(DateTimeOffset.UnixEpoch.AddDays(day).UtcDateTime);

    private static string Name(long day) => DateOf(day).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>Clients, each once; null where it is not known any more.</summary>
    private sealed record Uniques(IReadOnlyDictionary<long, long?> ByDay, IReadOnlyDictionary<string, long?>? ByClass, IReadOnlyDictionary<string, long?>? ByRevision, long? All);
}
