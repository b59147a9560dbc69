using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Engine.Conversion;

/// <summary>A small model with random weights, as Hugging Face's libraries save one.</summary>
internal sealed class MadeModel : IDisposable
{
    public const int Vocabulary = 288;

    private readonly Random _random = new(7);
    private readonly List<(string Name, long[] Shape, byte[] Numbers)> _tensors = [];
    private readonly string _type;

    /// <param name="className">Under <c>architectures</c>.</param>
    /// <param name="type">Of all tensors, as safetensors names it.</param>
    /// <param name="more">Settings that the others give way to.</param>
    public MadeModel(string className, string type, JsonObject? more = null)
    {
        _type = type;
        Config = JsonNode.Parse($$"""
            {"architectures": ["{{className}}"], "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2,
             "vocab_size": {{Vocabulary}}, "max_position_embeddings": 128, "rms_norm_eps": 1e-6, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": false, "eos_token_id": 260, "bos_token_id": 260}
            """)!.AsObject();
        foreach (var (key, value) in more ?? [])
        {
            Config[key] = value?.DeepClone();
        }

        Folder = Directory.CreateTempSubdirectory("lodestone-model-").FullName;
        Tokenizer = Bytes("""{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}""");
        MakeTensors();
    }

    public string Folder { get; }

    public JsonObject Config { get; }

    public JsonObject? Tokenizer { get; set; }

    public string this[string file] => Path.Combine(Folder, file);

    /// <summary>Writes everything, the weights in one file or in several.</summary>
    public MadeModel Save(int files = 1)
    {
        File.WriteAllText(this["config.json"], Config.ToJsonString());
        if (Tokenizer is not null)
        {
            File.WriteAllText(this["tokenizer.json"], Tokenizer.ToJsonString());
        }

        if (files == 1)
        {
            SaveWeights(this["model.safetensors"], _type, _tensors);
            return this;
        }

        var map = new JsonObject();
        foreach (var (i, some) in _tensors.Chunk((_tensors.Count + files - 1) / files).Index())
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:00000}-of-{files:00000}.safetensors");
            SaveWeights(this[name], _type, some);
            Array.ForEach(some, t => map[t.Name] = name);
        }

        File.WriteAllText(this["model.safetensors.index.json"], new JsonObject { ["weight_map"] = map }.ToJsonString());
        return this;
    }

    /// <summary>The matrices that adapters change, by the names that PEFT gives them.</summary>
    public IReadOnlyList<(string Name, int Rows, int Columns)> Projections =>
        [.. _tensors.Where(t => t.Name.EndsWith("_proj.weight", StringComparison.Ordinal)).Select(t => (t.Name[..^".weight".Length], (int)t.Shape[0], (int)t.Shape[1]))];

    /// <summary>Adds to the numbers of a tensor in F32.</summary>
    public void Add(string tensor, IReadOnlyList<double> numbers)
    {
        var target = MemoryMarshal.Cast<byte, float>(_tensors.Find(t => t.Name == tensor).Numbers.AsSpan());
        for (var i = 0; i < target.Length; i++)
        {
            target[i] = (float)(target[i] + numbers[i]);
        }
    }

    public void Remove(string tensor) => _tensors.RemoveAll(t => t.Name == tensor);

    public void Add(string tensor, params long[] shape) => _tensors.Add((tensor, shape, Numbers(shape, 1, 0)));

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>A tokenizer of single bytes and a few merges.</summary>
    /// <param name="splitting">The step before, or steps, as JSON.</param>
    public static JsonObject Bytes(string splitting)
    {
        var vocabulary = new JsonObject();
        var id = 0;
        for (var value = 0; value < 256; value++)
        {
            vocabulary[Letter(value)] = id++;
        }

        foreach (var merged in new[] { "12", "123", "\u0120a" })
        {
            vocabulary[merged] = id++;
        }

        return JsonNode.Parse($$"""
            {"added_tokens": [{"id": 260, "content": "<|end|>", "special": true}, {"id": 261, "content": "<tool>", "special": false}],
             "normalizer": null, "pre_tokenizer": {{splitting}}, "model": {"type": "BPE", "vocab": {{vocabulary.ToJsonString()}}, "merges": ["1 2", ["12", "3"], "\u0120 a"] } }
            """)!.AsObject();
    }

    // GPT-2's letters for bytes: themselves where they can be seen, else those from 256 on.
    private static string Letter(int value)
    {
        static bool IsSeen(int b) => b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        return ((char)(IsSeen(value) ? value : 256 + Enumerable.Range(0, value).Count(b => !IsSeen(b)))).ToString();
    }

    private int Of(string name) => Config[name]!.GetValue<int>();

    private bool Is(string name) => Config[name]?.GetValue<bool>() is true;

    private void MakeTensors()
    {
        var (width, inner, heads, pairs) = (Of("hidden_size"), Of("intermediate_size"), Of("num_attention_heads"), Of("num_key_value_heads"));
        var head = Config["head_dim"]?.GetValue<int>() ?? width / heads;
        var className = Config["architectures"]![0]!.ToString();
        Matrix("model.embed_tokens.weight", Of("vocab_size"), width);
        for (var layer = 0; layer < Of("num_hidden_layers"); layer++)
        {
            var at = $"model.layers.{layer}.";
            Norm($"{at}input_layernorm.weight", width);
            foreach (var (name, rows) in new[] { ("q", heads * head), ("k", pairs * head), ("v", pairs * head) })
            {
                Matrix($"{at}self_attn.{name}_proj.weight", rows, width);
                if (className is "Qwen2ForCausalLM" || Is("attention_bias"))
                {
                    _tensors.Add(($"{at}self_attn.{name}_proj.bias", [rows], Numbers([rows], 0.5, 0)));
                }
            }

            Matrix($"{at}self_attn.o_proj.weight", width, heads * head);
            if (Is("attention_bias") && className is not "Qwen2ForCausalLM")
            {
                _tensors.Add(($"{at}self_attn.o_proj.bias", [width], Numbers([width], 0.5, 0)));
            }

            if (className is "Qwen3ForCausalLM")
            {
                Norm($"{at}self_attn.q_norm.weight", head);
                Norm($"{at}self_attn.k_norm.weight", head);
            }

            Norm($"{at}post_attention_layernorm.weight", width);
            Matrix($"{at}mlp.gate_proj.weight", inner, width);
            Matrix($"{at}mlp.up_proj.weight", inner, width);
            Matrix($"{at}mlp.down_proj.weight", width, inner);
        }

        Norm("model.norm.weight", width);
        if (!Is("tie_word_embeddings"))
        {
            Matrix("lm_head.weight", Of("vocab_size"), width);
        }
    }

    private void Matrix(string name, long rows, long columns) => _tensors.Add((name, [rows, columns], Numbers([rows, columns], 2 / Math.Sqrt(columns), 0)));

    private void Norm(string name, long length) => _tensors.Add((name, [length], Numbers([length], 0.3, 1)));

    private byte[] Numbers(long[] shape, double spread, double middle)
    {
        var count = (int)shape.Aggregate(1L, (a, b) => a * b);
        var bytes = new byte[count * (_type is "F32" ? 4 : 2)];
        for (var i = 0; i < count; i++)
        {
            var value = (float)(middle + (spread * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble())));
            switch (_type)
            {
                case "F32":
                    BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * 4), value);
                    break;
                case "F16":
                    BinaryPrimitives.WriteHalfLittleEndian(bytes.AsSpan(i * 2), (Half)value);
                    break;
                default:
                    BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(i * 2), (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16));
                    break;
            }
        }

        return bytes;
    }

    public static void SaveWeights(string path, string type, IReadOnlyList<(string Name, long[] Shape, byte[] Numbers)> tensors)
    {
        var (head, at) = (new JsonObject { ["__metadata__"] = new JsonObject { ["format"] = "pt" } }, 0L);
        foreach (var (name, shape, numbers) in tensors)
        {
            head[name] = new JsonObject { ["dtype"] = type, ["shape"] = new JsonArray([.. shape.Select(d => (JsonNode)d)]), ["data_offsets"] = new JsonArray(at, at + numbers.Length) };
            at += numbers.Length;
        }

        using var writer = new BinaryWriter(File.Create(path));
        var text = Encoding.UTF8.GetBytes(head.ToJsonString());
        writer.Write((long)text.Length);
        writer.Write(text);
        foreach (var tensor in tensors)
        {
            writer.Write(tensor.Numbers);
        }
    }
}
