using System.Buffers.Binary;

namespace Lodestone.Hub;

/// <summary>
/// Which way a tensor's weights point, in 256 bits. Each bit is the sign of the sum of eight sampled weights less the sum of eight others,
/// at places that follow from the number of weights alone. What all weights have in common falls out of that, so that for tensors
/// that have nothing to do with each other half of the bits agree, whatever their mean; a change of a weight flips few of them.
/// </summary>
internal sealed class SignSketch
{
    public const int Bits = 256;

    /// <summary>Smaller tensors would be sampled more than once at most places.</summary>
    private const long FewestWeights = 4096;

    private const int OfEachSign = 8;
    private const int FewestTelling = Bits * 3 / 4;
    private const int MostKnown = 64;
    private const ulong Seed = 0x9E37_79B9_7F4A_7C15;

    private readonly string _type;
    private readonly int _size; // bytes of a weight
    private readonly Sample[] _samples; // ascending
    private readonly double[] _sums = new double[Bits];
    private int _next;
    private long _read; // bytes

    private SignSketch(string type, int size, Sample[] samples) => (_type, _size, _samples) = (type, size, samples);

    /// <param name="bytes">That the file has of the tensor.</param>
    /// <param name="known">Places by the number of weights, kept from one tensor to the next.</param>
    /// <returns>Null for types that are no floating-point numbers, for vectors, for small tensors, and where the file contradicts itself.</returns>
    public static SignSketch? For(string type, IReadOnlyList<long> shape, long bytes, Dictionary<long, Sample[]> known)
    {
        var count = shape.Aggregate(1L, (product, length) => unchecked(product * length));
        if (SizeOf(type) is not { } size || shape.Count < 2 || count < FewestWeights || bytes % size != 0 || count != bytes / size)
        {
            return null;
        }

        if (!known.TryGetValue(count, out var samples))
        {
            if (known.Count == MostKnown)
            {
                known.Clear();
            }

            known.Add(count, samples = Places(count));
        }

        return new SignSketch(type, size, samples);
    }

    /// <summary>Takes in the next bytes of the tensor: whole weights.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        for (; _next < _samples.Length && ((_samples[_next].Place + 1) * _size) - _read <= bytes.Length; _next++)
        {
            var weight = Read(bytes[(int)((_samples[_next].Place * _size) - _read)..]);
            _sums[_samples[_next].Bit] += !double.IsFinite(weight) ? 0 : _samples[_next].IsAdded ? weight : -weight;
        }

        _read += bytes.Length;
    }

    /// <returns>Null where most sums are zero: an empty tensor points nowhere.</returns>
    public byte[]? Finish()
    {
        if (_sums.Count(s => s is not 0) < FewestTelling)
        {
            return null;
        }

        var bits = new byte[Bits / 8];
        for (var i = 0; i < Bits; i++)
        {
            bits[i / 8] |= (byte)(_sums[i] > 0 ? 1 << (i % 8) : 0);
        }

        return bits;
    }

    private static int? SizeOf(string type) => type switch
    {
        "F64" => 8,
        "F32" => 4,
        "F16" or "BF16" => 2,
        _ => null,
    };

    private double Read(ReadOnlySpan<byte> weight) => _type switch
    {
        "F64" => BinaryPrimitives.ReadDoubleLittleEndian(weight),
        "F32" => BinaryPrimitives.ReadSingleLittleEndian(weight),
        "F16" => (double)BinaryPrimitives.ReadHalfLittleEndian(weight),
        _ => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(weight) << 16), // BF16: the upper half of F32
    };

    private static Sample[] Places(long count)
    {
        var (samples, state) = (new Sample[Bits * OfEachSign * 2], Seed);
        for (var i = 0; i < samples.Length; i++)
        {
            samples[i] = new Sample((long)Math.BigMul(Next(ref state), (ulong)count, out _), i % Bits, i / Bits < OfEachSign);
        }

        Array.Sort(samples, (one, other) => one.Place.CompareTo(other.Place));
        return samples;
    }

    // SplitMix64: the same everywhere and for ever, which the framework's own generators do not promise.
    private static ulong Next(ref ulong state)
    {
        unchecked
        {
            var mixed = state += 0x9E37_79B9_7F4A_7C15;
            mixed = (mixed ^ (mixed >> 30)) * 0xBF58_476D_1CE4_E5B9;
            mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
            return mixed ^ (mixed >> 31);
        }
    }

    /// <param name="Place">Of the weight in the tensor.</param>
    internal readonly record struct Sample(long Place, int Bit, bool IsAdded);
}
