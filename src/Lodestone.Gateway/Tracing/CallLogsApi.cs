using System.Globalization;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>Calls and what became of them, for programs: <c>/api/v1/inference</c>.</summary>
internal static class CallLogsApi
{
    private const int Page = 50;
    private const int MostHours = 24 * 31;

    public static void MapCallLogs(this IEndpointRouteBuilder routes)
    {
        var inference = routes.MapGroup("/api/v1/inference").WithErrorShape(ErrorShape.Problem).WithTags("Inference");
        inference.MapGet("/logs", List);
        inference.MapGet("/logs/{requestId}", Find);
        inference.MapGet("/models/{owner}/{name}/metrics", Metrics);
    }

    private static async Task<Ok<LogList>> List([AsParameters] LogQuery query, HttpContext http, Caller caller, CallLogs logs, CancellationToken cancel)
    {
        var calls = await logs.ListAsync(caller.Allowing(TokenScope.ReadBilling), query.Filter(), query.Before(), Page + 1, cancel);
        if (calls.Count > Page)
        {
            calls.RemoveAt(Page);
            Cursor.LinkNext(http, calls[^1].Id.ToString("N"));
        }

        return TypedResults.Ok(new LogList([.. calls.Select(LogLine.Of)]));
    }

    private static async Task<Ok<TraceView>> Find(string requestId, Caller caller, CallLogs logs, CancellationToken cancel)
    {
        var call = await logs.FindAsync(caller.Allowing(TokenScope.ReadBilling), requestId, cancel) ?? throw NoCall(requestId);
        return TypedResults.Ok(new TraceView(LogLine.Of(call), call.ReadSteps()));
    }

    private static async Task<Ok<LatencyReport>> Metrics(string owner, string name, int? hours, Caller caller, CallableModels models, Latency latency, CancellationToken cancel)
    {
        if (hours is < 1 or > MostHours)
        {
            throw new Refusal(RefusalCode.Unprocessable, string.Create(CultureInfo.InvariantCulture, $"hours is a number from 1 to {MostHours}.")) { Param = "hours" };
        }

        var model = await models.FindAsync(caller, $"{owner}/{name}", cancel) ?? throw new Refusal(RefusalCode.NotFound, $"There is no model {owner}/{name} that you may call.");
        return TypedResults.Ok(await latency.ReadAsync(model.ProductId, hours ?? 24, cancel));
    }

    public static Refusal NoCall(string requestId) => new(RefusalCode.NotFound, $"You have no call with the request id {requestId}. Calls are kept for a while only.");
}

/// <summary>Which calls are asked for.</summary>
internal sealed record LogQuery
{
    public string? Model { get; init; }

    /// <summary>An access token's id: <c>tok_…</c>.</summary>
    public string? Key { get; init; }

    /// <summary>An outcome such as <c>completed</c> or <c>refused</c>.</summary>
    public string? Status { get; init; }

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    public string? Cursor { get; init; }

    /// <exception cref="Refusal"><c>unprocessable</c>.</exception>
    public LogFilter Filter() => new(
        string.IsNullOrEmpty(Model) ? null : Model,
        string.IsNullOrEmpty(Key) ? null : PublicId.TryParse("tok", Key, out var key) ? key : throw new Refusal(RefusalCode.Unprocessable, "A key is named by its id, tok_….") { Param = "key" },
        string.IsNullOrEmpty(Status) ? null : Enum.TryParse<LoggedOutcome>(Status, ignoreCase: true, out var outcome) ? outcome
            : throw new Refusal(RefusalCode.Unprocessable, "A status is completed, stopped, clientLeft, timedOut, failed or refused.") { Param = "status" },
        From,
        To);

    public Guid? Before() => Core.Cursor.Decode(Cursor) is not { } text ? null
        : Guid.TryParseExact(text, "N", out var id) ? id : throw new Refusal(RefusalCode.Invalid, "The cursor is not valid. Start again without it.") { Param = "cursor" };
}

/// <param name="Calls">Newest first.</param>
internal sealed record LogList(IReadOnlyList<LogLine> Calls);

/// <param name="Key">The access token used, by its id.</param>
/// <param name="Backend"><c>engine</c> or a back-end's id.</param>
/// <param name="Measurement">Who counted the tokens.</param>
/// <param name="FirstTokenMs">Milliseconds.</param>
internal sealed record LogLine(
    string RequestId, string Time, string? Key, string Model, string Operation, string Backend, bool IsStreamed, long Status, string Outcome, string? Code, string? FinishReason,
    long InputTokens, long OutputTokens, string? Measurement, string? Charged, double? FirstTokenMs, double TotalMs)
{
    public static LogLine Of(LoggedCall call) => new(
        call.RequestId,
        Instants.ToWire(call.StartedAt),
        call.KeyId is { } key ? PublicId.Format("tok", key) : null,
        call.Model,
        call.Operation,
        call.Place,
        call.IsStreamed,
        call.Status,
        call.Outcome.ToWire(),
        call.Code,
        call.Finish,
        call.InputTokens,
        call.OutputTokens,
        call.Measurement?.ToString().ToLowerInvariant(),
        call.Charged,
        call.FirstTokenMicros / 1000.0,
        call.TotalMicros / 1000.0);
}

/// <param name="Steps">What was decided, in order; microseconds.</param>
internal sealed record TraceView(LogLine Call, IReadOnlyList<TraceStep> Steps);

internal static class OutcomeNames
{
    public static string ToWire(this LoggedOutcome outcome) => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(outcome.ToString());
}
