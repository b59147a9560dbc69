using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Lodestone.Core;

/// <summary>
/// Buffers for connections. Kestrel's own have 4 KiB, so that a file of 1 GiB costs 262,144 calls into the system each way; with
/// these it costs 16,384 in and 4,096 out. A connection that waits for a request holds none.
/// </summary>
internal sealed class LargeBlockPools : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new LargeBlockPool();
}

/// <summary>Two sizes of pinned blocks, each kept for the next one up to a bound; what is beyond goes to the garbage collector.</summary>
internal sealed class LargeBlockPool : MemoryPool<byte>
{
    private const int Small = 64 * 1024;
    private const int Large = 256 * 1024;

    /// <summary>Bytes of each size.</summary>
    private const int Kept = 32 * 1024 * 1024;

    private readonly Shelf _small = new(Small);
    private readonly Shelf _large = new(Large);

    public override int MaxBufferSize => Large;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, Large);
        return (minBufferSize <= Small ? _small : _large).Rent();
    }

    // Kestrel disposes of a pool while late connections may still return blocks: those are dropped with the shelf.
    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Shelf(int blockSize)
    {
        private readonly ConcurrentQueue<Block> _free = new();

        public Block Rent() => _free.TryDequeue(out var block) ? block : new Block(this, blockSize);

        public void Return(Block block)
        {
            if (_free.Count < Kept / blockSize)
            {
                _free.Enqueue(block);
            }
        }
    }

    private sealed class Block(Shelf shelf, int size) : IMemoryOwner<byte>
    {
        public Memory<byte> Memory { get; } = Pinned(size);

        public void Dispose() => shelf.Return(this);

        private static Memory<byte> Pinned(int size)
        {
            var array = GC.AllocateUninitializedArray<byte>(size, pinned: true);
            return MemoryMarshal.CreateFromPinnedArray(array, 0, array.Length);
        }
    }
}
