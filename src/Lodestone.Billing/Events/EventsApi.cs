using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Billing;

/// <summary>Events for programs that measure: <c>/api/v1/meter/events</c>, in the modes of CloudEvents over HTTP.</summary>
internal static class EventsApi
{
    private const int MostEvents = 10_000;
    private const int MostBatchBytes = 8 * 1024 * 1024;
    private const int MostEventBytes = 64 * 1024;

    private static readonly RefusalCode Conflict = new("event_conflict", 409);

    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        var events = routes.MapGroup("/api/v1/meter").WithErrorShape(ErrorShape.Problem).WithTags("Events").WithMetadata(new RequestSizeLimitAttribute(MostBatchBytes));
        events.MapPost("/events", One);
        events.MapPost("/events:batch", Batch);
        events.MapPost("/events/{key:length(32)}:amend", Amend);
        events.MapPost("/events/{key:length(32)}:void", Void);
        events.MapEventReading();
        events.MapBackfills();
    }

    private static async Task<Ok<EventAnswer>> Amend(string key, Correction wanted, EventCorrections corrections, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(await corrections.AmendAsync(key, wanted.Data, wanted.Reason, caller, cancel));

    private static async Task<Ok<EventAnswer>> Void(string key, Correction wanted, EventCorrections corrections, Caller caller, CancellationToken cancel) =>
        TypedResults.Ok(await corrections.VoidAsync(key, wanted.Reason, caller, cancel));

    private static async Task<Results<Ok<EventAnswer>, Ok<BatchAnswer>>> One(HttpContext http, Ingestion ingestion, MeterBook meters, Caller caller, TimeProvider clock, CancellationToken cancel)
    {
        if (http.Request.ContentType?.StartsWith("application/cloudevents-batch+json", StringComparison.OrdinalIgnoreCase) is true)
        {
            return await Batch(http, ingestion, meters, caller, clock, cancel);
        }

        var sender = Sender.Of(caller);
        using var body = await EventBody.ReadAsync(http.Request, MostEventBytes, cancel);
        using var reader = new CloudEventReader(await meters.CurrentAsync(cancel), clock.GetUtcNow());
        var incoming = http.Request.Headers.ContainsKey("ce-specversion") ? reader.Read(http.Request.Headers, body.RootElement) : reader.Read(body.RootElement);
        var answer = (await ingestion.TakeAsync(sender, [incoming], cancel))[0];
        if (incoming.Fault is { } fault)
        {
            throw fault.ToRefusal();
        }

        return answer.Result == "conflict" ? throw new Refusal(Conflict, answer.Message!) : TypedResults.Ok(answer); // a conflict says so
    }

    private static async Task<Ok<BatchAnswer>> Batch(HttpContext http, Ingestion ingestion, MeterBook meters, Caller caller, TimeProvider clock, CancellationToken cancel)
    {
        var sender = Sender.Of(caller);
        using var body = await EventBody.ReadAsync(http.Request, MostBatchBytes, cancel);
        if (body.RootElement.ValueKind is not JsonValueKind.Array)
        {
            throw EventFault.Malformed("A batch is a JSON array of events.").ToRefusal();
        }

        if (body.RootElement.GetArrayLength() > MostEvents)
        {
            throw new Refusal(RefusalCode.TooLarge, $"A batch has at most {MostEvents} events. Send them in several.");
        }

        using var reader = new CloudEventReader(await meters.CurrentAsync(cancel), clock.GetUtcNow());
        var incoming = body.RootElement.EnumerateArray().Select(reader.Read).ToList();
        return TypedResults.Ok(new BatchAnswer(await ingestion.TakeAsync(sender, incoming, cancel)));
    }
}
