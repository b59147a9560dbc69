using System.Collections.Concurrent;

namespace Lodestone.Gateway;

/// <summary>What this server has lately seen of every remote back-end.</summary>
internal sealed class Circuits(TimeProvider clock)
{
    private readonly ConcurrentDictionary<Guid, Circuit> _all = new();

    public Circuit Of(Guid backendId) => _all.GetOrAdd(backendId, static (_, time) => new Circuit(time), clock);
}

/// <summary>
/// Whether a back-end is worth calling. After three failures in a row it is left alone: ten seconds, then twice as long after
/// every further failure, five minutes at most. When the time is over one call goes there and decides.
/// </summary>
internal sealed class Circuit(TimeProvider clock)
{
    private const int MostFailures = 3;
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new(); // guards the fields below
    private int _failures;
    private DateTimeOffset _restsUntil;
    private bool _isTried;
    private long _answering;

    /// <summary>Calls of this server that it is answering.</summary>
    public long Answering => Interlocked.Read(ref _answering);

    public void Begin() => Interlocked.Increment(ref _answering);

    public void End() => Interlocked.Decrement(ref _answering);

    public CircuitState State
    {
        get
        {
            lock (_gate)
            {
                return _restsUntil > clock.GetUtcNow() ? CircuitState.Resting : _failures >= MostFailures ? CircuitState.OnTrial : CircuitState.Well;
            }
        }
    }

    /// <summary>How long no call goes there.</summary>
    public TimeSpan Rest
    {
        get
        {
            lock (_gate)
            {
                var rest = _restsUntil - clock.GetUtcNow();
                return rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
            }
        }
    }

    /// <summary>Asks to call. After a rest, one may; it has to tell how it went.</summary>
    public bool TryEnter()
    {
        lock (_gate)
        {
            if (_restsUntil > clock.GetUtcNow() || (_failures >= MostFailures && _isTried))
            {
                return false;
            }

            _isTried = _failures >= MostFailures;
            return true;
        }
    }

    public void Succeeded()
    {
        lock (_gate)
        {
            (_failures, _isTried, _restsUntil) = (0, false, default);
        }
    }

    public void Failed()
    {
        lock (_gate)
        {
            (_failures, _isTried) = (_failures + 1, false);
            if (_failures >= MostFailures)
            {
                var rest = FirstRest * Math.Pow(2, Math.Min(_failures - MostFailures, 10));
                _restsUntil = clock.GetUtcNow() + (rest < LongestRest ? rest : LongestRest);
            }
        }
    }

    /// <summary>It asked for a pause, which is no failure.</summary>
    public void RestFor(TimeSpan pause)
    {
        lock (_gate)
        {
            _isTried = false;
            _restsUntil = clock.GetUtcNow() + (pause < LongestRest ? pause : LongestRest);
        }
    }

    /// <summary>The call ended without saying anything about the back-end.</summary>
    public void Left()
    {
        lock (_gate)
        {
            _isTried = false;
        }
    }
}

internal enum CircuitState
{
    Well,

    /// <summary>Failed too often, or asked for a pause: not called now.</summary>
    Resting,

    /// <summary>The next call decides.</summary>
    OnTrial,
}
