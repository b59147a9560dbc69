using System.Globalization;
using System.Runtime.ExceptionServices;
using Lodestone.Billing;
using Lodestone.Compute;
using Lodestone.Core;
using Lodestone.Hub;
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
///  3. acquire its engine   loads it if need be; the request waits
///  4. size the prompt      by a bound where it is short: asking the engine costs half a millisecond. Exactly, with the model's
///                          template, where the bound is refused: a call that fits into a limit is made
///  5. reserve              the most that the call may cost, journalled before the engine hears of it
///  6. relay                tokens as they come
///  7. settle               once, on every ending: whole, cut, client gone, engine dead, too slow
///  8. end                  the last bytes only now: who has the end of an answer has its charge on record
/// </code>
/// </summary>
internal sealed class ChatCompletions(
    KnownModels known, PromptBounds bounds, Workers workers, Metering metering, Relay relay, GatewayOptions options, TimeProvider clock, ILogger<ChatCompletions> log)
{
    public async Task ServeAsync(HttpContext http, Caller caller, CancellationToken clientLeft)
    {
        var startedAt = clock.GetTimestamp();
        TellProcessingTime(http.Response, startedAt);
        InferenceAccess.Check(caller, http.Request);

        // 1.
        using var request = await ChatRequest.ReadAsync(http, options.LargestBody, clientLeft);
        Answer InForm(AnswerHead head) =>
            request.IsStreamed ? new StreamedAnswer(http.Response, head, request.WantsUsage) : new WholeAnswer(http.Response, head);
        try
        {
            var (answer, ending) = await RunAsync(http, caller, request, InForm, clientLeft);

            // 8.
            await EndAsync(http.Response, answer, ending, clientLeft);
        }
        catch (Refusal refusal) when (refusal.HelpPath is { } path)
        {
            throw WithAddress(refusal, http.Request.BaseAddress() + path);
        }
    }

    /// <summary>The same call for a page that shows the answer itself: all but the last step.</summary>
    /// <exception cref="Refusal">Whatever a client would be told.</exception>
    public async Task<WholeAnswer> AskAsync(HttpContext http, Caller caller, ChatRequest request, CancellationToken clientLeft)
    {
        InferenceAccess.Check(caller, http.Request);
        var (answer, ending) = await RunAsync(http, caller, request, head => new WholeAnswer(http.Response, head), clientLeft);
        clientLeft.ThrowIfCancellationRequested();
        return ending.Fault is null ? answer : throw ending.Refusal;
    }

    private async Task<(TAnswer Answer, Ending Ending)> RunAsync<TAnswer>(
        HttpContext http, Caller caller, ChatRequest request, Func<AnswerHead, TAnswer> inForm, CancellationToken clientLeft)
        where TAnswer : Answer
    {
        var startedAt = clock.GetTimestamp();

        // 2.
        var model = await known.FindAsync(caller, request.Model, clientLeft) ?? throw GatewayRefusals.NoModel(request.Model);
        using var span = GatewayMetrics.Source.StartActivity("chat")?.SetTag("gen_ai.request.model", model.Id);

        // 3.
        await using var lease = await workers.AcquireAsync(model, clientLeft);

        // 4. to 7.
        if (Bound(request, model, lease) is { } bound && await TryReserveAsync(http, caller, model, bound) is { } reserved)
        {
            var (answer, ending) = await AnswerAsync(bound, reserved);
            if (!GatewayRefusals.IsAboveBound(ending.Fault))
            {
                return Ended(answer, ending);
            }
        }

        var size = await MeasureAsync(request, lease, clientLeft);
        bounds.Learn(model.Id, request.MessageBytes, size.Prompt);
        var (whole, end) = await AnswerAsync(size, await ReserveAsync(http, caller, model, size));
        return Ended(whole, end);

        async Task<(TAnswer Answer, Ending Ending)> AnswerAsync(CallSize size, Hold hold)
        {
            var answer = inForm(new AnswerHead($"chatcmpl-{hold.Id:N}", clock.GetUtcNow(), request.Model));
            var delivery = new Delivery(metering, hold, clock, log);
            using var inFlight = GatewayMetrics.InFlight();
            var ending = await relay.RunAsync(new Call(model.Id, lease, request.ForAnswer(size.Prompt, size.MaxOutput), answer, delivery, startedAt), clientLeft);
            await delivery.CloseAsync(Used(answer, ending), ending.Outcome);
            return (answer, ending);
        }

        (TAnswer Answer, Ending Ending) Ended(TAnswer answer, Ending ending)
        {
            GatewayMetrics.Ended(ending.Outcome, Used(answer, ending), span);
            return (answer, ending);
        }
    }

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

    // An answer without a limit ends where the context does, which the engine sees to.
    private CallSize? Bound(ChatRequest request, ServableModel model, WorkerLease lease)
    {
        var context = lease.ContextLength;
        if (request.MaxTokens > context)
        {
            throw GatewayRefusals.MoreThanContext(request.MaxTokensName, request.MaxTokens.Value, context);
        }

        return bounds.Find(model.Id, request.MessageBytes) is { } prompt && prompt < context
            ? new CallSize(prompt, request.MaxTokens ?? context)
            : null;
    }

    private static async Task<CallSize> MeasureAsync(ChatRequest request, WorkerLease lease, CancellationToken cancel)
    {
        var context = lease.ContextLength;
        var prompt = await CountAsync(request.ForCounting(), lease, cancel);
        var room = context - prompt;
        return room > 0 ? new CallSize(prompt, Math.Min(request.MaxTokens ?? room, room)) : throw GatewayRefusals.TooLong(prompt, context);
    }

    // An engine that dies here is replaced unseen: nothing has been reserved or sent.
    private static async Task<long> CountAsync(byte[] body, WorkerLease lease, CancellationToken cancel)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await EngineEvents.CountAsync(lease.Http, body, cancel);
            }
            catch (Exception gone) when (EngineEvents.IsEngineGone(gone, cancel))
            {
                if (attempt == Relay.MostAttempts || !await lease.FailOverAsync(cancel))
                {
                    throw GatewayRefusals.EngineLost();
                }
            }
        }
    }

    private async Task<Hold?> TryReserveAsync(HttpContext http, Caller caller, ServableModel model, CallSize size)
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

    private async Task<Hold> ReserveAsync(HttpContext http, Caller caller, ServableModel model, CallSize size)
    {
        var call = new NewHold
        {
            RequestId = http.TraceIdentifier,
            AccountId = caller.Id,
            CallerId = caller.Id,
            TokenId = caller.CredentialId == Guid.Empty ? null : caller.CredentialId,
            ProductId = model.RepoId,
            ProductName = model.Id,
            SellerId = model.OwnerId,
            Revision = model.Revision,
            PromptTokens = size.Prompt,
            MaxOutputTokens = size.MaxOutput,
            ModelTimeout = options.AnswerWithin,
        };
        return await metering.ReserveAsync(call, CancellationToken.None); // short, and a hold that nobody heard of would stay
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

    /// <param name="Prompt">Tokens of the messages, or a bound that the engine is told.</param>
    /// <param name="MaxOutput">Tokens of the answer at most, at least 1.</param>
    private sealed record CallSize(long Prompt, long MaxOutput);
}

internal static class ChatCompletionsRoutes
{
    public static void MapChatCompletions(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/chat/completions", (HttpContext http, Caller caller, ChatCompletions chat, CancellationToken cancel) => chat.ServeAsync(http, caller, cancel));
}
