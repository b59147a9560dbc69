using System.Buffers.Binary;

namespace Lodestone.Hub;

/// <summary>The checksum that a pack index keeps of each packed entry (IEEE 802.3, as in zlib). Eight bytes at a time, by eight tables.</summary>
internal static class Crc32
{
    private const int Step = 8;
    private static readonly uint[][] Tables = MakeTables();

    /// <param name="crc">The result for the bytes before, zero at the start.</param>
    public static uint Append(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        for (; bytes.Length >= Step; bytes = bytes[Step..])
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = Tables[7][(byte)low] ^ Tables[6][(byte)(low >> 8)] ^ Tables[5][(byte)(low >> 16)] ^ Tables[4][low >> 24]
                ^ Tables[3][(byte)high] ^ Tables[2][(byte)(high >> 8)] ^ Tables[1][(byte)(high >> 16)] ^ Tables[0][high >> 24];
        }

        foreach (var b in bytes)
        {
            crc = Tables[0][(byte)(crc ^ b)] ^ (crc >> 8);
        }

        return ~crc;
    }

    private static uint[][] MakeTables()
    {
        var tables = new uint[Step][];
        for (var n = 0; n < Step; n++)
        {
            tables[n] = new uint[256];
            for (var i = 0u; i < 256; i++)
            {
                tables[n][i] = n == 0 ? OneByte(i) : tables[0][(byte)tables[n - 1][i]] ^ (tables[n - 1][i] >> 8);
            }
        }

        return tables;
    }

    private static uint OneByte(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
        {
            value = (value & 1) == 0 ? value >> 1 : (value >> 1) ^ 0xedb88320;
        }

        return value;
    }
}
