using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>The queues before this server's models, one for each that answers only so many calls at once.</summary>
internal sealed class CallQueues : IDisposable
{
    private const int MostAccounts = 100_000;

    private readonly ConcurrentDictionary<Guid, FairQueue> _queues = new();
    private readonly ConcurrentDictionary<Guid, bool> _payers = new(); // by account: whether its last call took money
    private readonly Circuits _circuits;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _clock;
    private readonly Meter _meter = Telemetry.Meter("Gateway");

    public CallQueues(Circuits circuits, GatewayOptions options, TimeProvider clock)
    {
        _circuits = circuits;
        _options = options;
        _clock = clock;
        _meter.CreateObservableGauge("lodestone.gateway.waiting", () => _queues.Values.Sum(q => (long)q.Waiting), "{request}", "Calls that wait for a seat");
    }

    /// <summary>Waits until the model has a seat for the call. Nothing has been reserved yet.</summary>
    /// <exception cref="Refusal"><c>rate_limit_exceeded</c> or <c>overloaded</c>.</exception>
    public ValueTask<Turn> EnterAsync(HttpContext http, Guid accountId, CalledModel model, CancellationToken cancel)
    {
        if (SeatsOf(model) is not { } seats)
        {
            return ValueTask.FromResult(Turn.Free);
        }

        var rank = http.Features.Get<IdleCall>() is not null ? TurnRank.Idle : _payers.GetValueOrDefault(accountId) ? TurnRank.Paid : TurnRank.Free;
        return Of(model).EnterAsync(accountId, rank, seats, cancel);
    }

    /// <summary>Remembers whether the account pays, for its next call.</summary>
    public void Learn(Guid accountId, Hold hold)
    {
        if (_payers.Count > MostAccounts)
        {
            _payers.Clear();
        }

        _payers[accountId] = hold.FreePart != hold.Amount;
    }

    public void Dispose() => _meter.Dispose();

    internal FairQueue Of(CalledModel model) => Of(model.ProductId, model.Id);

    internal FairQueue Of(Guid productId, string name) => _queues.GetOrAdd(productId, _ => new FairQueue(name, _options, _clock));

    // Null: as many as come.
    private long? SeatsOf(CalledModel model)
    {
        if (model.Weights is not null)
        {
            return _options.SeatsPerModel > 0 ? _options.SeatsPerModel : null;
        }

        long seats = 0;
        foreach (var backend in model.Backends)
        {
            if (backend.Seats is not { } some)
            {
                return null;
            }

            seats += _circuits.Of(backend.Id).State is CircuitState.Resting ? 0 : some;
        }

        return model.Backends.Count == 0 || seats == 0 ? null : seats; // none at all is refused further on
    }
}

/// <summary>Marks a request that is made when nobody else waits.</summary>
internal sealed record IdleCall;
