using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lodestone.Hub;

/// <summary>
/// The compression function, for as many lanes as a vector has. Words are read as they lie in memory: for little-endian
/// processors, which are all that the server is built for.
/// </summary>
internal static class Blake3Kernel
{
    private const int BlockWords = 16;
    private const int Rounds = 7;

    private static ReadOnlySpan<uint> Start => [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A];

    /// <summary>Which word of the block goes where, a row for each round.</summary>
    private static ReadOnlySpan<byte> Schedule =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8,
        3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1,
        10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6,
        12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4,
        9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7,
        11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13,
    ];

    public static int Lanes<TVector>()
        where TVector : unmanaged => Unsafe.SizeOf<TVector>() / sizeof(uint);

    /// <summary>Hashes as many nodes side by side as there are lanes.</summary>
    /// <param name="input">What the nodes are made of, one after the other.</param>
    /// <param name="first">Number of the first node.</param>
    /// <param name="nodes">Gets the hashes.</param>
    public static void Side<TLanes, TVector>(Blake3Node kind, ReadOnlySpan<uint> key, ReadOnlySpan<byte> input, uint first, Span<uint> nodes)
        where TLanes : struct, IBlake3Lanes<TVector>
        where TVector : unmanaged
    {
        var lanes = Lanes<TVector>();
        Span<TVector> hash = stackalloc TVector[Blake3Node.Words];
        Span<TVector> block = stackalloc TVector[BlockWords];
        Span<TVector> zipped = stackalloc TVector[lanes];
        Span<uint> numbers = stackalloc uint[lanes];
        for (var i = 0; i < Blake3Node.Words; i++)
        {
            hash[i] = TLanes.All(key[i]);
        }

        for (var lane = 0; lane < lanes; lane++)
        {
            numbers[lane] = kind.CountStep * (first + (uint)lane);
        }

        var counter = MemoryMarshal.Cast<uint, TVector>(numbers)[0];
        for (var i = 0; i < kind.Blocks; i++)
        {
            Turn<TLanes, TVector>(input[(i * Blake3Node.BlockSize)..], kind.Length, block, zipped);
            Compress<TLanes, TVector>(hash, block, counter, Blake3Node.BlockSize, kind.Flags(i == 0, i == kind.Blocks - 1));
        }

        var words = MemoryMarshal.Cast<TVector, uint>(hash);
        for (var i = 0; i < nodes.Length; i++)
        {
            nodes[i] = words[(i % Blake3Node.Words * lanes) + (i / Blake3Node.Words)];
        }
    }

    /// <summary>Hashes a piece of any length up to a whole one.</summary>
    public static void LastPiece(ReadOnlySpan<uint> key, ReadOnlySpan<byte> input, uint number, uint extraFlags, Span<uint> node)
    {
        Span<uint> block = stackalloc uint[BlockWords];
        key.CopyTo(node);
        for (var start = 0; start == 0 || start < input.Length; start += Blake3Node.BlockSize)
        {
            var rest = input[start..];
            var isLast = rest.Length <= Blake3Node.BlockSize;
            var length = Math.Min(rest.Length, Blake3Node.BlockSize);
            block.Clear();
            rest[..length].CopyTo(MemoryMarshal.AsBytes(block));
            var flags = Blake3Node.Piece.Flags(start == 0, isLast) | (isLast ? extraFlags : 0);
            Compress<OneLane, uint>(node, block, number, (uint)length, flags);
        }
    }

    /// <summary>Puts word n of every node's block into vector n: a transposition, by zipping the upper and the lower half of the rows.</summary>
    private static void Turn<TLanes, TVector>(ReadOnlySpan<byte> input, int stride, Span<TVector> block, Span<TVector> zipped)
        where TLanes : struct, IBlake3Lanes<TVector>
        where TVector : unmanaged
    {
        var lanes = Lanes<TVector>();
        for (var part = 0; part < BlockWords; part += lanes)
        {
            var rows = block.Slice(part, lanes);
            for (var row = 0; row < lanes; row++)
            {
                rows[row] = MemoryMarshal.Read<TVector>(input[((row * stride) + (part * sizeof(uint)))..]);
            }

            for (var turn = BitOperations.Log2((uint)lanes); turn > 0; turn--)
            {
                for (var i = 0; i < lanes / 2; i++)
                {
                    zipped[2 * i] = TLanes.ZipLow(rows[i], rows[i + (lanes / 2)]);
                    zipped[(2 * i) + 1] = TLanes.ZipHigh(rows[i], rows[i + (lanes / 2)]);
                }

                zipped.CopyTo(rows);
            }
        }
    }

    private static void Compress<TLanes, TVector>(Span<TVector> hash, ReadOnlySpan<TVector> block, TVector counter, uint length, uint flags)
        where TLanes : struct, IBlake3Lanes<TVector>
        where TVector : unmanaged
    {
        var (a0, a1, a2, a3) = (hash[0], hash[1], hash[2], hash[3]);
        var (b0, b1, b2, b3) = (hash[4], hash[5], hash[6], hash[7]);
        var (c0, c1, c2, c3) = (TLanes.All(Start[0]), TLanes.All(Start[1]), TLanes.All(Start[2]), TLanes.All(Start[3]));
        var (d0, d1, d2, d3) = (counter, TLanes.All(0), TLanes.All(length), TLanes.All(flags));
        for (var round = 0; round < Rounds; round++)
        {
            var order = Schedule.Slice(round * BlockWords, BlockWords);
            Mix<TLanes, TVector>(ref a0, ref b0, ref c0, ref d0, block[order[0]], block[order[1]]);
            Mix<TLanes, TVector>(ref a1, ref b1, ref c1, ref d1, block[order[2]], block[order[3]]);
            Mix<TLanes, TVector>(ref a2, ref b2, ref c2, ref d2, block[order[4]], block[order[5]]);
            Mix<TLanes, TVector>(ref a3, ref b3, ref c3, ref d3, block[order[6]], block[order[7]]);
            Mix<TLanes, TVector>(ref a0, ref b1, ref c2, ref d3, block[order[8]], block[order[9]]);
            Mix<TLanes, TVector>(ref a1, ref b2, ref c3, ref d0, block[order[10]], block[order[11]]);
            Mix<TLanes, TVector>(ref a2, ref b3, ref c0, ref d1, block[order[12]], block[order[13]]);
            Mix<TLanes, TVector>(ref a3, ref b0, ref c1, ref d2, block[order[14]], block[order[15]]);
        }

        hash[0] = TLanes.Xor(a0, c0);
        hash[1] = TLanes.Xor(a1, c1);
        hash[2] = TLanes.Xor(a2, c2);
        hash[3] = TLanes.Xor(a3, c3);
        hash[4] = TLanes.Xor(b0, d0);
        hash[5] = TLanes.Xor(b1, d1);
        hash[6] = TLanes.Xor(b2, d2);
        hash[7] = TLanes.Xor(b3, d3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix<TLanes, TVector>(ref TVector a, ref TVector b, ref TVector c, ref TVector d, TVector even, TVector odd)
        where TLanes : struct, IBlake3Lanes<TVector>
        where TVector : unmanaged
    {
        a = TLanes.Add(TLanes.Add(a, b), even);
        d = TLanes.RotateRight16(TLanes.Xor(d, a));
        c = TLanes.Add(c, d);
        b = TLanes.RotateRight12(TLanes.Xor(b, c));
        a = TLanes.Add(TLanes.Add(a, b), odd);
        d = TLanes.RotateRight8(TLanes.Xor(d, a));
        c = TLanes.Add(c, d);
        b = TLanes.RotateRight7(TLanes.Xor(b, c));
    }
}
