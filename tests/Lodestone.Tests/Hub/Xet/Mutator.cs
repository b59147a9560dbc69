using System.Buffers.Binary;

namespace Lodestone.Tests.Hub.Xet;

/// <summary>Changes bytes in the ways in which programs and attackers get formats wrong. The same seed, the same changes.</summary>
internal sealed class Mutator(Random random)
{
    private const int MostChanges = 4;
    private const int MostLength = 300_000;

    private static readonly uint[] Odd = [0, 1, 7, 8, 47, 48, 0x7F, 0xFF, 8192, 8193, 65_535, 65_536, 131_072, 131_073, 0xFFFFFF, 0x7FFFFFFF, 0x80000000, 0xC0000000, 0xFFFFFFFF];

    /// <param name="donors">Pieces of these may come in.</param>
    public byte[] Change(byte[] original, IReadOnlyList<byte[]> donors)
    {
        var bytes = original;
        for (var changes = random.Next(1, MostChanges + 1); changes > 0; changes--)
        {
            bytes = Once(bytes, donors[random.Next(donors.Count)]);
        }

        return bytes.Length <= MostLength ? bytes : bytes[..MostLength];
    }

    private byte[] Once(byte[] bytes, byte[] donor)
    {
        var at = Place(bytes);
        var length = random.Next(3) == 0 ? 48 : random.Next(1, 200);
        var end = Math.Min(bytes.Length, at + length);
        return random.Next(8) switch
        {
            0 => Put(bytes, at, [(byte)((at < bytes.Length ? bytes[at] : 0) ^ (1 << random.Next(8)))]),
            1 => Put(bytes, at, [(byte)random.Next(256)]),
            2 => Put(bytes, at, Number()),
            3 => [.. bytes[..at], .. bytes[end..]],
            4 => [.. bytes[..end], .. bytes[at..]],
            5 => [.. bytes[..at], .. Piece(donor, length), .. bytes[at..]],
            6 => Put(bytes, at, Piece(donor, length)),
            _ => bytes[..at],
        };
    }

    /// <summary>Mostly early, where headers are.</summary>
    private int Place(byte[] bytes) => random.Next(random.Next(2) == 0 ? Math.Min(bytes.Length, 400) + 1 : bytes.Length + 1);

    private byte[] Number()
    {
        var number = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(number, Odd[random.Next(Odd.Length)]);
        return number[..random.Next(1, number.Length + 1)];
    }

    private byte[] Piece(byte[] donor, int length)
    {
        var start = Place(donor);
        return donor[start..Math.Min(donor.Length, start + length)];
    }

    private static byte[] Put(byte[] bytes, int at, byte[] piece)
    {
        var changed = bytes.ToArray();
        piece.AsSpan(0, Math.Min(piece.Length, changed.Length - at)).CopyTo(changed.AsSpan(at));
        return changed;
    }
}
