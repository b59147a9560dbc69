using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>What the model has read and need not read again: keys and values of tokens, in blocks that sequences share. Only the engine's
/// thread touches it.</summary>
/// <remarks>A block's key hashes its tokens and all before them, so equal keys mean equal beginnings. Sequences that nobody writes any more
/// are kept until their cells are needed, the one that ended longest ago first. A cell holds one token, however many sequences share it.</remarks>
internal sealed class TokenMemory
{
    /// <summary>Tokens of a block: what two prompts share in multiples of.</summary>
    public const int BlockLength = 32;

    // llama.cpp's limit for sequences over one pool of cells.
    private const int MaxSequences = 256;

    private readonly nint _memory;
    private readonly int _mostKept;
    private readonly Stack<int> _freeNumbers = new(Enumerable.Range(0, MaxSequences).Reverse());
    private readonly Dictionary<UInt128, TokenBlock> _blocks = [];
    private readonly LinkedList<Sequence> _kept = []; // the one that ended longest ago first

    /// <param name="memory">Of the context.</param>
    /// <param name="cells">Tokens that it holds.</param>
    /// <param name="mostKept">Tokens to keep of sequences that ended; 0 shares nothing, for models that keep a running state, which cannot be cut.</param>
    public TokenMemory(nint memory, int cells, int mostKept)
    {
        _memory = memory;
        Cells = cells;
        _mostKept = mostKept;
    }

    public int Cells { get; }

    /// <summary>Cells taken, by sequences under way and kept.</summary>
    public int Used { get; private set; }

    /// <param name="salt">Only sequences with equal salts share blocks.</param>
    public Sequence Open(string? salt)
    {
        while (_freeNumbers.Count == 0)
        {
            Forget(_kept.First!.Value); // slots are far fewer than numbers, so some are kept
        }

        return new Sequence(_freeNumbers.Pop(), salt is null ? default : Key(default, MemoryMarshal.AsBytes(salt.AsSpan())));
    }

    /// <summary>Continues a sequence by blocks that others have read. At least one token is left to read: its logits are not kept.</summary>
    /// <returns>The tokens gained.</returns>
    public int Adopt(Sequence sequence, ReadOnlySpan<int> tokens)
    {
        var before = sequence.Length;
        while (_mostKept > 0 && sequence.IsWhole && TryFind(sequence, tokens, out var next))
        {
            var source = next.Holders[0];
            var start = sequence.Length;
            do
            {
                sequence.Add(next);
            }
            while (TryFind(sequence, tokens, out next) && next.Holders.Contains(source));

            sequence.IsProven = true;
            Llama.ShareSequence(_memory, source.Number, sequence.Number, start, sequence.Length);
        }

        return sequence.Length - before;
    }

    /// <summary>The key of the block that the sequence reads next or is in the midst of; null if its tokens do not fill one.</summary>
    public static UInt128? NextKey(Sequence sequence, ReadOnlySpan<int> tokens)
    {
        var start = sequence.Blocks.Count * BlockLength;
        return start + BlockLength < tokens.Length ? Key(sequence.Key, MemoryMarshal.AsBytes(tokens.Slice(start, BlockLength))) : null;
    }

    /// <summary>The model has read one more token of the sequence.</summary>
    public void Append(Sequence sequence, int token)
    {
        Used++;
        if (sequence.Append(token) is not { } tokens)
        {
            return;
        }

        var block = new TokenBlock(Key(sequence.Key, MemoryMarshal.AsBytes(tokens)));
        sequence.Close(block);
        _blocks.TryAdd(block.Key, block);
    }

    /// <summary>Removes from the context what a failed computation may have left behind the sequence's end.</summary>
    public void Repair(Sequence sequence) => Llama.ForgetSequence(_memory, sequence.Number, sequence.Length, -1);

    /// <summary>Nobody writes the sequence any more: keeps its whole blocks for others while there is room.</summary>
    public void Keep(Sequence sequence)
    {
        if (_mostKept == 0 || sequence.Blocks.Count == 0 || sequence.Blocks[^1].Holders.Count > 1)
        {
            Forget(sequence); // there is nothing to keep, or somebody else holds all of it
            return;
        }

        var covered = sequence.Blocks.SelectMany(block => block.Holders.Where(h => h.Place is not null && h.Blocks[^1] == block)).ToList();
        covered.ForEach(Forget);
        Used -= sequence.DropTail();
        Repair(sequence);
        sequence.Place = _kept.AddLast(sequence);
        ForgetBeyond(_mostKept / 4 / Math.Max(1, Written / 2), kept => !kept.IsProven);
        ForgetBeyond(_mostKept, _ => true);
    }

    /// <summary>Makes room by forgetting kept sequences.</summary>
    /// <returns>The free cells: fewer than wanted if sequences under way hold the others.</returns>
    public int Free(int wanted)
    {
        while (Cells - Used < wanted && _kept.First is { } oldest)
        {
            Forget(oldest.Value);
        }

        return Cells - Used;
    }

    // Sequences under way.
    private int Written => MaxSequences - _freeNumbers.Count - _kept.Count;

    // Every computation passes over what is kept, once for each of those that are written. What nobody has shared yet gets a quarter, and the
    // less the more are written; the last one always stays, to be tried.
    private void ForgetBeyond(int tokens, Func<Sequence, bool> isMeant)
    {
        var meant = _kept.Where(isMeant).ToList();
        var total = meant.Sum(sequence => sequence.Length);
        foreach (var sequence in meant.TakeWhile(sequence => total > tokens && sequence != _kept.Last!.Value)) // there is one: just added
        {
            total -= sequence.Length;
            Forget(sequence);
        }
    }

    private bool TryFind(Sequence sequence, ReadOnlySpan<int> tokens, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out TokenBlock? block)
    {
        block = null;
        return NextKey(sequence, tokens) is { } key && _blocks.TryGetValue(key, out block);
    }

    private void Forget(Sequence sequence)
    {
        Llama.ForgetSequence(_memory, sequence.Number, -1, -1);
        foreach (var block in sequence.Blocks)
        {
            block.Holders.Remove(sequence);
            if (block.Holders.Count == 0)
            {
                Used -= BlockLength;
                _ = _blocks.TryGetValue(block.Key, out var known) && known == block && _blocks.Remove(block.Key);
            }
        }

        Used -= sequence.DropTail();
        if (sequence.Place is { } place)
        {
            _kept.Remove(place);
        }

        _freeNumbers.Push(sequence.Number);
    }

    // Not a fast hash: callers choose the tokens, and must not be able to make theirs look like another's.
    private static UInt128 Key(UInt128 before, ReadOnlySpan<byte> tokens)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in before)));
        hash.AppendData(tokens);
        hash.GetHashAndReset(digest);
        return MemoryMarshal.Read<UInt128>(digest);
    }
}

/// <summary>Tokens that the model has read in one go, and the sequences that hold them.</summary>
internal sealed class TokenBlock(UInt128 key)
{
    public UInt128 Key { get; } = key;

    public List<Sequence> Holders { get; } = [];
}
