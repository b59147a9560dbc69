using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>What is counted, and how much there was: <c>/api/v1/meters</c>.</summary>
internal static class MetersApi
{
    public static void MapMeters(this IEndpointRouteBuilder routes)
    {
        var meters = routes.MapGroup("/api/v1/meters").WithErrorShape(ErrorShape.Problem).WithTags("Meters");
        meters.MapGet("", List);
        meters.MapPost("", Create);
        meters.MapGet("/{slug}/query", Query);
    }

    private static async Task<Ok<MeterList>> List(MeterBook book, Caller caller, CancellationToken cancel)
    {
        caller.Allowing(TokenScope.ReadBilling);
        return TypedResults.Ok(new MeterList([.. (await book.CurrentAsync(cancel)).All.OrderBy(m => m.Slug, StringComparer.Ordinal).ThenBy(m => m.Version).Select(MeterView.Of)]));
    }

    private static async Task<Created<MeterView>> Create(NewMeter wanted, NewMeters meters, Caller caller, CancellationToken cancel) =>
        TypedResults.Created((string?)null, MeterView.Of(await meters.CreateAsync(wanted, caller, cancel)));

    private static async Task<Ok<MeterReport>> Query(string slug, [AsParameters] MeterQuestion question, MeterQueries queries, AccountChoice accounts, CancellationToken cancel) =>
        TypedResults.Ok(await queries.AnswerAsync(slug, question, await accounts.FindAsync(question.Account, cancel), cancel));
}

/// <summary>What is asked of a meter.</summary>
internal sealed record MeterQuestion
{
    /// <summary>A namespace; the caller's own unless given.</summary>
    public string? Account { get; init; }

    /// <summary>The first instant; 30 days before the last unless given.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>The first instant after them; now unless given.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary><c>hour</c>, <c>day</c> or <c>month</c>, of the account's calendar; all in one unless given.</summary>
    public string? Window { get; init; }

    /// <summary>Paths of the meter's, with commas between them.</summary>
    public string? GroupBy { get; init; }

    /// <summary><c>path:text</c>, which must be there; may be given several times.</summary>
    public string[]? Filter { get; init; }
}

/// <param name="Meters">By slug, with all versions.</param>
internal sealed record MeterList(IReadOnlyList<MeterView> Meters);

internal sealed record MeterView(
    string Slug, long Version, string EventType, string Aggregation, string? ValuePath, IReadOnlyList<string> GroupBy, IReadOnlyDictionary<string, string> Filter,
    string Unit, string? Product, string? ProductPath, string Class, string StartsAt, bool IsBuiltIn)
{
    public static MeterView Of(MeterVersion meter) => new(
        meter.Slug, meter.Version, meter.EventType, meter.Aggregation.ToWire(), meter.ValuePath, meter.Groups, meter.Filters,
        meter.Unit, meter.Product, meter.ProductPath, meter.Class, Instants.ToWire(meter.StartsAt), meter.Id == Guid.Empty);
}

/// <param name="Rows">By window, then group; those without events are absent.</param>
internal sealed record MeterReport(string Meter, string Account, string Aggregation, string Unit, string From, string To, IReadOnlyList<MeterRow> Rows);

/// <param name="Start">Of the window.</param>
/// <param name="Group">The text at each path; empty where there was none.</param>
/// <param name="Value">A whole number, however long.</param>
internal sealed record MeterRow(string Start, IReadOnlyDictionary<string, string> Group, string Value);
