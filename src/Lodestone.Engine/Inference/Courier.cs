using System.Collections.Concurrent;

namespace Lodestone.Engine.Inference;

/// <summary>Carries steps from the engine's thread to their answers, on a thread of its own: whatever one turn made is written to all
/// connections by one thread that is woken once, and the engine computes on meanwhile.</summary>
internal sealed class Courier : IDisposable
{
    private readonly BlockingCollection<List<Parcel>> _outgoing = [];
    private readonly Thread _thread;
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
        if (_parcels.Count > 0)
        {
            _outgoing.Add(_parcels);
            _parcels = [];
        }
    }

    /// <summary>Sends the rest and waits until all of it has arrived.</summary>
    public void Dispose()
    {
        Send();
        _outgoing.CompleteAdding();
        _thread.Join();
        _outgoing.Dispose();
    }

    private void Run()
    {
        foreach (var parcels in _outgoing.GetConsumingEnumerable())
        {
            foreach (var parcel in parcels)
            {
                parcel.Deliver();
            }
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
