using System.Runtime.InteropServices;
using System.Text;

namespace Lodestone.Tests.Engine;

/// <summary>Makes model files for tests and benchmarks out of another one: its vocabulary with other settings, and its weights or random ones.</summary>
internal sealed class GgufMaker
{
    private const uint KindFloat = 6;
    private const uint KindTruth = 7;
    private const uint KindText = 8;
    private const uint KindList = 9;
    private const uint KindUnsigned = 4;
    private const uint QuantizedEight = 8;
    private const int Alignment = 32;
    private const int Head = 64; // numbers of an attention head

    private readonly OrderedDictionary<string, byte[]> _metadata = new(StringComparer.Ordinal); // kind and value, as in the file
    private readonly List<(string Name, long[] Shape, uint Type, ulong Offset)> _tensors = [];
    private readonly byte[] _weights;

    public GgufMaker(string source)
    {
        using var reader = new BinaryReader(File.OpenRead(source));
        reader.ReadUInt64(); // magic number and version
        var (tensors, pairs) = (reader.ReadUInt64(), reader.ReadUInt64());
        for (var i = 0ul; i < pairs; i++)
        {
            var key = Text(reader);
            var start = reader.BaseStream.Position;
            SkipValue(reader, reader.ReadUInt32());
            var length = (int)(reader.BaseStream.Position - start);
            reader.BaseStream.Position = start;
            _metadata.Add(key, reader.ReadBytes(length));
        }

        for (var i = 0ul; i < tensors; i++)
        {
            var name = Text(reader);
            var shape = new long[reader.ReadUInt32()];
            for (var d = 0; d < shape.Length; d++)
            {
                shape[d] = reader.ReadInt64();
            }

            _tensors.Add((name, shape, reader.ReadUInt32(), reader.ReadUInt64()));
        }

        reader.BaseStream.Position = Aligned(reader.BaseStream.Position);
        _weights = reader.ReadBytes((int)(reader.BaseStream.Length - reader.BaseStream.Position));
    }

    public GgufMaker Set(string key, uint value)
    {
        _metadata[key] = [.. BitConverter.GetBytes(KindUnsigned), .. BitConverter.GetBytes(value)];
        return this;
    }

    public GgufMaker Set(string key, string value)
    {
        var text = Encoding.UTF8.GetBytes(value);
        _metadata[key] = [.. BitConverter.GetBytes(KindText), .. BitConverter.GetBytes((ulong)text.Length), .. text];
        return this;
    }

    public GgufMaker Set(string key, float value)
    {
        _metadata[key] = [.. BitConverter.GetBytes(KindFloat), .. BitConverter.GetBytes(value)];
        return this;
    }

    public GgufMaker Set(string key, bool value)
    {
        _metadata[key] = [.. BitConverter.GetBytes(KindTruth), value ? (byte)1 : (byte)0];
        return this;
    }

    /// <summary>Writes the model with the weights that it came with.</summary>
    public void Write(string path)
    {
        using var writer = new BinaryWriter(File.Create(path));
        WriteHead(writer, _tensors);
        writer.Write(_weights);
    }

    /// <summary>Writes a Llama model of another size with random weights in Q8_0.</summary>
    /// <param name="path">Where.</param>
    /// <param name="width">Numbers of a token's vector, a multiple of 64.</param>
    /// <param name="layers">How many.</param>
    /// <param name="inner">Numbers within a layer's feed-forward part.</param>
    public void WriteRandom(string path, int width, int layers, int inner)
    {
        Set("llama.embedding_length", (uint)width).Set("llama.block_count", (uint)layers).Set("llama.feed_forward_length", (uint)inner);
        Set("llama.attention.head_count", (uint)(width / Head)).Set("llama.attention.head_count_kv", (uint)(width / Head));
        Set("llama.rope.dimension_count", Head);
        _metadata.Remove("llama.attention.key_length");
        _metadata.Remove("llama.attention.value_length");
        WriteRandom(path, LlamaTensors(width, layers, inner, Vocabulary));
    }

    /// <summary>Writes a model that only embeds: BERT's architecture, in which every token sees every other, with random weights.</summary>
    /// <param name="path">Where.</param>
    /// <param name="width">Numbers of a token's vector, a multiple of 64.</param>
    /// <param name="layers">How many.</param>
    /// <param name="context">Tokens of a text at most.</param>
    public void WriteRandomEmbedder(string path, int width, int layers, int context)
    {
        Set("general.architecture", "bert").Set("bert.context_length", (uint)context).Set("bert.embedding_length", (uint)width).Set("bert.block_count", (uint)layers);
        Set("bert.feed_forward_length", (uint)width).Set("bert.attention.head_count", (uint)(width / Head)).Set("bert.attention.layer_norm_epsilon", 1e-5f);
        Set("bert.attention.causal", false).Set("bert.pooling_type", 1u).Set("tokenizer.ggml.token_type_count", 1u);
        _metadata.Remove("tokenizer.chat_template");
        WriteRandom(path, BertTensors(width, layers, context, Vocabulary));
    }

    /// <summary>The same embedder with two more layers that make one number of the first token's vector, or without them.</summary>
    /// <param name="path">Where.</param>
    /// <param name="width">Numbers of a token's vector, a multiple of 64.</param>
    /// <param name="ranks">False: the first token's vector is all.</param>
    public void WriteRandomRanker(string path, int width, bool ranks)
    {
        WriteRandomEmbedder(path, width, layers: 2, context: 256);
        Set("bert.pooling_type", ranks ? 4u : 2u);
        IEnumerable<(string, long[])> head = ranks ? [("cls.weight", [width, width]), ("cls.bias", [width]), ("cls.output.weight", [width, 1]), ("cls.output.bias", [1])] : [];
        WriteRandom(path, BertTensors(width, 2, 256, Vocabulary).Concat(head));
    }

    private long Vocabulary => _tensors.Find(tensor => tensor.Name is "token_embd.weight").Shape[1];

    private void WriteRandom(string path, IEnumerable<(string Name, long[] Shape)> names)
    {
        var tensors = Placed(names);
        var random = new Random(1);
        using var writer = new BinaryWriter(File.Create(path));
        WriteHead(writer, tensors);
        foreach (var (_, shape, type, _) in tensors)
        {
            WriteWeights(writer, random, shape.Aggregate((a, b) => a * b), isQuantized: type is QuantizedEight);
        }
    }

    private static IEnumerable<(string Name, long[] Shape)> BertTensors(long width, int layers, long context, long vocabulary)
    {
        yield return ("token_embd.weight", [width, vocabulary]);
        yield return ("position_embd.weight", [width, context]);
        yield return ("token_embd_norm.weight", [width]);
        yield return ("token_embd_norm.bias", [width]);
        for (var layer = 0; layer < layers; layer++)
        {
            foreach (var name in new[] { "attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down" })
            {
                yield return ($"blk.{layer}.{name}.weight", [width, width]);
            }

            foreach (var name in new[] { "attn_output_norm", "layer_output_norm" })
            {
                yield return ($"blk.{layer}.{name}.weight", [width]);
                yield return ($"blk.{layer}.{name}.bias", [width]);
            }
        }
    }

    private static IEnumerable<(string Name, long[] Shape)> LlamaTensors(long width, int layers, long inner, long vocabulary)
    {
        yield return ("token_embd.weight", [width, vocabulary]);
        yield return ("output_norm.weight", [width]);
        for (var layer = 0; layer < layers; layer++)
        {
            yield return ($"blk.{layer}.attn_norm.weight", [width]);
            yield return ($"blk.{layer}.attn_q.weight", [width, width]);
            yield return ($"blk.{layer}.attn_k.weight", [width, width]);
            yield return ($"blk.{layer}.attn_v.weight", [width, width]);
            yield return ($"blk.{layer}.attn_output.weight", [width, width]);
            yield return ($"blk.{layer}.ffn_norm.weight", [width]);
            yield return ($"blk.{layer}.ffn_gate.weight", [width, inner]);
            yield return ($"blk.{layer}.ffn_up.weight", [width, inner]);
            yield return ($"blk.{layer}.ffn_down.weight", [inner, width]);
        }
    }

    private static List<(string Name, long[] Shape, uint Type, ulong Offset)> Placed(IEnumerable<(string Name, long[] Shape)> names)
    {
        var tensors = new List<(string Name, long[] Shape, uint Type, ulong Offset)>();
        var offset = 0L;
        foreach (var (name, shape) in names)
        {
            var isQuantized = shape.Length > 1;
            tensors.Add((name, shape, isQuantized ? QuantizedEight : 0, (ulong)offset));
            var count = shape.Aggregate((a, b) => a * b);
            offset = Aligned(offset + (isQuantized ? count / 32 * 34 : count * sizeof(float)));
        }

        return tensors;
    }

    private static void WriteWeights(BinaryWriter writer, Random random, long count, bool isQuantized)
    {
        if (!isQuantized)
        {
            writer.Write(MemoryMarshal.AsBytes<float>(Enumerable.Repeat(1f, (int)count).ToArray()));
        }
        else
        {
            var block = new byte[34];
            for (var i = 0L; i < count / 32; i++)
            {
                random.NextBytes(block);
                BitConverter.TryWriteBytes(block, (Half)0.0003f);
                writer.Write(block);
            }
        }

        Pad(writer);
    }

    private void WriteHead(BinaryWriter writer, List<(string Name, long[] Shape, uint Type, ulong Offset)> tensors)
    {
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)_metadata.Count);
        foreach (var (key, value) in _metadata)
        {
            WriteText(writer, key);
            writer.Write(value);
        }

        foreach (var (name, shape, type, offset) in tensors)
        {
            WriteText(writer, name);
            writer.Write((uint)shape.Length);
            writer.Write(MemoryMarshal.AsBytes<long>(shape));
            writer.Write(type);
            writer.Write(offset);
        }

        Pad(writer);
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static string Text(BinaryReader reader) => Encoding.UTF8.GetString(reader.ReadBytes((int)reader.ReadUInt64()));

    private static void SkipValue(BinaryReader reader, uint kind)
    {
        if (kind == KindText)
        {
            Text(reader);
        }
        else if (kind == KindList)
        {
            var element = reader.ReadUInt32();
            for (var left = reader.ReadUInt64(); left > 0; left--)
            {
                SkipValue(reader, element);
            }
        }
        else
        {
            reader.BaseStream.Position += kind switch { 0 or 1 or 7 => 1, 2 or 3 => 2, KindUnsigned or 5 or KindFloat => 4, _ => 8 };
        }
    }

    private static void Pad(BinaryWriter writer) => writer.Write(new byte[Aligned(writer.BaseStream.Position) - writer.BaseStream.Position]);

    private static long Aligned(long position) => (position + Alignment - 1) / Alignment * Alignment;
}
