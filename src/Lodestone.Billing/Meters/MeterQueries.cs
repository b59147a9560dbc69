using System.Globalization;
using System.Text.Json;
using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Billing;

/// <summary>Answers how much of something there was, from the events themselves. Calls of models are events too, whose rows are in the books.</summary>
internal sealed class MeterQueries(Database database, MeterBook book, BillingSteps steps, TimeProvider clock)
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(400);
    private static readonly TimeSpan Usual = TimeSpan.FromDays(30);
    private static readonly RefusalCode PeriodInverted = new("period_inverted", 422);

    /// <exception cref="Refusal"><c>not_found</c>, <c>period_inverted</c>, <c>unprocessable</c>, <c>too_many_members</c>.</exception>
    public async Task<MeterReport> AnswerAsync(string slug, MeterQuestion question, Namespace account, CancellationToken cancel)
    {
        var versions = (await book.CurrentAsync(cancel)).All.Where(m => m.Slug == slug).OrderBy(m => m.StartsAt).ThenBy(m => m.Version).ToList();
        if (versions.Count == 0)
        {
            throw new Refusal(RefusalCode.NotFound, $"There is no meter {slug}.");
        }

        var (now, meter) = (clock.GetUtcNow(), versions[^1]);
        var to = question.To ?? now;
        var from = question.From ?? to - Usual;
        if (from >= to || to - from > Longest)
        {
            throw new Refusal(PeriodInverted, string.Create(CultureInfo.InvariantCulture, $"'from' is before 'to', by at most {Longest.Days} days: {Instants.ToWire(from)} and {Instants.ToWire(to)} are not.")) { Param = "from" };
        }

        var customer = await steps.ReadAsync(db => db.CustomerAsync(account.Id, now, cancel));
        var sums = new MeterSums(versions, Groups(question, meter), Filters(question), question.Window, customer);
        if (meter.EventType == BuiltInMeters.Completion)
        {
            await AddCallsAsync(account.Id, from, to, sums, cancel);
        }

        await AddEventsAsync(account.Id, meter.EventType, from, to, sums, cancel);
        return new MeterReport(slug, account.Name, meter.Aggregation.ToWire(), meter.Unit, Instants.ToWire(from), Instants.ToWire(to), sums.Rows(to < now ? to : now));
    }

    private static List<string> Groups(MeterQuestion question, MeterVersion meter)
    {
        List<string> groups = [.. (question.GroupBy ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        return groups.Find(g => !meter.Groups.Contains(g)) is { } unknown
            ? throw new Refusal(RefusalCode.Unprocessable, $"{meter.Slug} is not broken down by {unknown}, but by {(meter.Groups.Count == 0 ? "nothing" : string.Join(", ", meter.Groups))}.") { Param = "groupBy" }
            : groups;
    }

    private static List<(string Path, string Text)> Filters(MeterQuestion question) =>
        (question.Filter ?? []).Select(f => f.Split(':', 2)).Select(f => f.Length == 2 && EventData.IsPath(f[0])
            ? (f[0], f[1])
            : throw new Refusal(RefusalCode.Unprocessable, "filter is path:text, as model:acme/compass.") { Param = "filter" }).ToList();

    private async Task AddEventsAsync(Guid accountId, string type, DateTimeOffset from, DateTimeOffset to, MeterSums sums, CancellationToken cancel)
    {
        var where = new Conditions($"account_id = {accountId} and type = {type} and time >= {database.Instant(from)} and time < {database.Instant(to)}").And(EventReader.StillCounts);
        await using var connection = await database.OpenAsync(DatabaseFile.Events, cancel);
        await using var query = connection.Command(where.After("select time, data from event_log", $"order by time, position"));
        await using var row = await query.ExecuteReaderAsync(cancel);
        while (await row.ReadAsync(cancel))
        {
            using var data = JsonDocument.Parse(row.GetString(1));
            var root = data.RootElement;
            sums.Add(database.ReadInstant(row, 0), path => root.TextAt(path));
        }
    }

    // With the members that an event of a call has.
    private async Task AddCallsAsync(Guid accountId, DateTimeOffset from, DateTimeOffset to, MeterSums sums, CancellationToken cancel)
    {
        await using var connection = await database.OpenAsync(DatabaseFile.Billing, cancel);
        await using var query = connection.Command($"""
            select time, product_name, outcome, input_tokens, output_tokens from billing_meter_event
            where account_id = {accountId} and time >= {database.Instant(from)} and time < {database.Instant(to)} order by id
            """);
        await using var row = await query.ExecuteReaderAsync(cancel);
        while (await row.ReadAsync(cancel))
        {
            var (model, outcome, input, output) = (row.GetString(1), Enum.Parse<CallOutcome>(row.GetString(2)).ToWire(), row.GetInt64(3), row.GetInt64(4));
            sums.Add(database.ReadInstant(row, 0), path => path switch
            {
                "model" => model,
                "outcome" => outcome,
                "quantities.input" => input.ToString(CultureInfo.InvariantCulture),
                "quantities.output" => output.ToString(CultureInfo.InvariantCulture),
                _ => null,
            });
        }
    }
}
