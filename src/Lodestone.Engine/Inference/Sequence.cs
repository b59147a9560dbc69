namespace Lodestone.Engine.Inference;

/// <summary>What the model has read of one text: whole blocks, then a tail.</summary>
/// <param name="number">llama.cpp's number for it.</param>
/// <param name="salt">What its first block's key continues.</param>
internal sealed class Sequence(int number, UInt128 salt)
{
    private readonly List<TokenBlock> _blocks = [];
    private readonly int[] _tail = new int[TokenMemory.BlockLength];
    private int _tailLength;

    public int Number { get; } = number;

    /// <summary>Tokens that the model has read.</summary>
    public int Length => (_blocks.Count * TokenMemory.BlockLength) + _tailLength;

    /// <summary>Whether it ends with a block.</summary>
    public bool IsWhole => _tailLength == 0;

    public IReadOnlyList<TokenBlock> Blocks => _blocks;

    /// <summary>What the next block's key continues.</summary>
    public UInt128 Key => _blocks.Count == 0 ? salt : _blocks[^1].Key;

    /// <summary>Somebody began alike before: more may come.</summary>
    public bool IsProven { get; set; }

    /// <summary>Its place among those that are kept; null while it is written.</summary>
    public LinkedListNode<Sequence>? Place { get; set; }

    /// <summary>Adds a block that is in memory.</summary>
    public void Add(TokenBlock block)
    {
        block.Holders.Add(this);
        _blocks.Add(block);
    }

    /// <returns>The tokens that have become a block; null while there are fewer.</returns>
    public int[]? Append(int token)
    {
        _tail[_tailLength++] = token;
        return _tailLength == _tail.Length ? _tail : null;
    }

    /// <summary>Makes the tail a block.</summary>
    public void Close(TokenBlock block)
    {
        _tailLength = 0;
        Add(block);
    }

    /// <returns>The tokens it had.</returns>
    public int DropTail()
    {
        var length = _tailLength;
        _tailLength = 0;
        return length;
    }
}
