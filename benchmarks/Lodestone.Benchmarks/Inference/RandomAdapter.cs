using System.Runtime.InteropServices;
using System.Text;

namespace Lodestone.Benchmarks.Inference;

/// <summary>A GGUF adapter of small random numbers, for every projection of a Llama model's attention.</summary>
internal static class RandomAdapter
{
    private const int Alignment = 32;

    private static readonly string[] Projections = ["attn_q", "attn_k", "attn_v", "attn_output"];

    public static void Write(string path, long width, int layers, long rank, int seed)
    {
        var tensors = Enumerable.Range(0, layers).SelectMany(layer => Projections.SelectMany(name => new[] { ($"blk.{layer}.{name}.weight.lora_a", width, rank), ($"blk.{layer}.{name}.weight.lora_b", rank, width) })).ToList();
        using var writer = new BinaryWriter(File.Create(path));
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write(4ul);
        Pair(writer, "general.architecture", "llama");
        Pair(writer, "general.type", "adapter");
        Pair(writer, "adapter.type", "lora");
        Text(writer, "adapter.lora.alpha");
        writer.Write(6u); // a float
        writer.Write((float)rank);
        var offset = 0L;
        foreach (var (name, columns, rows) in tensors)
        {
            Text(writer, name);
            writer.Write(2u);
            writer.Write(columns);
            writer.Write(rows);
            writer.Write(0u); // F32
            writer.Write(offset);
            offset += columns * rows * sizeof(float); // a multiple of the alignment
        }

        writer.Write(new byte[(Alignment - (writer.BaseStream.Position % Alignment)) % Alignment]);
        var random = new Random(seed);
        foreach (var (_, columns, rows) in tensors)
        {
            writer.Write(MemoryMarshal.AsBytes<float>(Enumerable.Range(0, (int)(columns * rows)).Select(_ => (float)(0.02 * (random.NextDouble() - 0.5))).ToArray()));
        }
    }

    private static void Pair(BinaryWriter writer, string key, string value)
    {
        Text(writer, key);
        writer.Write(8u); // a text
        Text(writer, value);
    }

    private static void Text(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}
