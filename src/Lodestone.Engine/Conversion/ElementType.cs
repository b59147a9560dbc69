using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Lodestone.Engine.Conversion;

/// <summary>How a weight is stored. The values are ggml's numbers for the types.</summary>
internal enum ElementType
{
    F32 = 0,
    F16 = 1,
    BF16 = 30,
}

internal static class ElementTypes
{
    private const float LargestHalf = 65504;

    public static int Bytes(this ElementType type) => type is ElementType.F32 ? 4 : 2;

    /// <returns>Null: safetensors has such a type, or not; it is not converted.</returns>
    public static ElementType? Parse(string? name) => name switch
    {
        "F32" => ElementType.F32,
        "F16" => ElementType.F16,
        "BF16" => ElementType.BF16,
        _ => null,
    };

    /// <summary>llama.cpp's number for a file of which most tensors have the type.</summary>
    public static uint FileType(this ElementType type) => type switch
    {
        ElementType.F32 => 0,
        ElementType.F16 => 1,
        _ => 32,
    };

    /// <param name="source">Little-endian, as both formats have it.</param>
    /// <param name="target">As many elements.</param>
    /// <exception cref="EngineFault">A number is too large for the target's type.</exception>
    public static void Convert(ReadOnlySpan<byte> source, ElementType from, Span<byte> target, ElementType to)
    {
        if (from == to)
        {
            source.CopyTo(target);
            return;
        }

        var count = source.Length / from.Bytes();
        for (var i = 0; i < count; i++)
        {
            Write(target, i, to, Read(source, i, from));
        }
    }

    public static float Read(ReadOnlySpan<byte> source, int index, ElementType type) => type switch
    {
        ElementType.F32 => BinaryPrimitives.ReadSingleLittleEndian(source[(index * 4)..]),
        ElementType.F16 => (float)BinaryPrimitives.ReadHalfLittleEndian(source[(index * 2)..]),
        _ => BitConverter.UInt32BitsToSingle((uint)MemoryMarshal.Read<ushort>(source[(index * 2)..]) << 16),
    };

    private static void Write(Span<byte> target, int index, ElementType type, float value)
    {
        switch (type)
        {
            case ElementType.F32:
                BinaryPrimitives.WriteSingleLittleEndian(target[(index * 4)..], value);
                break;
            case ElementType.F16 when float.IsFinite(value) && MathF.Abs(value) > LargestHalf:
                throw new EngineFault($"A weight is {value}, which F16 cannot hold. Convert to BF16 or F32.");
            case ElementType.F16:
                BinaryPrimitives.WriteHalfLittleEndian(target[(index * 2)..], (Half)value);
                break;
            default:
                BinaryPrimitives.WriteUInt16LittleEndian(target[(index * 2)..], ToBrain(value));
                break;
        }
    }

    /// <summary>The upper half of the number, rounded to the nearest, of two as near to the even one.</summary>
    private static ushort ToBrain(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return float.IsNaN(value) ? (ushort)((bits >> 16) | 0x40) : (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
