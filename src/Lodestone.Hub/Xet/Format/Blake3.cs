using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Lodestone.Hub;

/// <summary>How many pieces of a message are hashed side by side, one in each lane of a vector.</summary>
internal enum Blake3Width
{
    One = 1,
    Eight = 8,
    Sixteen = 16,
}

/// <summary>
/// BLAKE3 in keyed mode, 32 bytes out. A message is cut into pieces of 1 KiB, which are hashed independently, and the results are
/// hashed in pairs until one is left. Source: the BLAKE3 paper, section 2.
/// </summary>
internal static class Blake3
{
    public const int KeySize = 32;
    public const int HashSize = 32;

    /// <summary>The widest that this processor does.</summary>
    public static Blake3Width Widest { get; } =
        Avx512F.IsSupported ? Blake3Width.Sixteen : Avx2.IsSupported ? Blake3Width.Eight : Blake3Width.One;

    /// <param name="hash">Room for 32 bytes.</param>
    public static void Keyed(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> hash) => Keyed(key, input, hash, Widest);

    public static void Keyed(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> hash, Blake3Width width)
    {
        var words = MemoryMarshal.Cast<byte, uint>(key[..KeySize]);
        var root = MemoryMarshal.Cast<byte, uint>(hash[..HashSize]);
        if (input.Length <= Blake3Node.Piece.Length)
        {
            Blake3Kernel.LastPiece(words, input, 0, Blake3Node.Root, root);
            return;
        }

        var pieces = (input.Length + Blake3Node.Piece.Length - 1) / Blake3Node.Piece.Length;
        var room = (pieces + ((pieces + 1) / 2)) * Blake3Node.Words;
        var buffer = ArrayPool<uint>.Shared.Rent(room);
        var nodes = buffer.AsSpan(0, pieces * Blake3Node.Words);
        var parents = buffer.AsSpan(nodes.Length, room - nodes.Length);
        Pieces(words, input, nodes, width);
        Join(words, nodes, parents, root, width);
        ArrayPool<uint>.Shared.Return(buffer);
    }

    private static void Pieces(ReadOnlySpan<uint> key, ReadOnlySpan<byte> input, Span<uint> nodes, Blake3Width width)
    {
        var whole = (input.Length - 1) / Blake3Node.Piece.Length; // the last piece may be whole too; it goes alone all the same
        Many(Blake3Node.Piece, key, input[..(whole * Blake3Node.Piece.Length)], nodes, width);
        Blake3Kernel.LastPiece(key, input[(whole * Blake3Node.Piece.Length)..], (uint)whole, 0, nodes[(whole * Blake3Node.Words)..]);
    }

    /// <summary>Joins neighbours level by level; one without a neighbour rises as it is. Ends with the two that make the root.</summary>
    private static void Join(ReadOnlySpan<uint> key, Span<uint> nodes, Span<uint> parents, Span<uint> root, Blake3Width width)
    {
        var count = nodes.Length / Blake3Node.Words;
        while (count > 2)
        {
            var pairs = count / 2;
            Many(Blake3Node.Parent, key, MemoryMarshal.AsBytes(nodes[..(pairs * 2 * Blake3Node.Words)]), parents, width);
            if (count % 2 == 1)
            {
                nodes.Slice((count - 1) * Blake3Node.Words, Blake3Node.Words).CopyTo(parents[(pairs * Blake3Node.Words)..]);
            }

            count -= pairs;
            var below = nodes;
            nodes = parents;
            parents = below;
        }

        var last = MemoryMarshal.AsBytes(nodes[..(2 * Blake3Node.Words)]);
        Blake3Kernel.Side<OneLane, uint>(Blake3Node.Parent with { Each = Blake3Node.Parent.Each | Blake3Node.Root }, key, last, 0, root);
    }

    private static void Many(Blake3Node kind, ReadOnlySpan<uint> key, ReadOnlySpan<byte> input, Span<uint> nodes, Blake3Width width)
    {
        var count = input.Length / kind.Length;
        var done = 0;
        if (width >= Blake3Width.Sixteen)
        {
            done = Wide<SixteenLanes, Vector512<uint>>(kind, key, input, nodes, done, count);
        }

        if (width >= Blake3Width.Eight)
        {
            done = Wide<EightLanes, Vector256<uint>>(kind, key, input, nodes, done, count);
        }

        done = Wide<OneLane, uint>(kind, key, input, nodes, done, count);
        Debug.Assert(done == count);
    }

    /// <summary>As many as fill all lanes. What is left then goes once more with some that are done already: that costs less than going alone.</summary>
    private static int Wide<TLanes, TVector>(Blake3Node kind, ReadOnlySpan<uint> key, ReadOnlySpan<byte> input, Span<uint> nodes, int done, int count)
        where TLanes : struct, IBlake3Lanes<TVector>
        where TVector : unmanaged
    {
        var lanes = Blake3Kernel.Lanes<TVector>();
        while (count >= lanes && done < count)
        {
            var first = Math.Min(done, count - lanes);
            Blake3Kernel.Side<TLanes, TVector>(
                kind,
                key,
                input.Slice(first * kind.Length, lanes * kind.Length),
                (uint)first,
                nodes.Slice(first * Blake3Node.Words, lanes * Blake3Node.Words));
            done = first + lanes;
        }

        return done;
    }
}
