using System.Globalization;
using System.Runtime.ExceptionServices;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Lodestone.Gateway;

/// <summary>
/// POST /v1/chat/completions. A call passes these steps; until the first byte of 6, each of them refuses with a status.
/// <code>
///  1. check the body       everything in it, before anything is looked up
///  2. find the model       what one may not see is not found
///  3. wait for a seat      in turn by account; then acquire the engine, loading it if need be
///  4. size the prompt      by a bound where it is short: asking the engine costs half a millisecond. Exactly, with the model's
///                          template, where the bound is refused: a call that fits into a limit is made
///  5. reserve              the most that the call may cost, journalled before the engine hears of it
///  6. relay                tokens as they come
///  7. settle               once, on every ending: whole, cut, client gone, engine dead, too slow
///  8. end                  the last bytes only now: who has the end of an answer has its charge on record
/// </code>
/// </summary>
internal sealed class ChatCompletions(
    KnownModels known, CallQueues queues, CallBackends backends, RateLimits limits, Idempotency idempotency, Metering metering, Relay relay, GatewayOptions options, TimeProvider clock, ILogger<ChatCompletions> log)
{
    public async Task ServeAsync(HttpContext http, Caller caller, CancellationToken clientLeft)
    {
        var startedAt = clock.GetTimestamp();
        TellProcessingTime(http.Response, startedAt);
        InferenceAccess.Check(caller, http.Request);

        // 1.
        var document = await BodyRules.ReadAsync(http, options.LargestBody, clientLeft);
        var isMistral = MistralDialect.IsSpokenBy(http.Request);
        using var request = ChatRequest.Of(isMistral ? MistralDialect.Read(document) : document);
        Answer InForm(AnswerHead head) =>
            request.IsStreamed ? new StreamedAnswer(http.Response, head, isMistral ? UsagePlace.LastChunk : request.UsagePlace) : new WholeAnswer(http.Response, head);
        await ServeAsync(http, caller, request, InForm, clientLeft);
    }

    /// <summary>The same for a request that came in another dialect, and is answered in it.</summary>
    /// <param name="request">Checked.</param>
    /// <param name="inForm">Makes the answer that the dialect's clients read.</param>
    public async Task ServeAsync(HttpContext http, Caller caller, EngineRequest request, Func<AnswerHead, Answer> inForm, CancellationToken clientLeft)
    {
        var trace = CallTrace.Of(http, caller, clock);
        (trace.Model, trace.IsStreamed) = (request.Model, request.IsStreamed);
        await limits.EnterAsync(caller, http.Response, clientLeft);
        trace.Did("limit", "within what the key may ask in a minute");
        try
        {
            await (Idempotency.IsWanted(http.Request) ? idempotency.RunAsync(http, caller, request, MakeAsync, clientLeft) : MakeAsync());
        }
        catch (Refusal refusal) when (refusal.HelpPath is { } path)
        {
            throw WithAddress(refusal, http.Request.BaseAddress() + path);
        }

        async Task<CallEnd> MakeAsync()
        {
            var (answer, ending) = await RunAsync(http, caller, request, inForm, clientLeft);
            var used = Used(answer, ending);
            var end = EndOf(used, ending);
            await limits.UsedAsync(caller, used.InputTokens + used.OutputTokens);
            try
            {
                // 8.
                await EndAsync(http.Response, answer, ending, clientLeft);
                return end;
            }
            catch (Exception) when (clientLeft.IsCancellationRequested && end is not CallEnd.Free)
            {
                return CallEnd.Cut; // charged, and nobody there to take the end
            }
        }
    }

    /// <summary>What a call would take, without making it.</summary>
    /// <exception cref="Refusal">Whatever a client would be told.</exception>
    public async Task<CallSize> CountAsync(Caller caller, EngineRequest request, CancellationToken cancel)
    {
        var model = await known.FindAsync(caller, request.Model, cancel) ?? throw GatewayRefusals.NoModel(request.Model);
        request.CheckNeeds(model);
        await using var backend = await backends.AcquireAsync(model, cancel);
        return await backend.MeasureAsync(request, cancel);
    }

    /// <summary>The same call for a page that shows the answer itself: all but the last step.</summary>
    /// <exception cref="Refusal">Whatever a client would be told.</exception>
    public async Task<WholeAnswer> AskAsync(HttpContext http, Caller caller, ChatRequest request, CancellationToken clientLeft)
    {
        InferenceAccess.Check(caller, http.Request);
        CallTrace.Of(http, caller, clock).Model = request.Model;
        var (answer, ending) = await RunAsync(http, caller, request, head => new WholeAnswer(http.Response, head), clientLeft);
        clientLeft.ThrowIfCancellationRequested();
        return ending.Fault is null ? answer : throw ending.Refusal;
    }

    private async Task<(TAnswer Answer, Ending Ending)> RunAsync<TAnswer>(
        HttpContext http, Caller caller, EngineRequest request, Func<AnswerHead, TAnswer> inForm, CancellationToken clientLeft)
        where TAnswer : Answer
    {
        var startedAt = clock.GetTimestamp();
        var trace = CallTrace.Of(http, caller, clock);

        // 2.
        var model = await known.FindAsync(caller, request.Model, clientLeft) ?? throw GatewayRefusals.NoModel(request.Model);
        request.CheckNeeds(model);
        trace.Found(model);
        using var span = CallSpan.Start(trace.Operation, model, request);

        // 3.
        using var turn = await queues.EnterAsync(http, caller.Id, model, clientLeft);
        trace.Did("queue", turn.Why);
        await using var backend = await backends.AcquireAsync(model, clientLeft);
        trace.Did("back-end", trace.Place = backend.Place);

        // 4. to 7.
        if (backend.Bound(request) is { } bound && await TryReserveAsync(http, caller, model, bound) is { } reserved)
        {
            var (answer, ending) = await AnswerAsync(bound, reserved);
            if (!GatewayRefusals.IsAboveBound(ending.Fault))
            {
                return Ended(answer, ending);
            }
        }

        var size = await backend.MeasureAsync(request, clientLeft);
        var (whole, end) = await AnswerAsync(size, await ReserveAsync(http, caller, model, size));
        return Ended(whole, end);

        async Task<(TAnswer Answer, Ending Ending)> AnswerAsync(CallSize size, Hold hold)
        {
            var answer = inForm(new AnswerHead(hold.Id, clock.GetUtcNow(), request.Model));
            var delivery = new Delivery(metering, hold, clock, log);
            using var inFlight = GatewayMetrics.InFlight();
            trace.HoldId = hold.Id;
            trace.Did("reserve", hold.FreePart == hold.Amount ? $"{hold.Amount} {hold.Amount.Currency} of the free allowance" : $"{hold.Amount} {hold.Amount.Currency}, {hold.FreePart} of it free");
            var ending = await relay.RunAsync(new Call(model.Id, backend, request, size, answer, delivery, trace, startedAt), clientLeft);
            trace.Place = backend.Place;
            trace.Answered(ending.Outcome, Used(answer, ending), backend.Measurement, answer.Finish);
            trace.Settlement = await delivery.CloseAsync(Used(answer, ending), ending.Outcome, backend.Measurement);
            trace.Did("rating", trace.Settlement is { } settled ? $"list value {settled.ListValue} {settled.ListValue.Currency}, charged {settled.Charged} {settled.Charged.Currency}" : "nothing was delivered, nothing is charged");
            return (answer, ending);
        }

        (TAnswer Answer, Ending Ending) Ended(TAnswer answer, Ending ending)
        {
            var used = Used(answer, ending);
            turn.Took(used.InputTokens + used.OutputTokens);
            GatewayMetrics.Ended(ending.Outcome, used);
            CallSpan.End(span, trace);
            return (answer, ending);
        }
    }

    private static CallEnd EndOf(CallUsage used, Ending ending) =>
        used.OutputTokens == 0 ? CallEnd.Free : ending.Outcome is CallOutcome.Completed or CallOutcome.Stopped ? CallEnd.Whole : CallEnd.Cut;

    private static CallUsage Used(Answer answer, Ending ending) =>
        ending.Outcome is CallOutcome.Completed or CallOutcome.Stopped ? answer.Made : answer.Delivered;

    private static async Task EndAsync(HttpResponse response, Answer answer, Ending ending, CancellationToken clientLeft)
    {
        if (ending.Outcome is CallOutcome.ClientLeft)
        {
            return;
        }

        if (ending.Fault is null)
        {
            await answer.EndAsync(clientLeft);
        }
        else if (response.HasStarted)
        {
            await answer.FailAsync(ending.Refusal, clientLeft);
        }
        else
        {
            ExceptionDispatchInfo.Throw(ending.Fault);
        }
    }

    private async Task<Hold?> TryReserveAsync(HttpContext http, Caller caller, CalledModel model, CallSize size)
    {
        try
        {
            return await ReserveAsync(http, caller, model, size);
        }
        catch (Refusal refusal) when (refusal.Code.Status is StatusCodes.Status402PaymentRequired)
        {
            return null; // the prompt itself may cost less
        }
    }

    private async Task<Hold> ReserveAsync(HttpContext http, Caller caller, CalledModel model, CallSize size)
    {
        var call = NewCall.Of(http, caller, model, size, options.AnswerWithin);
        var hold = await metering.ReserveAsync(call, CancellationToken.None); // short, and a hold that nobody heard of would stay
        queues.Learn(call.AccountId, hold);
        return hold;
    }

    // Who reads this has a program in hand, not a page: they need the whole address.
    private static Refusal WithAddress(Refusal refusal, string address) => new(refusal.Code, $"{refusal.Message} {address}")
    {
        Param = refusal.Param,
        RetryAfter = refusal.RetryAfter,
        Headers = refusal.Headers,
        Details = new Dictionary<string, object?>(refusal.Details, StringComparer.Ordinal) { ["topup_url"] = address },
    };

    private void TellProcessingTime(HttpResponse response, long startedAt) => response.OnStarting(() =>
    {
        response.Headers["openai-processing-ms"] = clock.GetElapsedTime(startedAt).TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
        return Task.CompletedTask;
    });
}

internal static class ChatCompletionsRoutes
{
    public static void MapChatCompletions(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/chat/completions", (HttpContext http, Caller caller, ChatCompletions chat, CancellationToken cancel) => chat.ServeAsync(http, caller, cancel));
}
