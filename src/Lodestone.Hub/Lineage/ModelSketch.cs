using System.Globalization;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Lodestone.Hub;

/// <summary>
/// The sketches of up to 64 of a model's tensors, which follow from names and shapes alone, so that two models of one architecture have
/// those of the same. Of models with numbered layers, only tensors of layers: fine-tuning may add words, and the shape of what holds words changes.
/// </summary>
internal sealed class ModelSketch
{
    /// <summary>In thousandths. Weights w + n, with noise n as large as w, come to 500; what training alone changes is far less. See docs/api/lineage.md.</summary>
    public const int LeastSimilarity = 500;

    private const int MostTensors = 64;
    private const int FewestTensors = 4;

    private readonly SortedDictionary<string, byte[]> _ofLayers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, byte[]> _all = new(StringComparer.Ordinal);

    private SortedDictionary<string, byte[]> Chosen => _ofLayers.Count > 0 ? _ofLayers : _all;

    /// <summary>Which tensors it is of; empty when they are too few to say anything.</summary>
    public string Layout => Chosen.Count < FewestTensors ? "" : Hash(string.Concat(Chosen.Keys));

    public byte[] Bits => Chosen.Count < FewestTensors ? [] : [.. Chosen.Values.SelectMany(b => b)];

    public void Add(string name, IReadOnlyList<long> shape, byte[] bits)
    {
        var key = Hash(string.Create(CultureInfo.InvariantCulture, $"{name} {string.Join('x', shape)}"));
        Keep(_all, key, bits);
        if (name.Any(char.IsAsciiDigit))
        {
            Keep(_ofLayers, key, bits);
        }
    }

    /// <summary>In thousandths: 1000 for the same weights, about 0 for weights that have nothing to do with each other, and less for opposite ones.</summary>
    public static int Similarity(byte[] one, byte[] other)
    {
        if (one.Length != other.Length || one.Length == 0)
        {
            return 0;
        }

        var a = MemoryMarshal.Cast<byte, ulong>(one);
        var b = MemoryMarshal.Cast<byte, ulong>(other);
        var differing = 0;
        for (var i = 0; i < a.Length; i++)
        {
            differing += BitOperations.PopCount(a[i] ^ b[i]);
        }

        return 1000 - (2000 * differing / (one.Length * 8));
    }

    // The lowest keys: a sample that does not depend on the order in which tensors come.
    private static void Keep(SortedDictionary<string, byte[]> tensors, string key, byte[] bits)
    {
        tensors[key] = bits;
        if (tensors.Count > MostTensors)
        {
            tensors.Remove(tensors.Keys.Last());
        }
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
