using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Lodestone.Tests.Hub.Xet;

/// <summary>What the JavaScript client's own packages compute and send. See <c>Vectors/</c>.</summary>
internal static class XetVectors
{
    private static readonly Lazy<JsonElement> Hashes = new(() => JsonDocument.Parse(Read("xet-hash-vectors.json")).RootElement);

    public static JsonElement Hmac => Hashes.Value.GetProperty("hmac");

    public static IEnumerable<JsonElement> Files => Hashes.Value.GetProperty("files").EnumerateArray();

    public static IEnumerable<JsonElement> Trees => Hashes.Value.GetProperty("merkle").EnumerateArray();

    public static byte[] Read(string name, [CallerFilePath] string here = "") => File.ReadAllBytes(Path.Combine(Path.GetDirectoryName(here)!, "Vectors", name));

    /// <summary>A vector's file.</summary>
    public static byte[] Content(JsonElement file)
    {
        var size = file.GetProperty("size").GetInt32();
        if (file.GetProperty("kind").GetString() == "splitmix64")
        {
            return SplitMix(file.GetProperty("seed").GetUInt64(), size);
        }

        var bytes = new byte[size];
        Array.Fill(bytes, file.GetProperty("byte").GetByte());
        return bytes;
    }

    public static byte[] SplitMix(ulong seed, int size)
    {
        var bytes = new byte[size + sizeof(ulong)];
        for (var i = 0; i < size; i += sizeof(ulong))
        {
            seed += 0x9E3779B97F4A7C15;
            var z = seed;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i), z ^ (z >> 31));
        }

        return bytes[..size];
    }
}
