using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>Writes many answers at once. Only the engine's thread touches it.</summary>
/// <remarks>Each turn is one computation that adds a token to every answer under way and reads a bounded piece of the waiting prompts: so a
/// long prompt delays the others by one piece at most, and what is written beside a piece costs next to nothing. (That holds for one pool
/// of cells; llama.cpp would cut a mixed batch into many small ones over several.) When memory runs out, the answer that began last gives up what it has
/// read and goes on when there is room: its text is not touched.</remarks>
internal sealed unsafe class SequenceWriter : IDisposable
{
    // Bytes of intermediate results, as a multiple of a token's vector: most are the feed-forward part's.
    private const int WorkPerToken = 16 * sizeof(float);

    private readonly LoadedModel _model;
    private readonly EngineOptions _options;
    private readonly WaitingRoom _waiting;
    private readonly Courier _courier;
    private readonly Adapter? _adapter;
    private readonly ContextHandle _context;
    private readonly CandidateList _candidates;
    private readonly TurnBatch _batch;
    private readonly List<Slot> _slots = []; // in order of admission
    private readonly List<Slot> _suspended = []; // the one that waits longest first
    private int _turns; // in which several prompts wanted to be read

    /// <param name="model">Writes.</param>
    /// <param name="options">Slots, cells, threads.</param>
    /// <param name="waiting">Who is next.</param>
    /// <param name="courier">Takes the steps.</param>
    /// <param name="adapter">What it changes the model by, and writes for; null for the model as it is.</param>
    /// <exception cref="EngineFault">There is not enough memory for the context.</exception>
    public SequenceWriter(LoadedModel model, EngineOptions options, WaitingRoom waiting, Courier courier, (Adapter Adapter, AdapterHandle Handle)? adapter = null)
    {
        _model = model;
        _adapter = adapter?.Adapter;
        _options = options;
        _waiting = waiting;
        _courier = courier;
        ContextLength = Math.Min(options.Context, model.TrainedContext);
        var cells = adapter is null ? Math.Max(ContextLength, options.Cells ?? KeyValueBudget.Cells(model, ContextLength, options.Slots)) : ContextLength;
        _context = CreateContext(cells);
        if (adapter is { Handle: var change })
        {
            Apply(change);
        }

        _candidates = new CandidateList(model.Vocabulary.Count);
        _batch = new TurnBatch(MostTokens(options));
        Memory = new TokenMemory(Llama.Memory(_context), cells, model.IsCuttable ? Math.Min(cells, options.Kept) : 0);
        WarmUp();
    }

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int ContextLength { get; }

    public TokenMemory Memory { get; }

    /// <summary>Answers being written.</summary>
    public int Active => _slots.Count + _suspended.Count;

    /// <summary>Lets nobody in any more.</summary>
    public bool IsClosing { get; set; }

    /// <summary>About the bytes that a writer for an adapter takes, besides the adapter's own.</summary>
    public static long BytesForAdapter(LoadedModel model, EngineOptions options) =>
        (Math.Min(options.Context, model.TrainedContext) * KeyValueBudget.BytesPerToken(model.File)) + (MostTokens(options) * (long)model.EmbeddingLength * WorkPerToken);

    /// <summary>One turn: lets in who fits, lets go who left, writes, reads.</summary>
    public void Turn(ThreadGovernor governor)
    {
        ReleaseCancelled(_slots);
        ReleaseCancelled(_suspended);
        Resume();
        Admit();
        var readers = _slots.FindAll(slot => !slot.IsWriting);
        readers.ForEach(Adopt);
        var piece = ReadingPlan.Piece(readers, _options.PromptPiece);
        var free = MakeRoom(_slots.Count - readers.Count, Math.Min(piece, readers.Sum(slot => slot.Unread)));
        _batch.Clear();
        AddTokens(free);
        AddPrompts(readers.FindAll(_slots.Contains), Math.Min(piece, free - _batch.Count)); // not those that had to give up their cells
        Compute(governor);
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

    private static int MostTokens(EngineOptions options) => Math.Max(options.PromptPiece, ReadingPlan.Burst) + options.Slots;

    private ContextHandle CreateContext(int cells)
    {
        var parameters = Llama.DefaultContextParams();
        parameters.ContextLength = (uint)cells;
        parameters.BatchLength = (uint)MostTokens(_options);
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

    private void Apply(AdapterHandle adapter)
    {
        var (change, scale) = (adapter.DangerousGetHandle(), 1f); // whoever has the handle outlives the context
        if (Llama.SetAdapters(_context, &change, 1, &scale) is var code and not 0)
        {
            throw new EngineFault($"The adapter cannot be used (code {code}): {LlamaLibrary.TakeErrors()}", ExitCode.Failed);
        }
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
        while (!IsClosing && Active < _options.Slots && _suspended.Count == 0 && _waiting.Peek(_adapter) is { } generation)
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
            _courier.Send();
        }
    }

    // Counts what sequences under way may still need, and takes kept ones for free.
    private bool Fits(int tokens) => _slots.Sum(slot => slot.Demand) + tokens <= Memory.Cells;

    private void AddTokens(int room)
    {
        foreach (var slot in _slots)
        {
            if (slot.IsWriting && room-- > 0)
            {
                _batch.Add(slot, count: 1);
            }
        }
    }

    private void AddPrompts(List<Slot> readers, int piece)
    {
        _turns += readers.Count > 1 ? 1 : 0;
        foreach (var (slot, count) in ReadingPlan.Divide(readers, piece, _turns))
        {
            _batch.Add(slot, count);
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
    /// <param name="writing">Answers that need a cell each.</param>
    /// <param name="reading">Tokens of prompts to be read.</param>
    /// <returns>The free cells.</returns>
    private int MakeRoom(int writing, int reading)
    {
        var wanted = writing + reading;
        var free = Memory.Free(wanted);
        while (free < writing + Math.Min(reading, TokenMemory.BlockLength) && _slots.Count > 1)
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
