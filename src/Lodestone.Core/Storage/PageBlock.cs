using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Lodestone.Core;

/// <summary>A mebibyte of memory that begins where a page does, as <see cref="DirectWrites"/> want it. Kept for the next one.</summary>
internal sealed class PageBlock : IDisposable
{
    public const int Size = 1024 * 1024;

    private const int MostKept = 16;

    private static readonly ConcurrentBag<Memory<byte>> Kept = [];

    private PageBlock(Memory<byte> memory) => Memory = memory;

    public Memory<byte> Memory { get; }

    public static PageBlock Rent() => new(Kept.TryTake(out var memory) ? memory : Allocate());

    public void Dispose()
    {
        if (Kept.Count < MostKept)
        {
            Kept.Add(Memory);
        }
    }

    private static Memory<byte> Allocate()
    {
        var array = GC.AllocateUninitializedArray<byte>(Size + DirectWrites.Unit, pinned: true);
        var past = (int)(Marshal.UnsafeAddrOfPinnedArrayElement(array, 0) % DirectWrites.Unit);
        return MemoryMarshal.CreateFromPinnedArray(array, past == 0 ? 0 : DirectWrites.Unit - past, Size);
    }
}
