using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>The tokens that the model sees in one computation, and whose they are. Only the engine's thread touches it.</summary>
internal sealed unsafe class TurnBatch(int capacity) : IDisposable
{
    private readonly List<(Slot Slot, int Count)> _members = [];
    private readonly List<(Slot Slot, int Index)> _wanting = [];
    private Batch _native = Llama.CreateBatch(capacity, embeddingLength: 0, sequencesPerToken: 1);

    public Batch Native => _native;

    public int Count => _native.Count;

    public int Room => capacity - _native.Count;

    /// <summary>Slots with tokens in the batch, and how many.</summary>
    public IReadOnlyList<(Slot Slot, int Count)> Members => _members;

    /// <summary>Slots that choose a token, with the place of their logits.</summary>
    public IReadOnlyList<(Slot Slot, int Index)> Wanting => _wanting;

    public void Clear()
    {
        _native.Count = 0;
        _wanting.Clear();
        _members.Clear();
    }

    /// <summary>Adds the slot's next tokens; after the last one that there is, the slot chooses another.</summary>
    public void Add(Slot slot, int count)
    {
        var start = slot.Memory.Length;
        var tokens = slot.Tokens.Slice(start, count);
        var isLast = count == slot.Unread;
        for (var i = 0; i < count; i++)
        {
            Add(tokens[i], start + i, slot.Memory.Number, wantsLogits: isLast && i == count - 1);
        }

        _members.Add((slot, count));
        if (isLast)
        {
            _wanting.Add((slot, _native.Count - 1));
        }
    }

    public void Add(int token, int position, int sequence, bool wantsLogits)
    {
        var index = _native.Count;
        if (index == capacity)
        {
            throw new InvalidOperationException($"The batch is full: {capacity} tokens."); // llama.cpp's arrays have no more room
        }

        _native.Tokens[index] = token;
        _native.Positions[index] = position;
        _native.SequenceCounts[index] = 1;
        _native.Sequences[index][0] = sequence;
        _native.WantsLogits[index] = wantsLogits ? (sbyte)1 : (sbyte)0;
        _native.Count++;
    }

    public void Dispose() => Llama.FreeBatch(_native);
}
