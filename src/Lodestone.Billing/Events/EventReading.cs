using System.Globalization;
using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Events as they stand, and how they came to.</summary>
internal static class EventReading
{
    private const int Page = 100;

    public static void MapEventReading(this IEndpointRouteBuilder events)
    {
        events.MapGet("/events", List);
        events.MapGet("/events/{key}", One);
    }

    private static async Task<Ok<EventList>> List([AsParameters] EventQuery query, HttpContext context, AccountChoice accounts, EventReader reader, Caller caller, CancellationToken cancel)
    {
        var after = Cursor.Decode(query.Cursor) is { } text
            ? long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? position : throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" }
            : long.MaxValue;
        var page = query.State switch
        {
            "quarantined" => await reader.QuarantinedAsync(Sender.Of(caller), after, Page + 1, cancel),
            "unrated" => await reader.UnratedAsync((await accounts.FindAsync(query.Subject, cancel)).Id, after, Page + 1, cancel),
            null or "active" => await reader.ActiveAsync((await accounts.FindAsync(query.Subject, cancel)).Id, query, after, Page + 1, cancel),
            _ => throw new Refusal(RefusalCode.Unprocessable, "state is 'active', 'quarantined' or 'unrated'.") { Param = "state" },
        };
        if (page.Count > Page)
        {
            page.RemoveAt(Page);
            Cursor.LinkNext(context, page[^1].Position.ToString(CultureInfo.InvariantCulture));
        }

        return TypedResults.Ok(new EventList([.. page.Select(EventView.Of)]));
    }

    private static async Task<Ok<EventHistory>> One(string key, EventReader reader, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(EventHistory.Of(await reader.HistoryAsync(key, caller.Allowing(TokenScope.ReadBilling), cancel)));
}

/// <summary>Which events.</summary>
internal sealed record EventQuery
{
    /// <summary>An account; the caller's own unless given.</summary>
    public string? Subject { get; init; }

    public string? Type { get; init; }

    /// <summary>The first instant.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The first instant after them.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary><c>active</c> unless <c>quarantined</c> (without an account or a meter, of those whom the caller sends for) or <c>unrated</c> (without a price).</summary>
    public string? State { get; init; }

    public string? Cursor { get; init; }
}

/// <param name="Events">Those taken in last first; a <c>Link</c> header leads to the next page.</param>
internal sealed record EventList(IReadOnlyList<EventView> Events);

/// <param name="Key">Names the event.</param>
/// <param name="Version">0 as it was sent; each correction is one more.</param>
/// <param name="Kind"><c>event</c>, <c>amend</c>, <c>void</c> or <c>release</c>.</param>
/// <param name="Reason">Why it was corrected, or is in quarantine.</param>
internal sealed record EventView(
    string Key, long Version, string Kind, string Id, string Source, string Type, string Subject, string Time, JsonElement Data, string? Reason, string ReceivedAt)
{
    public static EventView Of(LoggedEvent logged)
    {
        var (entry, e) = (logged.Entry, logged.Entry.Event);
        using var data = JsonDocument.Parse(e.Data);
        return new EventView(
            logged.KeyText, entry.Version, entry.Kind.ToWire(), e.Id, e.Source, e.Type, e.Subject, Instants.ToWire(e.Time), data.RootElement.Clone(), entry.Reason, Instants.ToWire(logged.ReceivedAt));
    }
}

/// <param name="State"><c>active</c>, <c>quarantined</c> or <c>voided</c>.</param>
/// <param name="Versions">As it was sent first; the last is the one that counts.</param>
internal sealed record EventHistory(string Key, string State, IReadOnlyList<EventView> Versions)
{
    public static EventHistory Of(IReadOnlyList<LoggedEvent> versions)
    {
        var last = versions[^1].Entry;
        var state = last.Kind is EntryKind.Void ? "voided" : last.AccountId is null ? "quarantined" : "active";
        return new EventHistory(versions[0].KeyText, state, [.. versions.Select(EventView.Of)]);
    }
}
