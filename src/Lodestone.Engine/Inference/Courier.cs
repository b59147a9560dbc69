namespace Lodestone.Engine.Inference;

/// <summary>Carries steps from the engine's thread to their answers, on a thread of its own: whatever one turn made is written to all
/// connections by one thread that is woken once, and the engine computes on meanwhile.</summary>
internal sealed class Courier : IDisposable
{
    // Guards the queue and the end; pulsed when either changes. Not a BlockingCollection: that spins before it sleeps, for every token, on a
    // core that the engine computes with.
    private readonly object _gate = new();
    private readonly Queue<List<Parcel>> _outgoing = new();
    private readonly Thread _thread;
    private bool _isClosed;
    private List<Parcel> _parcels = []; // the engine's thread fills it

    public Courier()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "courier" };
        _thread.Start();
    }

    public void Add(Answer answer, Step step) => _parcels.Add(new Parcel(answer, step, null));

    public void Fail(Answer answer, Exception reason) => _parcels.Add(new Parcel(answer, null, reason));

    /// <summary>Sends what was added since the last time.</summary>
    public void Send()
    {
        if (_parcels.Count == 0)
        {
            return;
        }

        lock (_gate)
        {
            _outgoing.Enqueue(_parcels);
            Monitor.Pulse(_gate);
        }

        _parcels = [];
    }

    /// <summary>Sends the rest and waits until all of it has arrived.</summary>
    public void Dispose()
    {
        Send();
        lock (_gate)
        {
            _isClosed = true;
            Monitor.Pulse(_gate);
        }

        _thread.Join();
    }

    private void Run()
    {
        while (Next() is { } parcels)
        {
            foreach (var parcel in parcels)
            {
                parcel.Deliver();
            }
        }
    }

    private List<Parcel>? Next()
    {
        lock (_gate)
        {
            while (_outgoing.Count == 0 && !_isClosed)
            {
                Monitor.Wait(_gate);
            }

            return _outgoing.TryDequeue(out var parcels) ? parcels : null;
        }
    }

    private sealed record Parcel(Answer Answer, Step? Step, Exception? Failure)
    {
        public void Deliver()
        {
            if (Step is not null)
            {
                Answer.Write(Step);
            }
            else if (Failure is not null)
            {
                Answer.Fail(Failure);
            }
        }
    }
}
