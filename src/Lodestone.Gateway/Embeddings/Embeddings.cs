using System.Diagnostics;
using System.Text.Json;
using Lodestone.Billing;
using Lodestone.Compute;
using Lodestone.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Lodestone.Gateway;

/// <summary>Vectors for texts: reserved for at the most that they can have, charged by what was counted once they are there.</summary>
internal sealed class Embeddings(KnownModels known, CallQueues queues, Workers workers, RemoteCalls remote, Circuits circuits, RateLimits limits, Metering metering, GatewayOptions options, TimeProvider clock)
{
    private const int BytesPerToken = 4;

    public async Task ServeAsync(HttpContext http, Caller caller, string? model, CancellationToken cancel)
    {
        using var request = EmbeddingRequest.Of(await BodyRules.ReadAsync(http, options.LargestBody, cancel), model);
        var embedded = await EmbedAsync(http, caller, request, cancel);
        http.Response.ContentType = "application/json";
        await using (var json = new Utf8JsonWriter(http.Response.BodyWriter))
        {
            embedded.Vectors.WriteTo(json, http.TraceIdentifier, request.Model, request.IsBase64, embedded.Tokens);
        }

        await http.Response.BodyWriter.FlushAsync(cancel);
    }

    /// <exception cref="Refusal">Whatever a client would be told; then nothing is charged.</exception>
    public async Task<(Vectors Vectors, long Tokens)> EmbedAsync(HttpContext http, Caller caller, EmbeddingRequest request, CancellationToken cancel)
    {
        InferenceAccess.Check(caller, http.Request);
        var trace = CallTrace.Of(http, caller, clock);
        trace.Model = request.Model;
        var model = await known.FindAsync(caller, request.Model, cancel) ?? throw GatewayRefusals.NoModel(request.Model);
        if (!model.Features.HasFlag(ModelFeatures.Embeddings))
        {
            throw GatewayRefusals.UnsupportedBy(model.Id, new Need(ModelFeatures.Embeddings, "model", "Embedding texts"));
        }

        trace.Found(model);
        using var span = CallSpan.Start(trace.Operation, model, request: null);
        await limits.EnterAsync(caller, http.Response, cancel);
        trace.Did("limit", "within what the key may ask in a minute");
        using var turn = await queues.EnterAsync(http, caller.Id, model, cancel);
        trace.Did("queue", turn.Why);
        var most = request.MostTokens;
        var hold = await metering.ReserveAsync(NewCall.Of(http, caller, model, new CallSize(most, 0, 1), options.AnswerWithin), CancellationToken.None);
        queues.Learn(caller.Id, hold);
        trace.HoldId = hold.Id;
        trace.Did("reserve", $"{hold.Amount} {hold.Amount.Currency}, {hold.FreePart} of it free");
        try
        {
            using var deadline = new CancellationTokenSource(options.AnswerWithin, clock);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, deadline.Token);
            var (vectors, measurement) = await ComputeAsync(model, request, most, either.Token);
            var tokens = Math.Min(vectors.PromptTokens is { } counted && counted <= most ? counted : Math.Max(most / BytesPerToken, 1), most);
            var trusted = vectors.PromptTokens == tokens ? measurement : Measurement.Estimated;
            trace.Answered(CallOutcome.Completed, new CallUsage(tokens, 0), trusted, finish: null);
            trace.Settlement = await metering.SettleAsync(hold.Id, new CallUsage(tokens, 0), CallOutcome.Completed, trusted, CancellationToken.None);
            trace.Did("rating", $"list value {trace.Settlement.ListValue} {trace.Settlement.ListValue.Currency}, charged {trace.Settlement.Charged} {trace.Settlement.Charged.Currency}");
            await limits.UsedAsync(caller, tokens);
            turn.Took(tokens);
            CallSpan.End(span, trace);
            return (vectors, tokens);
        }
        catch (Exception failure)
        {
            span?.SetTag("error.type", failure is Refusal refusal ? refusal.Code.Code : "BackendFailed").SetStatus(ActivityStatusCode.Error);
            await metering.ReleaseAsync(hold.Id, CancellationToken.None);
            throw failure is OperationCanceledException && !cancel.IsCancellationRequested ? GatewayRefusals.TooSlow(options.AnswerWithin) : Known(failure, model, cancel);
        }
    }

    private static Exception Known(Exception failure, CalledModel model, CancellationToken cancel) => failure is not Refusal && EngineEvents.IsEngineGone(failure, cancel)
        ? model.Weights is null ? GatewayRefusals.BackendLost(model.Id) : GatewayRefusals.EngineLost()
        : failure;

    private async Task<(Vectors Vectors, Measurement By)> ComputeAsync(CalledModel model, EmbeddingRequest request, long most, CancellationToken cancel)
    {
        if (model.Weights is not { } weights)
        {
            return (await AskRemoteAsync(model, request, cancel), Measurement.Backend);
        }

        await using var lease = await workers.AcquireAsync(weights, cancel);
        using var answer = await EngineEvents.AskAsync(lease.Http, "embeddings", request.ForBackend(model: null, most), cancel);
        return (Vectors.Read(answer.RootElement, request.Input.Count), Measurement.Engine);
    }

    // Asking again costs the caller nothing, so every back-end gets its turn.
    private async Task<Vectors> AskRemoteAsync(CalledModel model, EmbeddingRequest request, CancellationToken cancel)
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
                using var response = await remote.PostAsync(backend, "embeddings", request.ForBackend(backend.Model, maxPrompt: null), cancel);
                await using var stream = await response.Content.ReadAsStreamAsync(cancel);
                using var answer = await JsonDocument.ParseAsync(stream, default, cancel);
                var vectors = Vectors.Read(answer.RootElement, request.Input.Count);
                circuit.Succeeded();
                return vectors;
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
}

internal static class EmbeddingRoutes
{
    public static void MapEmbeddings(this IEndpointRouteBuilder routes) => routes.MapPost("/embeddings",
        (HttpContext http, Caller caller, Embeddings embeddings, CancellationToken cancel) => embeddings.ServeAsync(http, caller, model: null, cancel));
}
