namespace Lodestone.Engine.Inference;

/// <summary>Runs one model for everybody, on one thread.</summary>
/// <remarks>The thread owns the contexts and whatever is written in them; nobody else touches them. Requests come in through the waiting
/// room, steps go out through the courier, and cancelling is a token that the thread looks at between computations.</remarks>
internal sealed class InferenceLoop : IDisposable
{
    /// <summary>Generations that may wait before more are refused.</summary>
    public const int MaxWaiting = 1024;

    private readonly LoadedModel _model;
    private readonly EngineOptions _options;
    private readonly WaitingRoom _waiting = new();
    private readonly Courier _courier = new();
    private readonly ThreadGovernor _governor;
    private readonly WriterPool? _writers;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EmbeddingReader? _reader; // made when first wanted
    private EmbeddingJob? _job;
    private volatile bool _isStopping;
    private volatile int _active;

    /// <exception cref="EngineFault">There is not enough memory for the context.</exception>
    public InferenceLoop(LoadedModel model, EngineOptions options, TimeProvider clock)
    {
        _model = model;
        _options = options;
        var machine = new MachineLoad(clock);
        _governor = new ThreadGovernor(options.Threads, () => machine.Threads, clock);
        _writers = model.LooksAhead ? null : new WriterPool(model, options, _waiting, _courier, clock);
        _thread = new Thread(Run) { IsBackground = true, Name = "inference" };
        _thread.Start();
    }

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int Context => _writers?.ContextLength ?? EmbeddingContext;

    /// <summary>Tokens of a text to embed.</summary>
    public int EmbeddingContext => Math.Min(_options.Context, _model.TrainedContext);

    /// <summary>Threads that compute now.</summary>
    public int Threads => _governor.Threads;

    /// <summary>Answers that can be written at once.</summary>
    public int Slots => _options.Slots;

    /// <summary>Answers being written.</summary>
    public int Active => _active;

    /// <summary>Adapters in memory.</summary>
    public int Adapters => _writers?.Adapters ?? 0;

    /// <summary>Requests that wait.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Whether the model writes; if not, it embeds only.</summary>
    public bool Writes => _writers is not null;

    /// <summary>Completes when the engine has stopped; fails if it stopped by itself, after which the process is of no use.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Puts an answer's generations in the queue, all or none.</summary>
    /// <returns>False when too many wait already or the engine is stopping.</returns>
    public bool TrySubmit(IReadOnlyList<Generation> generations) => _waiting.TryEnter(generations, MaxWaiting);

    /// <summary>Embeds texts; <see langword="null"/> when too many wait already or the engine is stopping.</summary>
    /// <exception cref="EngineFault">The engine failed on them.</exception>
    public async Task<List<float[]>?> Embed(IReadOnlyList<int[]> texts, CancellationToken cancel)
    {
        var job = new EmbeddingJob(texts, cancel);
        return _waiting.TryEnter(job, MaxWaiting) ? await job.Vectors : null;
    }

    /// <summary>Stops after the current computation; answers under way fail.</summary>
    public void Dispose()
    {
        _isStopping = true;
        FailWaiting(Stopped());
        _thread.Join();
        _courier.Dispose();
        _writers?.Dispose();
        _reader?.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_isStopping && (_writers is { Active: > 0 } || _job is not null || _waiting.WaitForWork(WriterPool.Idle)))
            {
                _writers?.Turn(_governor);
                _active = _writers?.Active ?? 0;
                EmbedPiece();
            }
        }
        catch (Exception e)
        {
            FailAll(e);
            _ended.SetException(e);
            return;
        }

        FailAll(Stopped());
        _ended.SetResult();
    }

    private void EmbedPiece()
    {
        _job ??= _waiting.TakeJob();
        if (_job is not { } job)
        {
            return;
        }

        try
        {
            _reader ??= new EmbeddingReader(_model, EmbeddingContext, _governor.Threads, _options.PromptPiece);
            if (job.Cancel.IsCancellationRequested)
            {
                _reader.Forget();
                job.Fail(new OperationCanceledException(job.Cancel));
            }
            else
            {
                _reader.SetThreads(_governor.Threads);
                _reader.Read(job);
            }
        }
        catch (EngineFault fault)
        {
            job.Fail(fault);
        }

        _job = job.Vectors.IsCompleted ? null : job;
    }

    private void FailAll(Exception reason)
    {
        _writers?.FailAll(reason);
        _active = 0;
        _job?.Fail(reason);
        FailWaiting(reason);
    }

    // Either thread may close the room first; failing twice does nothing.
    private void FailWaiting(Exception reason)
    {
        var (generations, jobs) = _waiting.Close();
        foreach (var generation in generations)
        {
            generation.Answer.Fail(reason);
        }

        foreach (var job in jobs)
        {
            job.Fail(reason);
        }
    }

    private static EngineFault Stopped() => new("The worker is stopping.", ExitCode.Stopped);
}
