using Lodestone.Compute;
using Lodestone.Core;
using Microsoft.Extensions.Logging;

namespace Lodestone.Gateway;

/// <summary>Finds what answers a call.</summary>
internal sealed class CallBackends(Workers workers, PromptBounds bounds, RemoteCalls remote, Circuits circuits, GatewayOptions options, TimeProvider clock, ILogger<RemoteSeat> log)
{
    /// <summary>Loads the model if need be; the call waits.</summary>
    /// <exception cref="Refusal">Nothing can answer now.</exception>
    public async Task<ICallBackend> AcquireAsync(CalledModel model, CancellationToken cancel) => model.Weights is { } weights
        ? new WorkerBackend(model, await workers.AcquireAsync(weights, cancel), bounds)
        : RemoteSeat.Take(model, remote, circuits, options, clock, log);
}
