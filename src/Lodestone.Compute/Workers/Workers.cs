using System.Diagnostics.Metrics;
using Lodestone.Core;
using Lodestone.Hub;
using Microsoft.Extensions.Logging;

namespace Lodestone.Compute;

/// <summary>
/// The engine processes of this server: one for each model in use. They are loaded when called, leave when idle or when
/// another model needs the room, and are restarted when they die; the server never dies with them.
/// </summary>
public sealed class Workers : IAsyncDisposable
{
    private static readonly RefusalCode Overloaded = new("overloaded", 503);

    private readonly EngineLauncher _launcher;
    private readonly ComputeOptions _options;
    private readonly ModelWeights _weights;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly Meter _meter = Telemetry.Meter("Compute");

    private readonly Lock _gate = new(); // guards the fields below and every Seat; nothing is awaited while it is held
    private readonly Dictionary<Sha256Digest, Seat> _seats = [];
    private bool _isClosed;

    internal Workers(EngineLauncher launcher, ComputeOptions options, ModelWeights weights, TimeProvider clock, ILogger<Workers> log)
    {
        _launcher = launcher;
        _options = options;
        _weights = weights;
        _clock = clock;
        _log = log;
        _meter.CreateObservableGauge("lodestone.compute.loaded", () => Running().Length, "{model}", "Models in memory");
        _meter.CreateObservableGauge("lodestone.compute.memory", Memory, "By", "Resident memory of a model's worker");
    }

    /// <summary>Loads the model if need be, and waits until it serves. Many may ask at once: it is loaded once.</summary>
    /// <exception cref="Refusal">
    /// <c>model_unloadable</c> with the engine's reason; <c>model_suspended</c> when it keeps crashing; <c>overloaded</c>
    /// when every loaded model is in use; <c>unavailable</c> when the server stops or has no engine.
    /// </exception>
    public async Task<WorkerLease> AcquireAsync(ServableModel model, CancellationToken cancel)
    {
        var weights = await _weights.LocalPathAsync(model, cancel);
        var adapter = model.Adapter is { } change ? WorkerAdapter.Of(change, await _weights.LocalPathAsync(change, cancel)) : null;
        var seat = Take(model, weights, out var evicted);
        try
        {
            if (evicted is not null)
            {
                await evicted.StopAsync(); // its memory first
            }

            var engine = await seat.Worker.ReadyAsync(cancel);
            await engine.LearnAsync(adapter, cancel);
            return new WorkerLease(seat.Worker, engine, adapter, () => Release(seat));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            Release(seat);
            throw new Refusal(RefusalCode.Unavailable, "The server is stopping. Call again in a moment.");
        }
        catch
        {
            Release(seat);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _meter.Dispose();
    }

    /// <summary>Ends every worker and starts no more.</summary>
    internal async Task StopAsync()
    {
        Seat[] all;
        lock (_gate)
        {
            _isClosed = true;
            all = [.. _seats.Values];
        }

        await Task.WhenAll(all.Select(seat => seat.Worker.StopAsync()));
    }

    /// <summary>Ends the workers that nobody called for a while.</summary>
    internal async Task UnloadIdleAsync()
    {
        ModelWorker[] idle;
        lock (_gate)
        {
            var before = _clock.GetUtcNow() - _options.IdleAfter;
            var unused = _seats.Where(s => s.Value.Leases == 0 && (s.Value.LastUsed <= before || s.Value.Worker.IsForgettable)).ToArray();
            idle = [.. unused.Select(s => s.Value.Worker)];
            foreach (var (digest, _) in unused)
            {
                _seats.Remove(digest);
            }
        }

        await Task.WhenAll(idle.Select(worker => worker.StopAsync()));
    }

    private Seat Take(ServableModel model, string weights, out ModelWorker? evicted)
    {
        evicted = null;
        lock (_gate)
        {
            if (_isClosed)
            {
                throw new Refusal(RefusalCode.Unavailable, "The server is stopping. Call again in a moment.");
            }

            if (!_seats.TryGetValue(model.Digest, out var seat))
            {
                seat = new Seat(new ModelWorker(weights, model.Adapter?.Base ?? model.Id, _launcher, _options, _clock, _log));
            }

            if (!seat.Worker.IsRunning && seat.Leases == 0)
            {
                evicted = MakeRoom();
            }

            _seats[model.Digest] = seat;
            seat.Leases++;
            return seat;
        }
    }

    // A seat with a lease counts as running: its owner is just about to start it.
    private ModelWorker? MakeRoom()
    {
        var taken = _seats.Where(s => s.Value.Leases > 0 || s.Value.Worker.IsRunning).ToArray();
        if (taken.Length < _options.LoadedAtMost)
        {
            return null;
        }

        var unused = taken.Where(s => s.Value.Leases == 0).ToArray();
        if (unused.Length == 0)
        {
            throw new Refusal(Overloaded, "Every model that fits into this server is answering someone. Call again in a moment.") { RetryAfter = TimeSpan.FromSeconds(2) };
        }

        var longestIdle = unused.MinBy(s => s.Value.LastUsed);
        _seats.Remove(longestIdle.Key);
        return longestIdle.Value.Worker;
    }

    private void Release(Seat seat)
    {
        lock (_gate)
        {
            seat.Leases--;
            seat.LastUsed = _clock.GetUtcNow();
        }
    }

    private ModelWorker[] Running()
    {
        lock (_gate)
        {
            return [.. _seats.Values.Select(s => s.Worker).Where(w => w.IsRunning)];
        }
    }

    private IEnumerable<Measurement<long>> Memory() =>
        Running().Select(worker => new Measurement<long>(worker.Memory, new KeyValuePair<string, object?>("model", worker.Name)));

    /// <summary>A worker and who uses it.</summary>
    private sealed class Seat(ModelWorker worker)
    {
        public ModelWorker Worker { get; } = worker;

        public int Leases { get; set; }

        public DateTimeOffset LastUsed { get; set; }
    }
}
