using Lodestone.Billing;
using Lodestone.Compute;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>A worker of this server. It counts the tokens itself.</summary>
internal sealed class WorkerBackend(CalledModel model, WorkerLease lease, PromptBounds bounds) : ICallBackend
{
    /// <summary>What our own engine can be asked.</summary>
    public const ModelFeatures Features = ModelFeatures.Chat | ModelFeatures.Completions | ModelFeatures.Embeddings | ModelFeatures.Logprobs | ModelFeatures.Choices | ModelFeatures.LogitBias
        | ModelFeatures.Tools | ModelFeatures.Schema;

    public string Place => "engine";

    public Measurement Measurement => Measurement.Engine;

    public Refusal Loss => GatewayRefusals.EngineLost();

    // An answer without a limit ends where the context does, which the engine sees to.
    public CallSize? Bound(EngineRequest request)
    {
        var context = lease.ContextLength;
        if (request.MaxTokens > context)
        {
            throw GatewayRefusals.MoreThanContext(request.MaxTokensName, request.MaxTokens.Value, context);
        }

        return bounds.Find(model.Id, request.PromptBytes) is { } prompt && prompt < context
            ? new CallSize(prompt, request.MaxTokens ?? context, request.Choices)
            : null;
    }

    public async Task<CallSize> MeasureAsync(EngineRequest request, CancellationToken cancel)
    {
        var context = lease.ContextLength;
        var prompt = await CountAsync(request.ForCounting(), cancel) + request.CountSlack;
        bounds.Learn(model.Id, request.PromptBytes, prompt);
        var room = context - prompt;
        return room > 0 ? new CallSize(prompt, Math.Min(request.MaxTokens ?? room, room), request.Choices) : throw GatewayRefusals.TooLong(prompt, context);
    }

    public async Task<CallEvents> OpenAsync(EngineRequest request, CallSize size, CancellationToken cancel) =>
        await EngineEvents.OpenAsync(lease.Http, request.Path + lease.Query, request.ForEngine(size), cancel);

    public void Fail(Exception gone)
    {
        // Its keeper sees that it died.
    }

    public Task<bool> FailOverAsync(CancellationToken cancel) => lease.FailOverAsync(cancel);

    public ValueTask DisposeAsync() => lease.DisposeAsync();

    // An engine that dies here is replaced unseen: nothing has been reserved or sent.
    private async Task<long> CountAsync(byte[] body, CancellationToken cancel)
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
}
