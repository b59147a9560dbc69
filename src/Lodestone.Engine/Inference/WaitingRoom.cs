namespace Lodestone.Engine.Inference;

/// <summary>Requests that wait for the engine. Any thread brings them, the engine's thread takes them.</summary>
internal sealed class WaitingRoom
{
    // Guards the fields below; pulsed when work comes or the room closes.
    private readonly object _gate = new();
    private readonly List<Generation> _generations = []; // in order of arrival
    private readonly Queue<EmbeddingJob> _jobs = new();
    private bool _isClosed;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _generations.Count + _jobs.Count;
            }
        }
    }

    /// <returns>False when the room is full or closed.</returns>
    public bool TryEnter(IReadOnlyList<Generation> generations, int capacity)
    {
        lock (_gate)
        {
            if (_isClosed || _generations.Count >= capacity)
            {
                return false;
            }

            _generations.AddRange(generations);
            Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <returns>False when the room is full or closed.</returns>
    public bool TryEnter(EmbeddingJob job, int capacity)
    {
        lock (_gate)
        {
            if (_isClosed || _jobs.Count >= capacity)
            {
                return false;
            }

            _jobs.Enqueue(job);
            Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>Waits until somebody waits, or the time is over.</summary>
    /// <returns>False when the room was closed.</returns>
    public bool WaitForWork(TimeSpan patience)
    {
        lock (_gate)
        {
            while (!_isClosed && _generations.Count == 0 && _jobs.Count == 0 && Monitor.Wait(_gate, patience))
            {
            }

            return !_isClosed;
        }
    }

    /// <summary>Who is next of those that want the model so changed: of the request with the fewest choices being written, the one that came
    /// first. So a request with many choices does not hold up one that came later.</summary>
    public Generation? Peek(Adapter? adapter)
    {
        lock (_gate)
        {
            _generations.RemoveAll(generation => generation.Cancel.IsCancellationRequested);
            return _generations.Where(generation => generation.Adapter == adapter).MinBy(generation => generation.Answer.Writing);
        }
    }

    /// <summary>The adapters that somebody waits for, in order of arrival.</summary>
    public IReadOnlyList<Adapter> Adapters()
    {
        lock (_gate)
        {
            return [.. _generations.Where(generation => !generation.Cancel.IsCancellationRequested).Select(generation => generation.Adapter).OfType<Adapter>().Distinct()];
        }
    }

    public void Take(Generation generation)
    {
        lock (_gate)
        {
            _generations.Remove(generation);
        }
    }

    public EmbeddingJob? TakeJob()
    {
        lock (_gate)
        {
            return _jobs.TryDequeue(out var job) ? job : null;
        }
    }

    /// <summary>Lets nobody in any more.</summary>
    /// <returns>Who waits still.</returns>
    public (IReadOnlyList<Generation> Generations, IReadOnlyList<EmbeddingJob> Jobs) Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
            (IReadOnlyList<Generation>, IReadOnlyList<EmbeddingJob>) left = ([.. _generations], [.. _jobs]);
            _generations.Clear();
            _jobs.Clear();
            return left;
        }
    }
}
