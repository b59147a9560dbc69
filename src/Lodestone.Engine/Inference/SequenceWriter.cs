using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>Writes many answers at once. Only the engine's thread touches it.</summary>
/// <remarks>Each turn adds one token to every answer under way, then reads a bounded piece of the waiting prompts in a computation of its own:
/// so a long prompt delays the others by one piece at most. When memory runs out, the answer that began last gives up what it has
/// read and goes on when there is room: its text is not touched.</remarks>
internal sealed unsafe class SequenceWriter : IDisposable
{
    private readonly LoadedModel _model;
    private readonly EngineOptions _options;
    private readonly WaitingRoom _waiting;
    private readonly Courier _courier;
    private readonly ContextHandle _context;
    private readonly CandidateList _candidates;
    private readonly TurnBatch _batch;
    private readonly List<Slot> _slots = []; // in order of admission
    private readonly List<Slot> _suspended = []; // the one that waits longest first

    /// <param name="model">Writes.</param>
    /// <param name="options">Slots, cells, threads.</param>
    /// <param name="waiting">Who is next.</param>
    /// <param name="courier">Takes the steps.</param>
    /// <exception cref="EngineFault">There is not enough memory for the context.</exception>
    public SequenceWriter(LoadedModel model, EngineOptions options, WaitingRoom waiting, Courier courier)
    {
        _model = model;
        _options = options;
        _waiting = waiting;
        _courier = courier;
        ContextLength = Math.Min(options.Context, model.TrainedContext);
        var cells = options.Cells ?? KeyValueBudget.Cells(model, ContextLength, options.Slots);
        _context = CreateContext(cells);
        _candidates = new CandidateList(model.Vocabulary.Count);
        _batch = new TurnBatch(Math.Max(options.PromptPiece, options.Slots));
        Memory = new TokenMemory(Llama.Memory(_context), cells, model.IsCuttable);
        WarmUp();
    }

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int ContextLength { get; }

    public TokenMemory Memory { get; }

    /// <summary>Answers being written.</summary>
    public int Active => _slots.Count + _suspended.Count;

    /// <summary>One turn: lets in who fits, lets go who left, writes, reads.</summary>
    public void Turn(ThreadGovernor governor)
    {
        ReleaseCancelled(_slots);
        ReleaseCancelled(_suspended);
        Resume();
        Admit();
        WriteTokens(governor);
        ReadPrompts(governor);
    }

    public void FailAll(Exception reason)
    {
        foreach (var slot in _slots.Concat(_suspended).ToList())
        {
            End(slot, reason);
        }
    }

    public void Dispose()
    {
        _batch.Dispose();
        _candidates.Dispose();
        _context.Dispose();
    }

    private ContextHandle CreateContext(int cells)
    {
        var parameters = Llama.DefaultContextParams();
        parameters.ContextLength = (uint)cells;
        parameters.BatchLength = (uint)Math.Max(_options.PromptPiece, _options.Slots);
        parameters.MicroBatchLength = parameters.BatchLength;
        parameters.MaxSequences = (uint)_options.Slots;
        parameters.MaxOutputs = (uint)_options.Slots;
        parameters.Threads = _options.Threads;
        parameters.BatchThreads = _options.Threads;
        parameters.UnifiedKeyValues = 1; // one pool of cells: sequences share it, and long ones may take what short ones leave
        var context = Llama.CreateContext(_model.Handle, parameters);
        return !context.IsInvalid
            ? context
            : throw new EngineFault($"No context of {cells} tokens can be made: {LlamaLibrary.TakeErrors()}. Ask for fewer slots or a shorter context.");
    }

    // The first computation sets up buffers and touches every weight: better now than in somebody's first answer.
    private void WarmUp()
    {
        _batch.Clear();
        _batch.Add(token: 0, position: 0, sequence: 0, wantsLogits: true);
        if (Llama.Decode(_context, _batch.Native) is var code and not 0)
        {
            throw new EngineFault($"The model loads but cannot compute (code {code}): {LlamaLibrary.TakeErrors()}");
        }

        Llama.ForgetSequence(Llama.Memory(_context), 0, -1, -1);
    }

    private void ReleaseCancelled(List<Slot> slots)
    {
        foreach (var slot in slots.FindAll(slot => slot.Generation.Cancel.IsCancellationRequested))
        {
            End(slot, new OperationCanceledException(slot.Generation.Cancel));
        }
    }

    private void Resume()
    {
        while (_suspended is [var slot, ..] && (_slots.Count == 0 || Fits(slot.Demand)))
        {
            _suspended.RemoveAt(0);
            slot.Memory = Memory.Open(slot.Generation.Salt);
            _slots.Add(slot);
        }
    }

    private void Admit()
    {
        while (Active < _options.Slots && _suspended.Count == 0 && _waiting.Peek() is { } generation)
        {
            if (_slots.Count > 0 && !Fits(generation.Prompt.Length + TokenMemory.BlockLength))
            {
                return; // who is next waits for room, so that nobody overtakes it for ever
            }

            _waiting.Take(generation);
            Begin(generation);
        }
    }

    private void Begin(Generation generation)
    {
        try
        {
            var picker = new TokenPicker(generation.Sampling, _model.Vocabulary, _candidates, generation.Prompt);
            generation.Answer.Writing++;
            _slots.Add(new Slot(generation, picker, Memory.Open(generation.Salt)));
        }
        catch (EngineFault fault)
        {
            _courier.Fail(generation.Answer, fault);
        }
    }

    // Counts what sequences under way may still need, and takes kept ones for free.
    private bool Fits(int tokens) => _slots.Sum(slot => slot.Demand) + tokens <= Memory.Cells;

    private void WriteTokens(ThreadGovernor governor)
    {
        var room = MakeRoom(_slots.Count(slot => slot.IsWriting));
        _batch.Clear();
        foreach (var slot in _slots)
        {
            if (slot.IsWriting && room-- > 0)
            {
                _batch.Add(slot, count: 1);
            }
        }

        Compute(governor);
    }

    /// <summary>Reads pieces of prompts: the shortest first, so that a short one is not kept waiting by a long one; but a quarter of the
    /// piece is for the one that came first, so that a long one is not kept waiting for ever.</summary>
    private void ReadPrompts(ThreadGovernor governor)
    {
        var readers = _slots.FindAll(slot => !slot.IsWriting);
        if (readers.Count == 0)
        {
            return;
        }

        foreach (var reader in readers)
        {
            Adopt(reader);
        }

        _batch.Clear();
        var budget = Math.Min(_options.PromptPiece, MakeRoom(_options.PromptPiece));
        var underWay = new HashSet<UInt128>(); // blocks that this turn reads: who needs the same ones adopts them next turn
        Add(readers[0], Math.Min(budget, readers.Count == 1 ? budget : _options.PromptPiece / 4));
        foreach (var reader in readers.Skip(1).OrderBy(slot => slot.Unread))
        {
            Add(reader, budget - _batch.Count);
        }

        Compute(governor);

        void Add(Slot reader, int most)
        {
            var count = Math.Min(reader.Unread, most);
            var key = TokenMemory.NextKey(reader.Memory, reader.Tokens);
            if (count > 0 && (key is null || underWay.Add(key.Value)))
            {
                _batch.Add(reader, count);
            }
        }
    }

    private void Adopt(Slot reader)
    {
        var gained = Memory.Adopt(reader.Memory, reader.Tokens);
        if (!reader.WasSuspended)
        {
            reader.CachedTokens += gained;
        }
    }

    /// <summary>Makes cells free: those that are kept for nobody in particular, then those of whoever began last.</summary>
    /// <returns>The free cells.</returns>
    private int MakeRoom(int wanted)
    {
        var free = Memory.Free(wanted);
        while (free < Math.Min(wanted, TokenMemory.BlockLength) && _slots.Count > 1)
        {
            var last = _slots[^1];
            _slots.RemoveAt(_slots.Count - 1);
            _suspended.Insert(0, last);
            last.WasSuspended = true;
            Memory.Keep(last.Memory);
            free = Memory.Free(wanted);
        }

        return free;
    }

    /// <summary>Runs the model over the batch and chooses tokens wherever that ends a slot's unread ones.</summary>
    private void Compute(ThreadGovernor governor)
    {
        if (_batch.Count == 0)
        {
            return;
        }

        var code = governor.Time(_batch.Count, threads => Llama.SetThreads(_context, threads, threads), () => Llama.Decode(_context, _batch.Native));
        if (code != 0)
        {
            FailBatch(new EngineFault($"llama.cpp could not compute (code {code}): {LlamaLibrary.TakeErrors()}", ExitCode.Failed));
            return;
        }

        foreach (var (slot, count) in _batch.Members)
        {
            for (var i = 0; i < count; i++)
            {
                Memory.Append(slot.Memory, slot.Tokens[slot.Memory.Length]);
            }
        }

        foreach (var (slot, index) in _batch.Wanting)
        {
            if (slot.Write(_model.Vocabulary, Llama.Logits(_context, index)) is { } step)
            {
                _courier.Add(slot.Generation.Answer, step);
                if (step.Finish is not null)
                {
                    Release(slot);
                }
            }
        }

        _courier.Send();
    }

    private void FailBatch(EngineFault fault)
    {
        foreach (var (slot, _) in _batch.Members.ToList())
        {
            Memory.Repair(slot.Memory);
            End(slot, fault);
        }
    }

    private void End(Slot slot, Exception reason)
    {
        _courier.Fail(slot.Generation.Answer, reason);
        Release(slot);
        _courier.Send();
    }

    private void Release(Slot slot)
    {
        if (!_suspended.Remove(slot)) // whose memory is kept or gone already
        {
            _slots.Remove(slot);
            Memory.Keep(slot.Memory);
        }

        slot.Generation.Answer.Writing--;
        slot.Dispose();
    }
}
