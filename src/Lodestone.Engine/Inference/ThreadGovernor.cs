using System.Numerics;

namespace Lodestone.Engine.Inference;

/// <summary>Decides how many threads compute. Only the engine's thread touches it, but for <see cref="Threads"/>.</summary>
/// <param name="most">Threads in any case.</param>
/// <param name="allowed">Threads that the machine has room for now.</param>
/// <param name="clock">Measures computations.</param>
/// <remarks>llama.cpp's threads spin while they wait for each other: one more busy thread than there are cores slows them ten times and more.
/// So whenever a computation takes longer than those like it have taken, one thread goes on alone, until some quiet seconds have passed;
/// twice as long each time that it was too early.</remarks>
internal sealed class ThreadGovernor(int most, Func<int> allowed, TimeProvider clock)
{
    // What a computation may take, as a multiple of what one of its size takes when nobody disturbs.
    private const double Tolerance = 1.7;
    private const double Hopeless = 4;

    // Computations get slower as texts get longer: the fastest of long ago counts for less.
    private const double Forgetting = 1.01;

    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(30);

    // Milliseconds of the fastest computation by the logarithm of its tokens; 0 if there was none.
    private readonly double[] _alone = new double[32];
    private readonly double[] _together = new double[32];

    private volatile int _threads = 1;
    private int _disturbed; // computations in a row
    private TimeSpan _rest = FirstRest;
    private long _changedAt = clock.GetTimestamp(); // began or ended to rest
    private bool _isResting;

    /// <summary>Threads that compute now.</summary>
    public int Threads => _threads;

    /// <summary>Runs a computation with as many threads as is good now.</summary>
    /// <param name="tokens">Its size, at least 1.</param>
    /// <param name="set">Sets the number of threads, where it has changed.</param>
    /// <param name="compute">Does it.</param>
    public int Time(int tokens, Action<int> set, Func<int> compute)
    {
        var threads = Decide();
        set(threads);
        var start = clock.GetTimestamp();
        var result = compute();
        Observe(tokens, clock.GetElapsedTime(start));
        return result;
    }

    /// <summary>How many threads the next computation has.</summary>
    public int Decide()
    {
        if (_isResting && clock.GetElapsedTime(_changedAt) >= _rest)
        {
            _isResting = false;
            _changedAt = clock.GetTimestamp();
        }

        return _threads = _isResting ? 1 : Math.Min(most, allowed());
    }

    /// <summary>A computation has taken so long with the threads that were decided on.</summary>
    public void Observe(int tokens, TimeSpan elapsed)
    {
        var size = BitOperations.Log2((uint)tokens);
        var time = elapsed.TotalMilliseconds;
        if (_threads == 1)
        {
            Learn(_alone, size, time);
            return;
        }

        var expected = _together[size] > 0 ? _together[size] * Tolerance : double.PositiveInfinity;
        var isSlow = time > Math.Min(expected, _alone[size] > 0 ? _alone[size] : double.PositiveInfinity);
        Learn(_together, size, time);
        _disturbed = isSlow ? _disturbed + 1 : 0;
        if (_disturbed >= 3 || (isSlow && time > _together[size] * Hopeless))
        {
            Rest();
        }
        else if (!isSlow && clock.GetElapsedTime(_changedAt) > _rest)
        {
            _rest = FirstRest;
        }
    }

    private void Rest()
    {
        // It had come back too early if it was disturbed again so soon.
        _rest = clock.GetElapsedTime(_changedAt) < _rest && _rest < LongestRest ? _rest * 2 : _rest;
        _changedAt = clock.GetTimestamp();
        _isResting = true;
        _disturbed = 0;
    }

    private static void Learn(double[] fastest, int size, double time) =>
        fastest[size] = fastest[size] > 0 ? Math.Min(fastest[size] * Forgetting, time) : time;
}
