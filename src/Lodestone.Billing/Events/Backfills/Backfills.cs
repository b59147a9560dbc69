using System.Text.Json;
using System.Text.Json.Nodes;
using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.Extensions.DependencyInjection;

namespace Lodestone.Billing;

/// <summary>
/// Corrects many events at once. The job and all its rows of the log are one transaction; rating follows the log. An event that
/// somebody else corrected meanwhile has the whole job refused.
/// </summary>
internal sealed class Backfills(
    Database database, EventReader reader, EventCorrections corrections, BackfillPreview preview, EventSignal signal, IServiceScopeFactory scopes, TimeProvider clock)
{
    private const int MostEvents = 5_000;
    private const int Shown = 100;

    private static readonly RefusalCode TooMany = new("too_many_events", 422);

    /// <exception cref="Refusal"><c>unprocessable</c>, <c>too_many_events</c>, <c>conflict</c>, and what refuses amendments.</exception>
    public async Task<BackfillResult> ApplyAsync(BackfillRequest wanted, Caller caller, CancellationToken cancel)
    {
        var sender = Sender.Of(caller);
        var reason = EventCorrections.Checked(wanted.Reason);
        if (wanted.Void == wanted.ReplaceWith is { ValueKind: JsonValueKind.Object })
        {
            throw new Refusal(RefusalCode.Unprocessable, "Say either what to replace in the events' data (replaceWith, an object) or that they did not happen (void).") { Param = "replaceWith" };
        }

        var corrected = new List<Corrected>();
        foreach (var before in await FindAsync(sender, wanted.Filter ?? new BackfillFilter(), cancel))
        {
            corrected.Add(new Corrected(before, wanted.Void
                ? before.Entry with { Version = before.Entry.Version + 1, Kind = EntryKind.Void, Reason = reason }
                : await corrections.AmendmentAsync(before.Entry, Merged(before.Entry.Event.Data, wanted.ReplaceWith!.Value), reason, cancel))); // one of the two is given
        }

        return await DoAsync(new Order(sender, JsonSerializer.Serialize(wanted, BillingJson.Default.BackfillRequest), reason, null, caller.Id), corrected, wanted.DryRun, cancel);
    }

    /// <summary>Has all events of a job be again what they were before it.</summary>
    /// <exception cref="Refusal"><c>not_found</c>; <c>conflict</c>: some were corrected since, or it was taken back already.</exception>
    public async Task<BackfillResult> RevertAsync(string id, RevertRequest wanted, Caller caller, CancellationToken cancel)
    {
        var sender = Sender.Of(caller);
        var reason = EventCorrections.Checked(wanted.Reason);
        var job = PublicId.TryParse(BackfillView.IdPrefix, id, out var jobId) ? (await ListAsync(sender, new Conditions($"id = {jobId}"), cancel)).SingleOrDefault() : null;
        if (job is null)
        {
            throw new Refusal(RefusalCode.NotFound, "You have no such job.");
        }

        var corrected = new List<Corrected>();
        foreach (var row in await reader.ListAsync(new Conditions($"job_id = {job.Id}"), $"order by position", cancel))
        {
            var history = await reader.HistoryAsync(row.Entry.Key, cancel);
            var (last, earlier) = (history[^1], history.Single(h => h.Entry.Version == row.Entry.Version - 1).Entry);
            if (last.Position != row.Position)
            {
                throw new Refusal(RefusalCode.Conflict, $"Event {row.KeyText} was corrected again since. Correct what is left one by one, or by a job of its own.");
            }

            var kind = earlier.Kind is EntryKind.Void ? EntryKind.Void : EntryKind.Amend;
            corrected.Add(new Corrected(last, earlier with { Version = last.Entry.Version + 1, Kind = kind, Reason = reason }));
        }

        return await DoAsync(new Order(sender, JsonSerializer.Serialize(wanted, BillingJson.Default.RevertRequest), reason, job.Id, caller.Id), corrected, wanted.DryRun, cancel);
    }

    /// <summary>The last first.</summary>
    public Task<List<Backfill>> OfAsync(Sender sender, CancellationToken cancel) => ListAsync(sender, new Conditions($"created_at is not null"), cancel);

    private async Task<BackfillResult> DoAsync(Order order, List<Corrected> corrected, bool isDryRun, CancellationToken cancel)
    {
        var changes = await preview.LookAsync(corrected, cancel);
        if (isDryRun || corrected.Count == 0)
        {
            return new BackfillResult(null, corrected.Count, changes);
        }

        var now = clock.GetUtcNow();
        var jobId = Guid.CreateVersion7(now);
        await database.WriteAsync(
            DatabaseFile.Events,
            Durability.Disk,
            async sql =>
            {
                var isFirst = await sql.ExecuteAsync(
                    $"""
                    insert into event_backfill (id, tenant_id, request, reason, events, reverts_id, created_at, created_by)
                    values ({jobId}, {order.Sender.TenantId}, {order.Request}, {order.Reason}, {(long)corrected.Count}, {order.RevertsId}, {database.Instant(now)}, {order.By})
                    on conflict (reverts_id) do nothing
                    """,
                    cancel) == 1;
                var taken = isFirst ? await new EventRows(sql, database).InsertAsync(corrected.ConvertAll(c => c.After with { JobId = jobId }), now, cancel) : [];
                return isFirst && taken.All(t => t.Arrival is Arrival.Accepted)
                    ? true
                    : throw new Refusal(RefusalCode.Conflict, isFirst ? "Some of the events have just been corrected by somebody else. Nothing was done; look again." : "The job was taken back already.");
            },
            cancel);
        signal.Wake();
        return new BackfillResult(jobId, corrected.Count, changes);
    }

    private async Task<List<LoggedEvent>> FindAsync(Sender sender, BackfillFilter filter, CancellationToken cancel)
    {
        if (filter.Account is null && filter.Source is null)
        {
            throw new Refusal(RefusalCode.Unprocessable, "Name the account or the source of the events to correct.") { Param = "filter" };
        }

        var where = new Conditions(EventReader.StillCounts).And($"(tenant_id = {sender.TenantId} or {sender == Sender.Server})");
        if (filter.Account is { } name)
        {
            await using var scope = scopes.CreateAsyncScope();
            var account = await scope.ServiceProvider.GetRequiredService<Namespaces>().FindAsync(name, cancel) ?? throw new Refusal(RefusalCode.NotFound, $"There is no account called {name}.") { Param = "filter" };
            where.And($"account_id = {account.Id}");
        }

        where = filter.Type is { } type ? where.And($"type = {type}") : where;
        where = filter.Source is { } source ? where.And($"source = {source}") : where;
        where = filter.From is { } from ? where.And($"time >= {database.Instant(from)}") : where;
        where = filter.To is { } to ? where.And($"time < {database.Instant(to)}") : where;
        var found = (await reader.ListAsync(where, $"order by position limit {20 * MostEvents}", cancel)).Where(e => Fits(e, filter.Data)).Take(MostEvents + 1).ToList();
        return found.Count <= MostEvents ? found : throw new Refusal(TooMany, $"These are more than {MostEvents} events. Correct them in several jobs, by type or by time.") { Param = "filter" };
    }

    private static bool Fits(LoggedEvent logged, Dictionary<string, string>? wanted)
    {
        if (wanted is not { Count: > 0 })
        {
            return true;
        }

        using var data = JsonDocument.Parse(logged.Entry.Event.Data);
        var root = data.RootElement;
        return wanted.All(w => root.TextAt(w.Key) == w.Value);
    }

    private static JsonElement Merged(string data, JsonElement patch)
    {
        var merged = JsonNode.Parse(data)!.AsObject(); // data is an object
        Merge(merged, patch);
        using var document = JsonDocument.Parse(merged.ToJsonString());
        return document.RootElement.Clone();
    }

    private static void Merge(JsonObject into, JsonElement patch)
    {
        foreach (var member in patch.EnumerateObject())
        {
            if (member.Value.ValueKind is JsonValueKind.Null)
            {
                into.Remove(member.Name);
            }
            else if (member.Value.ValueKind is JsonValueKind.Object)
            {
                var inner = into[member.Name] as JsonObject ?? [];
                Merge(inner, member.Value);
                into[member.Name] = inner.Parent is null ? inner : inner.DeepClone();
            }
            else
            {
                into[member.Name] = JsonNode.Parse(member.Value.GetRawText());
            }
        }
    }

    private async Task<List<Backfill>> ListAsync(Sender sender, Conditions where, CancellationToken cancel)
    {
        where.And($"(tenant_id = {sender.TenantId} or {sender == Sender.Server})");
        await using var connection = await database.OpenAsync(DatabaseFile.Events, cancel);
        await using var query = connection.Command(where.After("select id, tenant_id, request, reason, events, reverts_id, created_at, created_by from event_backfill", $"order by id desc limit {Shown}"));
        await using var row = await query.ExecuteReaderAsync(cancel);
        var all = new List<Backfill>();
        while (await row.ReadAsync(cancel))
        {
            all.Add(new Backfill(
                row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.IsDBNull(5) ? null : row.GetGuid(5), database.ReadInstant(row, 6), row.GetGuid(7)));
        }

        return all;
    }

    private sealed record Order(Sender Sender, string Request, string Reason, Guid? RevertsId, Guid By);
}
