using System.Net;
using System.Text;

namespace Lodestone.Tests.Hub;

/// <summary>Writes a database of network addresses as MaxMind's format 2.0 has it: a tree over the bits of IPv6 addresses, records, metadata.</summary>
internal sealed class AddressFile
{
    private const int Nothing = -1;

    // Children of every node, by bit: another node, Nothing, or -2 - offset of a record.
    private readonly List<int[]> _nodes = [[Nothing, Nothing]];
    private readonly List<byte> _records = [];

    /// <summary>A record as the well-known databases have it; what is null is left out.</summary>
    public AddressFile Add(string network, string? country, bool isInEu = false, string? subdivision = null, string? registered = null)
    {
        var record = new Dictionary<string, object>(StringComparer.Ordinal);
        if (country is not null)
        {
            record["country"] = Place(country, isInEu);
        }

        if (registered is not null)
        {
            record["registered_country"] = Place(registered, isInEu);
        }

        if (subdivision is not null)
        {
            record["subdivisions"] = new object[] { Place(subdivision, isInEu: false) };
        }

        var leaf = -2 - _records.Count;
        Write(_records, record);
        Insert(IPNetwork.Parse(network), leaf);
        return this;
    }

    public void Save(string path)
    {
        var file = new List<byte>();
        foreach (var child in _nodes.SelectMany(n => n))
        {
            var value = child >= 0 ? child : child == Nothing ? _nodes.Count : _nodes.Count + 16 + (-2 - child); // 16: the empty bytes before the records count
            file.AddRange((byte)(value >> 16), (byte)(value >> 8), (byte)value);
        }

        file.AddRange(new byte[16]);
        file.AddRange(_records);
        file.AddRange([0xAB, 0xCD, 0xEF, .. "MaxMind.com"u8]);
        Write(file, new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["binary_format_major_version"] = (ushort)2, ["binary_format_minor_version"] = (ushort)0, ["build_epoch"] = 1_767_225_600UL, ["database_type"] = "Test-City",
            ["description"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["en"] = "Test" }, ["ip_version"] = (ushort)6, ["languages"] = new object[] { "en" },
            ["node_count"] = (uint)_nodes.Count, ["record_size"] = (ushort)24,
        });
        File.WriteAllBytes($"{path}.new", file.ToArray());
        File.Move($"{path}.new", path, overwrite: true);
    }

    private static Dictionary<string, object> Place(string code, bool isInEu)
    {
        var place = new Dictionary<string, object>(StringComparer.Ordinal) { ["iso_code"] = code };
        if (isInEu)
        {
            place["is_in_european_union"] = true;
        }

        return place;
    }

    private void Insert(IPNetwork network, int leaf)
    {
        var isShort = network.BaseAddress.AddressFamily is System.Net.Sockets.AddressFamily.InterNetwork;
        var given = network.BaseAddress.GetAddressBytes();
        var bits = isShort ? new byte[12].Concat(given).ToArray() : given;
        var length = isShort ? network.PrefixLength + 96 : network.PrefixLength;
        var node = 0;
        for (var i = 0; i < length; i++)
        {
            var bit = (bits[i / 8] >> (7 - (i % 8))) & 1;
            if (i == length - 1)
            {
                _nodes[node][bit] = leaf;
                return;
            }

            if (_nodes[node][bit] < 0)
            {
                _nodes.Add([Nothing, Nothing]);
                _nodes[node][bit] = _nodes.Count - 1;
            }

            node = _nodes[node][bit];
        }
    }

    private static void Write(List<byte> to, object value)
    {
        switch (value)
        {
            case string text:
                Control(to, 2, Encoding.UTF8.GetByteCount(text));
                to.AddRange(Encoding.UTF8.GetBytes(text));
                break;
            case ushort number:
                Control(to, 5, 2);
                Number(to, number, bytes: 2);
                break;
            case uint number:
                Control(to, 6, 4);
                Number(to, number, bytes: 4);
                break;
            case ulong number:
                Control(to, 9, 8);
                Number(to, number, bytes: 8);
                break;
            case bool flag:
                Control(to, 14, flag ? 1 : 0);
                break;
            case object[] list:
                Control(to, 11, list.Length);
                Array.ForEach(list, item => Write(to, item));
                break;
            case Dictionary<string, object> map:
                Control(to, 7, map.Count);
                foreach (var (name, member) in map)
                {
                    Write(to, name);
                    Write(to, member);
                }

                break;
        }
    }

    private static void Number(List<byte> to, ulong number, int bytes)
    {
        for (var shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        {
            to.Add((byte)(number >> shift));
        }
    }

    /// <summary>Types above seven are said in a second byte; sizes here are below 285.</summary>
    private static void Control(List<byte> to, int type, int size)
    {
        to.Add((byte)(((type > 7 ? 0 : type) << 5) | Math.Min(size, 29)));
        if (type > 7)
        {
            to.Add((byte)(type - 7));
        }

        if (size >= 29)
        {
            to.Add((byte)(size - 29));
        }
    }
}
