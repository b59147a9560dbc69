namespace Lodestone.Hub;

/// <summary>The checksum that a pack index keeps of each packed entry (IEEE 802.3, as in zlib).</summary>
internal static class Crc32
{
    private static readonly uint[] Table = MakeTable();

    /// <param name="crc">The result for the bytes before, zero at the start.</param>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        foreach (var b in bytes)
        {
            crc = Table[(byte)(crc ^ b)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint[] MakeTable()
    {
        var table = new uint[256];
        for (var i = 0u; i < table.Length; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ 0xedb88320;
            }

            table[i] = value;
        }

        return table;
    }
}
