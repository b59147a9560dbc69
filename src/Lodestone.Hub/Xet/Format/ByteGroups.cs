using System.Buffers.Binary;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Lodestone.Hub;

/// <summary>
/// Puts the bytes of numbers of four bytes into four groups, first bytes first: exponents of weights are alike and then lie
/// together, where they compress. Of a length that is no multiple of four, the first groups have a byte more.
/// </summary>
internal static class ByteGroups
{
    private const int Count = 4;

    public static void Split(ReadOnlySpan<byte> content, Span<byte> grouped)
    {
        var at = 0;
        for (var group = 0; group < Count; group++)
        {
            for (var i = group; i < content.Length; i += Count)
            {
                grouped[at++] = content[i];
            }
        }
    }

    public static void Join(ReadOnlySpan<byte> grouped, Span<byte> content)
    {
        var whole = content.Length / Count;
        var more = content.Length % Count;
        var first = grouped[..Length(0)];
        var second = grouped.Slice(first.Length, Length(1));
        var third = grouped.Slice(first.Length + second.Length, Length(2));
        var fourth = grouped[(first.Length + second.Length + third.Length)..];
        for (var i = JoinSide(first, second, third, fourth, whole, content); i < whole; i++)
        {
            var number = first[i] | ((uint)second[i] << 8) | ((uint)third[i] << 16) | ((uint)fourth[i] << 24);
            BinaryPrimitives.WriteUInt32LittleEndian(content[(i * Count)..], number);
        }

        for (var i = 0; i < more; i++)
        {
            content[(whole * Count) + i] = i == 0 ? first[whole] : i == 1 ? second[whole] : third[whole];
        }

        int Length(int group) => whole + (group < more ? 1 : 0);
    }

    /// <summary>Sixteen numbers at a time, as long as there are so many: first and third bytes are zipped, second and fourth, then both.</summary>
    /// <returns>How many numbers were joined.</returns>
    private static int JoinSide(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, ReadOnlySpan<byte> fourth, int count, Span<byte> content)
    {
        var done = 0;
        if (!Sse2.IsSupported && !AdvSimd.Arm64.IsSupported)
        {
            return done;
        }

        for (var width = Vector128<byte>.Count; done + width <= count; done += width)
        {
            var (a, b) = (Vector128.Create(first.Slice(done, width)), Vector128.Create(second.Slice(done, width)));
            var (c, d) = (Vector128.Create(third.Slice(done, width)), Vector128.Create(fourth.Slice(done, width)));
            var (evenLow, evenHigh) = (ZipLow(a, c), ZipHigh(a, c));
            var (oddLow, oddHigh) = (ZipLow(b, d), ZipHigh(b, d));
            var numbers = content.Slice(done * Count, width * Count);
            ZipLow(evenLow, oddLow).CopyTo(numbers);
            ZipHigh(evenLow, oddLow).CopyTo(numbers[width..]);
            ZipLow(evenHigh, oddHigh).CopyTo(numbers[(2 * width)..]);
            ZipHigh(evenHigh, oddHigh).CopyTo(numbers[(3 * width)..]);
        }

        return done;
    }

    private static Vector128<byte> ZipLow(Vector128<byte> left, Vector128<byte> right) =>
        Sse2.IsSupported ? Sse2.UnpackLow(left, right) : AdvSimd.Arm64.ZipLow(left, right);

    private static Vector128<byte> ZipHigh(Vector128<byte> left, Vector128<byte> right) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(left, right) : AdvSimd.Arm64.ZipHigh(left, right);
}
