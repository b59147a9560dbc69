using System.Buffers.Binary;

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
        for (var i = 0; i < whole; i++)
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
}
