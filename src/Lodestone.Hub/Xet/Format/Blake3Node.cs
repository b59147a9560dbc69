using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>What is hashed to a node of the tree: a piece of the message, or two nodes.</summary>
/// <param name="Blocks">Of 64 bytes.</param>
/// <param name="CountStep">1 where the node's number is hashed too.</param>
/// <param name="First">Flags of its first block.</param>
/// <param name="Each">Flags of each block.</param>
/// <param name="Last">Flags of its last block.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Blake3Node(int Blocks, uint CountStep, uint First, uint Each, uint Last)
{
    public const int BlockSize = 64;

    /// <summary>32-bit words of a node's hash.</summary>
    public const int Words = 8;

    /// <summary>Flag of the last block of all.</summary>
    public const uint Root = 8;

    private const uint Start = 1;
    private const uint End = 2;
    private const uint Pair = 4;
    private const uint WithKey = 16;

    public static Blake3Node Piece { get; } = new(Blocks: 16, CountStep: 1, Start, WithKey, End);

    public static Blake3Node Parent { get; } = new(Blocks: 1, CountStep: 0, 0, WithKey | Pair, 0);

    /// <summary>Bytes.</summary>
    public int Length => Blocks * BlockSize;

    public uint Flags(bool isFirst, bool isLast) => Each | (isFirst ? First : 0) | (isLast ? Last : 0);
}
