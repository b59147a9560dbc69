using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Lodestone.Hub;

/// <summary>The few operations that BLAKE3 is made of, on all lanes at once.</summary>
internal interface IBlake3Lanes<TVector>
    where TVector : unmanaged
{
    static abstract TVector All(uint value);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    static abstract TVector RotateRight16(TVector a);

    static abstract TVector RotateRight12(TVector a);

    static abstract TVector RotateRight8(TVector a);

    static abstract TVector RotateRight7(TVector a);

    /// <summary>The lower halves, one lane of a and one of b by turns.</summary>
    static abstract TVector ZipLow(TVector a, TVector b);

    static abstract TVector ZipHigh(TVector a, TVector b);
}

/// <summary>For any processor, and for what is too little to fill lanes.</summary>
internal readonly struct OneLane : IBlake3Lanes<uint>
{
    public static uint All(uint value) => value;

    public static uint Add(uint a, uint b) => a + b;

    public static uint Xor(uint a, uint b) => a ^ b;

    public static uint RotateRight16(uint a) => BitOperations.RotateRight(a, 16);

    public static uint RotateRight12(uint a) => BitOperations.RotateRight(a, 12);

    public static uint RotateRight8(uint a) => BitOperations.RotateRight(a, 8);

    public static uint RotateRight7(uint a) => BitOperations.RotateRight(a, 7);

    public static uint ZipLow(uint a, uint b) => throw new UnreachableException();

    public static uint ZipHigh(uint a, uint b) => throw new UnreachableException();
}

/// <summary>AVX2.</summary>
internal readonly struct EightLanes : IBlake3Lanes<Vector256<uint>>
{
    private const byte LowHalves = 0x20;
    private const byte HighHalves = 0x31;

    public static Vector256<uint> All(uint value) => Vector256.Create(value);

    public static Vector256<uint> Add(Vector256<uint> a, Vector256<uint> b) => a + b;

    public static Vector256<uint> Xor(Vector256<uint> a, Vector256<uint> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> RotateRight16(Vector256<uint> a) => Avx2.Shuffle(a.AsByte(), Vector256.Create(
        (byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)).AsUInt32();

    public static Vector256<uint> RotateRight12(Vector256<uint> a) => (a >> 12) | (a << 20);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> RotateRight8(Vector256<uint> a) => Avx2.Shuffle(a.AsByte(), Vector256.Create(
        (byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)).AsUInt32();

    public static Vector256<uint> RotateRight7(Vector256<uint> a) => (a >> 7) | (a << 25);

    public static Vector256<uint> ZipLow(Vector256<uint> a, Vector256<uint> b) =>
        Avx2.Permute2x128(Avx2.UnpackLow(a, b), Avx2.UnpackHigh(a, b), LowHalves);

    public static Vector256<uint> ZipHigh(Vector256<uint> a, Vector256<uint> b) =>
        Avx2.Permute2x128(Avx2.UnpackLow(a, b), Avx2.UnpackHigh(a, b), HighHalves);
}

/// <summary>AVX-512.</summary>
internal readonly struct SixteenLanes : IBlake3Lanes<Vector512<uint>>
{
    public static Vector512<uint> All(uint value) => Vector512.Create(value);

    public static Vector512<uint> Add(Vector512<uint> a, Vector512<uint> b) => a + b;

    public static Vector512<uint> Xor(Vector512<uint> a, Vector512<uint> b) => a ^ b;

    public static Vector512<uint> RotateRight16(Vector512<uint> a) => Avx512F.RotateRight(a, 16);

    public static Vector512<uint> RotateRight12(Vector512<uint> a) => Avx512F.RotateRight(a, 12);

    public static Vector512<uint> RotateRight8(Vector512<uint> a) => Avx512F.RotateRight(a, 8);

    public static Vector512<uint> RotateRight7(Vector512<uint> a) => Avx512F.RotateRight(a, 7);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> ZipLow(Vector512<uint> a, Vector512<uint> b) =>
        Avx512F.PermuteVar16x32x2(a, Vector512.Create(0u, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> ZipHigh(Vector512<uint> a, Vector512<uint> b) =>
        Avx512F.PermuteVar16x32x2(a, Vector512.Create(8u, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), b);
}
