using System.Collections.Concurrent;
using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>Writes the answers of one model: many sequences at once, on one thread.</summary>
/// <remarks>The thread owns the context, the batch and the slots; nobody else touches them. Requests come in through a queue, steps go out through
/// each generation's channel, and cancelling is a token that the thread looks at between steps. Each turn first adds one token to every answer
/// under way, then reads a bounded piece of the waiting prompts, so that a long prompt delays the others by one piece at most.</remarks>
internal sealed unsafe class InferenceLoop : IDisposable
{
    /// <summary>Requests that may wait for a slot.</summary>
    public const int MaxWaiting = 1024;

    private const int PromptTokensPerTurn = 256;

    private readonly LoadedModel _model;
    private readonly SlotSource _source;
    private readonly TurnBatch _batch;
    private readonly Slot[] _slots;
    private readonly Thread _thread;
    private readonly BlockingCollection<Generation> _inbox = new(MaxWaiting);
    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Slot> _reading = []; // slots with prompt left, in order of arrival
    private volatile int _active;

    /// <exception cref="EngineFault">There is not enough memory for the context.</exception>
    public InferenceLoop(LoadedModel model, EngineOptions options)
    {
        _model = model;
        Context = Math.Min(options.Context, model.TrainedContext);
        Threads = options.Threads;
        _source = new SlotSource(CreateContext(options.Slots), model.Vocabulary);
        _batch = new TurnBatch(Math.Max(PromptTokensPerTurn, options.Slots));
        _slots = [.. Enumerable.Range(0, options.Slots).Select(sequence => new Slot(sequence))];
        WarmUp();
        _thread = new Thread(Run) { IsBackground = true, Name = "inference" };
        _thread.Start();
    }

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int Context { get; }

    /// <summary>Threads that compute.</summary>
    public int Threads { get; }

    /// <summary>Answers that can be written at once.</summary>
    public int Slots => _slots.Length;

    /// <summary>Answers being written.</summary>
    public int Active => _active;

    /// <summary>Requests that wait for a slot.</summary>
    public int Waiting => _inbox.Count;

    /// <summary>Completes when the engine has stopped; fails if it stopped by itself, after which the process is of no use.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Puts a generation in the queue.</summary>
    /// <returns>False when the queue is full or the engine is stopping.</returns>
    public bool TrySubmit(Generation generation) => !_stopping.IsCancellationRequested && _inbox.TryAdd(generation);

    /// <summary>Stops after the current turn; answers under way fail.</summary>
    public void Dispose()
    {
        _stopping.Cancel();
        _thread.Join();
        _batch.Dispose();
        _source.Context.Dispose();
        _inbox.Dispose();
        _stopping.Dispose();
    }

    private ContextHandle CreateContext(int slots)
    {
        var parameters = Llama.DefaultContextParams();
        parameters.ContextLength = checked((uint)(Context * slots));
        parameters.BatchLength = Math.Max(PromptTokensPerTurn, (uint)slots);
        parameters.MicroBatchLength = parameters.BatchLength;
        parameters.MaxSequences = (uint)slots;
        parameters.MaxOutputs = (uint)slots;
        parameters.Threads = Threads;
        parameters.BatchThreads = Threads;
        parameters.UnifiedKeyValues = 1;
        var context = Llama.CreateContext(_model.Handle, parameters);
        return !context.IsInvalid
            ? context
            : throw new EngineFault($"No context of {slots} × {Context} tokens can be made: {LlamaLibrary.TakeErrors()}. Ask for fewer slots or a shorter context.");
    }

    // The first computation sets up buffers and touches every weight: better now than in somebody's first answer.
    private void WarmUp()
    {
        _batch.Clear();
        _batch.Add(token: 0, position: 0, sequence: 0, wantsLogits: true);
        if (Decode() is var code and not 0)
        {
            throw new EngineFault($"The model loads but cannot compute (code {code}): {LlamaLibrary.TakeErrors()}");
        }

        Forget(_slots[0]);
    }

    private void Run()
    {
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                Admit();
                ReleaseCancelled();
                WriteTokens();
                ReadPrompts();
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // Woken from waiting for work.
        }
        catch (Exception e)
        {
            FailAll(e);
            _ended.SetException(e);
            return;
        }

        FailAll(new EngineFault("The worker is stopping.", ExitCode.Stopped));
        _ended.SetResult();
    }

    /// <summary>Fills free slots from the queue; with nothing to do, waits for something.</summary>
    private void Admit()
    {
        foreach (var slot in _slots)
        {
            if (slot.Generation is not null)
            {
                continue;
            }

            var isIdle = _active == 0;
            if (!_inbox.TryTake(out var generation, isIdle ? Timeout.Infinite : 0, _stopping.Token))
            {
                return;
            }

            if (!generation.Cancel.IsCancellationRequested)
            {
                slot.Take(generation, generation.Sampling.CreateChain(_model.Vocabulary.Count, Context, generation.Prompt));
                _reading.Add(slot);
                _active++;
            }
        }
    }

    private void ReleaseCancelled()
    {
        foreach (var slot in _slots)
        {
            if (slot.Generation is { Cancel.IsCancellationRequested: true } generation)
            {
                generation.Fail(new OperationCanceledException(generation.Cancel));
                Release(slot);
            }
        }
    }

    private void WriteTokens()
    {
        _batch.Clear();
        foreach (var slot in _slots)
        {
            if (slot is { IsWriting: true, Generation: { } generation })
            {
                _batch.Add(slot, generation, wantsLogits: true);
            }
        }

        Compute();
    }

    private void ReadPrompts()
    {
        _batch.Clear();
        _reading.RemoveAll(slot => slot.PromptLeft == 0);
        foreach (var slot in _reading)
        {
            while (slot is { PromptLeft: > 0, Generation: { } generation } && _batch.Count < PromptTokensPerTurn)
            {
                _batch.Add(slot, generation, wantsLogits: slot.PromptLeft == 1);
            }
        }

        Compute();
    }

    /// <summary>Runs the model over the batch and samples wherever logits were wanted.</summary>
    private void Compute()
    {
        if (_batch.Count == 0)
        {
            return;
        }

        if (Decode() is var code and not 0)
        {
            var fault = new EngineFault($"llama.cpp could not compute (code {code}): {LlamaLibrary.TakeErrors()}", ExitCode.Failed);
            foreach (var slot in _batch.Members)
            {
                slot.Generation?.Fail(fault);
                Release(slot);
            }

            return;
        }

        foreach (var (slot, index) in _batch.Wanting)
        {
            if (slot.Generation is { } generation && !slot.Sample(generation, _source, index))
            {
                Release(slot);
            }
        }
    }

    private int Decode() => Llama.Decode(_source.Context, _batch.Native);

    private void Release(Slot slot)
    {
        if (slot.Generation is not null)
        {
            Forget(slot);
            slot.Release();
            _active--;
        }
    }

    private void Forget(Slot slot) => Llama.ForgetSequence(Llama.Memory(_source.Context), slot.Sequence, -1, -1);

    private void FailAll(Exception reason)
    {
        foreach (var slot in _slots)
        {
            slot.Generation?.Fail(reason);
            Release(slot);
        }

        while (_inbox.TryTake(out var waiting))
        {
            waiting.Fail(reason);
        }
    }
}
