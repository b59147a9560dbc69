using System.Globalization;
using System.Text;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Hub;

/// <summary>
/// What became of a repository beyond its downloads, for those whose it is: what was made from it, and how it was called here.
/// Sums only, of what is public: nobody is named.
/// </summary>
internal sealed class Reach(HubDb db, ModelCalls calls, TimeProvider clock)
{
    /// <param name="days">One of <see cref="Metrics.Spans"/>.</param>
    public async Task<DerivativeTable> DerivativesAsync(Repo repo, int days, CancellationToken cancel)
    {
        var (first, today) = Span(days);
        var found = await db.Derivations.AsNoTracking().Where(d => d.BaseId == repo.Id)
            .Join(db.Repos.VisibleTo(Caller.Anonymous), d => d.RepoId, r => r.Id, (d, r) => new { d.Relation, d.FoundAt, IsOwn = r.OwnerId == repo.OwnerId }).ToListAsync(cancel);
        var byDay = found.Where(f => DayOf(f.FoundAt) >= first).ToLookup(f => DayOf(f.FoundAt));
        var rows = Each(first, today).Select(day => Sum(Name(day), byDay[day].Select(f => (f.Relation, f.IsOwn)))).ToList();
        return new DerivativeTable(first, today, rows, Sum("new", byDay.SelectMany(g => g).Select(f => (f.Relation, f.IsOwn))), Sum("ever", found.Select(f => (f.Relation, f.IsOwn))));
    }

    /// <inheritdoc cref="DerivativesAsync"/>
    public async Task<CallTable> CallsAsync(Repo repo, int days, CancellationToken cancel)
    {
        var (first, today) = Span(days);
        var use = await calls.SinceAsync(repo.Id, first, cancel);
        var byDay = use.Days.ToDictionary(d => d.Day);
        var rows = Each(first, today).Select(day => byDay.GetValueOrDefault(day) is { } on ? new CallRow(Name(day), on.Calls, on.InputTokens, on.OutputTokens, on.Accounts) : new CallRow(Name(day), 0, 0, 0, 0)).ToList();
        return new CallTable(first, today, rows, new CallRow("total", rows.Sum(r => r.Calls), rows.Sum(r => r.InputTokens), rows.Sum(r => r.OutputTokens), use.Accounts));
    }

    private (DateOnly First, DateOnly Today) Span(int days)
    {
        var today = DayOf(clock.GetUtcNow());
        return (today.AddDays(1 - days), today);
    }

    private static DerivativeRow Sum(string key, IEnumerable<(string Relation, bool IsOwn)> found)
    {
        var all = found.ToList();
        var others = all.Where(f => !f.IsOwn).ToLookup(f => f.Relation, StringComparer.Ordinal);
        return new DerivativeRow(key, [.. Relations.OfModels.Select(r => (long)others[r].Count())], all.Count(f => f.IsOwn));
    }

    private static IEnumerable<DateOnly> Each(DateOnly first, DateOnly last) => Enumerable.Range(0, last.DayNumber - first.DayNumber + 1).Select(i => last.AddDays(-i));

    private static DateOnly DayOf(DateTimeOffset at) => DateOnly.FromDateTime(at.UtcDateTime);

    private static string Name(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <param name="Key">A day; <c>new</c> in all of the days, or <c>ever</c>.</param>
/// <param name="Counts">Of public models by others, one for each of <see cref="Relations.OfModels"/>.</param>
/// <param name="Own">By the base's own owner, of every kind.</param>
internal sealed record DerivativeRow(string Key, IReadOnlyList<long> Counts, long Own)
{
    public long Others => Counts.Sum();
}

/// <param name="Rows">The newest day first.</param>
internal sealed record DerivativeTable(DateOnly From, DateOnly To, IReadOnlyList<DerivativeRow> Rows, DerivativeRow New, DerivativeRow Ever)
{
    public string ToCsv()
    {
        var csv = new StringBuilder("day,").AppendJoin(',', Relations.OfModels).Append(",own\r\n");
        foreach (var row in Rows.Append(New).Append(Ever))
        {
            csv.Append(row.Key).Append(',').AppendJoin(',', row.Counts).Append(CultureInfo.InvariantCulture, $",{row.Own}\r\n");
        }

        return csv.ToString();
    }
}

/// <param name="Key">A day, or <c>total</c>.</param>
/// <param name="Accounts">How many accounts called, each once.</param>
internal sealed record CallRow(string Key, long Calls, long InputTokens, long OutputTokens, long Accounts);

/// <param name="Rows">The newest day first.</param>
internal sealed record CallTable(DateOnly From, DateOnly To, IReadOnlyList<CallRow> Rows, CallRow Total)
{
    public string ToCsv()
    {
        var csv = new StringBuilder("day,calls,input_tokens,output_tokens,accounts\r\n");
        foreach (var row in Rows.Append(Total))
        {
            csv.Append(CultureInfo.InvariantCulture, $"{row.Key},{row.Calls},{row.InputTokens},{row.OutputTokens},{row.Accounts}\r\n");
        }

        return csv.ToString();
    }
}
