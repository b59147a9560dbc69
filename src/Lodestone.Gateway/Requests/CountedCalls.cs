using System.Diagnostics;
using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>
/// Calls whose answer comes whole and has no tokens of its own: embeddings, rankings. Reserved for at the most that their texts can
/// have, charged by what was counted once the answer is there; one that fails costs nothing.
/// </summary>
internal sealed class CountedCalls(
    KnownModels known, CallQueues queues, RemoteCalls remote, Circuits circuits, RateLimits limits, Metering metering, GatewayOptions options, TimeProvider clock)
{
    private const int BytesPerToken = 4;

    /// <param name="name">The model, as the client wrote it.</param>
    /// <param name="need">What it must be able to do.</param>
    /// <param name="most">Tokens that the texts have at most.</param>
    /// <param name="compute">Gets the answer, and the tokens that were counted for it, if any.</param>
    /// <exception cref="Refusal">Whatever a client would be told; then nothing is charged.</exception>
    public async Task<(T Answer, long Tokens)> RunAsync<T>(
        HttpContext http, Caller caller, string name, Need need, long most, Func<CalledModel, CancellationToken, Task<(T Answer, long? Counted, Measurement By)>> compute, CancellationToken cancel)
    {
        InferenceAccess.Check(caller, http.Request);
        var trace = CallTrace.Of(http, caller, clock);
        trace.Model = name;
        var model = await known.FindAsync(caller, name, cancel) ?? throw GatewayRefusals.NoModel(name);
        if (!model.Features.HasFlag(need.Feature))
        {
            throw GatewayRefusals.UnsupportedBy(model.Id, need);
        }

        trace.Found(model);
        using var span = CallSpan.Start(trace.Operation, model, request: null);
        await limits.EnterAsync(caller, http.Response, cancel);
        trace.Did("limit", "within what the key may ask in a minute");
        using var turn = await queues.EnterAsync(http, caller.Id, model, cancel);
        trace.Did("queue", turn.Why);
        var hold = await metering.ReserveAsync(NewCall.Of(http, caller, model, new CallSize(most, 0, 1), options.AnswerWithin), CancellationToken.None);
        queues.Learn(caller.Id, hold);
        trace.HoldId = hold.Id;
        trace.Did("reserve", $"{hold.Amount} {hold.Amount.Currency}, {hold.FreePart} of it free");
        try
        {
            using var deadline = new CancellationTokenSource(options.AnswerWithin, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
            var (answer, counted, by) = await compute(model, either.Token);
            var tokens = Math.Min(counted <= most ? counted.Value : Math.Max(most / BytesPerToken, 1), most);
            var trusted = counted == tokens ? by : Measurement.Estimated;
            trace.Answered(CallOutcome.Completed, new CallUsage(tokens, 0), trusted, finish: null);
            trace.Settlement = await metering.SettleAsync(hold.Id, new CallUsage(tokens, 0), CallOutcome.Completed, trusted, CancellationToken.None);
            trace.Did("rating", $"list value {trace.Settlement.ListValue} {trace.Settlement.ListValue.Currency}, charged {trace.Settlement.Charged} {trace.Settlement.Charged.Currency}");
            await limits.UsedAsync(caller, tokens);
            turn.Took(tokens);
            CallSpan.End(span, trace);
            return (answer, tokens);
        }
        catch (Exception failure)
        {
            span?.SetTag("error.type", failure is Refusal refusal ? refusal.Code.Code : "BackendFailed").SetStatus(ActivityStatusCode.Error);
            await metering.ReleaseAsync(hold.Id, CancellationToken.None);
            throw failure is OperationCanceledException && !cancel.IsCancellationRequested ? GatewayRefusals.TooSlow(options.AnswerWithin) : Known(failure, model, cancel);
        }
    }

    /// <summary>Asks a remote model's back-ends one after the other: asking again costs the caller nothing, so each gets its turn.</summary>
    /// <param name="path">Below the back-end's address.</param>
    /// <exception cref="Refusal">Nothing can answer.</exception>
    public async Task<T> AskRemoteAsync<T>(CalledModel model, string path, Func<RemoteBackend, byte[]> body, Func<JsonElement, T> read, CancellationToken cancel)
    {
        BackendFault? fault = null;
        foreach (var backend in model.Backends.OrderByDescending(b => b.Weight))
        {
            var circuit = circuits.Of(backend.Id);
            if (!circuit.TryEnter())
            {
                continue;
            }

            try
            {
                using var response = await remote.PostAsync(backend, path, body(backend), cancel);
                await using var stream = await response.Content.ReadAsStreamAsync(cancel);
                using var answer = await JsonDocument.ParseAsync(stream, default, cancel);
                var found = read(answer.RootElement);
                circuit.Succeeded();
                return found;
            }
            catch (Exception failure) when (failure is JsonException || (failure is not Refusal && EngineEvents.IsEngineGone(failure, cancel)))
            {
                circuit.Failed();
                fault = failure as BackendFault ?? new BackendFault(failure.Message);
            }
            catch
            {
                circuit.Left();
                throw;
            }
        }

        throw fault?.Pause is { } pause ? GatewayRefusals.BackendBusy(model.Id, pause)
            : fault is null ? GatewayRefusals.NoBackend(model.Id, model.Backends.Count == 0 ? TimeSpan.FromMinutes(1) : model.Backends.Min(b => circuits.Of(b.Id).Rest))
            : GatewayRefusals.BackendLost(model.Id);
    }

    private static Exception Known(Exception failure, CalledModel model, CancellationToken cancel) => failure is not Refusal && EngineEvents.IsEngineGone(failure, cancel)
        ? model.Weights is null ? GatewayRefusals.BackendLost(model.Id) : GatewayRefusals.EngineLost()
        : failure;
}
