using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>A writer for the model as it is, and one for each adapter in use, with contexts of their own over the same weights: llama.cpp
/// applies adapters to a whole context. Only the engine's thread touches it.</summary>
/// <remarks>They take turns, so that every answer under way gets one token a round, whosever it is. Adapters that nobody asks for leave after
/// a while, or when another needs the memory. When all that fit are busy, the one that came first lets nobody in until it is empty, and
/// makes room: so nobody waits for ever.</remarks>
internal sealed class WriterPool : IDisposable
{
    private readonly LoadedModel _model;
    private readonly EngineOptions _options;
    private readonly WaitingRoom _waiting;
    private readonly Courier _courier;
    private readonly TimeProvider _clock;
    private readonly SequenceWriter _plain;
    private readonly List<Seat> _seats = []; // in the order in which they were loaded
    private volatile int _adapters;

    /// <exception cref="EngineFault">There is not enough memory for the model's context.</exception>
    public WriterPool(LoadedModel model, EngineOptions options, WaitingRoom waiting, Courier courier, TimeProvider clock)
    {
        (_model, _options, _waiting, _courier, _clock) = (model, options, waiting, courier, clock);
        _plain = new SequenceWriter(model, options, waiting, courier);
    }

    /// <summary>How long an adapter stays in memory that nobody asks for.</summary>
    public static TimeSpan Idle { get; } = TimeSpan.FromMinutes(5);

    /// <summary>Tokens that prompt and answer may have together.</summary>
    public int ContextLength => _plain.ContextLength;

    /// <summary>Answers being written.</summary>
    public int Active => _plain.Active + _seats.Sum(seat => seat.Writer.Active);

    /// <summary>Adapters in memory. Any thread may ask.</summary>
    public int Adapters => _adapters;

    /// <summary>A turn for everybody.</summary>
    public void Turn(ThreadGovernor governor)
    {
        Load();
        _plain.Turn(governor);
        foreach (var seat in _seats)
        {
            seat.Writer.Turn(governor);
            seat.UsedAt = seat.Writer.Active > 0 ? _clock.GetTimestamp() : seat.UsedAt;
        }

        foreach (var seat in _seats.FindAll(seat => seat.Writer.Active == 0 && _clock.GetElapsedTime(seat.UsedAt) >= Idle))
        {
            Unload(seat);
        }
    }

    public void FailAll(Exception reason)
    {
        _plain.FailAll(reason);
        _seats.ForEach(seat => seat.Writer.FailAll(reason));
    }

    public void Dispose()
    {
        _seats.ForEach(seat => seat.Dispose());
        _plain.Dispose();
    }

    private void Load()
    {
        foreach (var adapter in _waiting.Adapters().Where(wanted => !_seats.Exists(seat => seat.Adapter == wanted)))
        {
            if (!MakeRoom(adapter.Bytes + SequenceWriter.BytesForAdapter(_model, _options)))
            {
                return; // who came first goes first
            }

            try
            {
                _seats.Add(new Seat(adapter, _model, _options, _waiting, _courier) { UsedAt = _clock.GetTimestamp() });
                _adapters = _seats.Count;
            }
            catch (EngineFault fault)
            {
                Refuse(adapter, fault);
            }
        }
    }

    private bool MakeRoom(long bytes)
    {
        while (_seats.Count > 0 && _seats.Sum(seat => seat.Bytes) + bytes > (long)_options.AdapterMemory << 20)
        {
            var wanted = _waiting.Adapters();
            var idle = _seats.FindAll(seat => seat.Writer.Active == 0 && (seat.Writer.IsClosing || !wanted.Contains(seat.Adapter))).MinBy(seat => seat.UsedAt);
            if (idle is null)
            {
                _seats.Find(seat => seat.Writer.Active > 0)?.Close(); // one that was just loaded has its turn first
                return false;
            }

            Unload(idle);
        }

        return true;
    }

    private void Unload(Seat seat)
    {
        _seats.Remove(seat);
        _adapters = _seats.Count;
        seat.Dispose();
    }

    private void Refuse(Adapter adapter, EngineFault fault)
    {
        while (_waiting.Peek(adapter) is { } generation)
        {
            _waiting.Take(generation);
            _courier.Fail(generation.Answer, fault);
        }

        _courier.Send();
    }

    /// <summary>An adapter in memory, and who writes with it.</summary>
    private sealed class Seat : IDisposable
    {
        private readonly AdapterHandle _handle;

        public Seat(Adapter adapter, LoadedModel model, EngineOptions options, WaitingRoom waiting, Courier courier)
        {
            (Adapter, Bytes) = (adapter, adapter.Bytes + SequenceWriter.BytesForAdapter(model, options));
            _handle = Llama.LoadAdapter(model.Handle, adapter.Path);
            if (_handle.IsInvalid)
            {
                throw new EngineFault($"llama.cpp cannot load the adapter: {LlamaLibrary.TakeErrors()}", ExitCode.Failed);
            }

            try
            {
                Writer = new SequenceWriter(model, options, waiting, courier, (adapter, _handle));
            }
            catch
            {
                _handle.Dispose();
                throw;
            }
        }

        public Adapter Adapter { get; }

        public SequenceWriter Writer { get; }

        public long Bytes { get; }

        /// <summary>When an answer was last written with it, as the clock's timestamp.</summary>
        public long UsedAt { get; set; }

        public void Close() => Writer.IsClosing = true;

        public void Dispose()
        {
            Writer.Dispose();
            _handle.Dispose();
        }
    }
}
