using System.Text.Json;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Engine.Conversion;

/// <summary>
/// What a model answers by its formulas alone: written after Hugging Face's definition of the families, in double precision, from the
/// safetensors files. It shares no code with the conversion.
/// </summary>
internal sealed class ReferenceModel
{
    private readonly Dictionary<string, double[]> _tensors = new(StringComparer.Ordinal);
    private readonly JsonObject _config;
    private readonly int _width;
    private readonly int _heads;
    private readonly int _pairs;
    private readonly int _head;
    private readonly double[] _frequencies;
    private readonly double _attention = 1;

    public ReferenceModel(string folder)
    {
        _config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!.AsObject();
        foreach (var file in Directory.GetFiles(folder, "*.safetensors"))
        {
            Read(File.ReadAllBytes(file));
        }

        (_width, _heads, _pairs) = (Whole("hidden_size"), Whole("num_attention_heads"), Whole("num_key_value_heads"));
        _head = _config["head_dim"]?.GetValue<int>() ?? _width / _heads;
        var theta = _config["rope_theta"]!.GetValue<double>();
        _frequencies = [.. Enumerable.Range(0, _head / 2).Select(i => Math.Pow(theta, -2.0 * i / _head))];
        if (_config["rope_scaling"] is JsonObject scaling)
        {
            _frequencies = Stretched(scaling, theta);
            _attention = scaling["rope_type"]!.ToString() is "yarn" ? 1 + (0.1 * Math.Log(scaling["factor"]!.GetValue<double>())) : 1;
        }
    }

    /// <returns>For each token of the text, a number for each token that may follow.</returns>
    public double[][] Logits(IReadOnlyList<int> tokens)
    {
        var embeddings = _tensors["model.embed_tokens.weight"];
        var states = tokens.Select(token => embeddings[(token * _width)..((token + 1) * _width)]).ToArray();
        for (var layer = 0; layer < Whole("num_hidden_layers"); layer++)
        {
            var at = $"model.layers.{layer}.";
            Attend(states, at);
            foreach (var state in states)
            {
                var seen = Normalised(state, _tensors[$"{at}post_attention_layernorm.weight"]);
                var (gate, up) = (Times($"{at}mlp.gate_proj", seen), Times($"{at}mlp.up_proj", seen));
                Accumulate(state, Times($"{at}mlp.down_proj", [.. gate.Select((g, i) => g / (1 + Math.Exp(-g)) * up[i])]));
            }
        }

        var head = _tensors.ContainsKey("lm_head.weight") ? "lm_head" : "model.embed_tokens";
        return [.. states.Select(state => Times(head, Normalised(state, _tensors["model.norm.weight"])))];
    }

    private void Attend(double[][] states, string at)
    {
        var (keys, values) = (new List<double[]>(), new List<double[]>());
        for (var position = 0; position < states.Length; position++)
        {
            var seen = Normalised(states[position], _tensors[$"{at}input_layernorm.weight"]);
            var queries = Turned(Times($"{at}self_attn.q_proj", seen), $"{at}self_attn.q_norm.weight", position);
            keys.Add(Turned(Times($"{at}self_attn.k_proj", seen), $"{at}self_attn.k_norm.weight", position));
            values.Add(Times($"{at}self_attn.v_proj", seen));
            var gathered = new double[_heads * _head];
            for (var h = 0; h < _heads; h++)
            {
                var from = h / (_heads / _pairs) * _head;
                var scores = keys.Select(key => Enumerable.Range(0, _head).Sum(i => queries[(h * _head) + i] * key[from + i]) / Math.Sqrt(_head)).ToArray();
                var most = scores.Max();
                var weights = scores.Select(score => Math.Exp(score - most)).ToArray();
                for (var i = 0; i < _head; i++)
                {
                    gathered[(h * _head) + i] = weights.Select((w, t) => w * values[t][from + i]).Sum() / weights.Sum();
                }
            }

            states[position] = [.. states[position].Zip(Times($"{at}self_attn.o_proj", gathered), (a, b) => a + b)];
        }
    }

    /// <summary>Every head normalised where the family does so, then turned by its position: number i together with that half a head further.</summary>
    private double[] Turned(double[] rows, string norm, int position)
    {
        var turned = new double[rows.Length];
        for (var start = 0; start < rows.Length; start += _head)
        {
            var one = rows[start..(start + _head)];
            one = _tensors.TryGetValue(norm, out var weight) ? Normalised(one, weight) : one;
            for (var i = 0; i < _head / 2; i++)
            {
                var (cos, sin) = (_attention * Math.Cos(position * _frequencies[i]), _attention * Math.Sin(position * _frequencies[i]));
                turned[start + i] = (one[i] * cos) - (one[i + (_head / 2)] * sin);
                turned[start + i + (_head / 2)] = (one[i + (_head / 2)] * cos) + (one[i] * sin);
            }
        }

        return turned;
    }

    private double[] Stretched(JsonObject scaling, double theta)
    {
        double Of(string name) => scaling[name]!.GetValue<double>();
        var (factor, kind) = (Of("factor"), scaling["rope_type"]!.ToString());
        if (kind is "linear")
        {
            return [.. _frequencies.Select(f => f / factor)];
        }

        var original = Of("original_max_position_embeddings");
        if (kind is "llama3")
        {
            var (low, high) = (Of("low_freq_factor"), Of("high_freq_factor"));
            return [.. _frequencies.Select(f =>
            {
                var turns = original * f / (2 * Math.PI);
                var share = (turns - low) / (high - low);
                return turns > high ? f : turns < low ? f / factor : ((1 - share) * f / factor) + (share * f);
            })];
        }

        double Place(double turns) => _head * Math.Log(original / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
        var (first, last) = (Math.Max(Math.Floor(Place(32)), 0), Math.Min(Math.Ceiling(Place(1)), _head - 1));
        return [.. _frequencies.Select((f, i) => Math.Clamp((i - first) / Math.Max(last - first, 0.001), 0, 1) is var ramp ? (f / factor * ramp) + (f * (1 - ramp)) : 0)];
    }

    private double[] Normalised(double[] state, double[] weight)
    {
        var scale = 1 / Math.Sqrt(state.Average(x => x * x) + _config["rms_norm_eps"]!.GetValue<double>());
        return [.. state.Select((x, i) => x * scale * weight[i])];
    }

    private double[] Times(string name, double[] vector)
    {
        var (weight, bias) = (_tensors[$"{name}.weight"], _tensors.GetValueOrDefault($"{name}.bias"));
        var result = new double[weight.Length / vector.Length];
        for (var row = 0; row < result.Length; row++)
        {
            var sum = bias?[row] ?? 0;
            for (var i = 0; i < vector.Length; i++)
            {
                sum += weight[(row * vector.Length) + i] * vector[i];
            }

            result[row] = sum;
        }

        return result;
    }

    private static void Accumulate(double[] state, double[] more)
    {
        for (var i = 0; i < state.Length; i++)
        {
            state[i] += more[i];
        }
    }

    private void Read(byte[] file)
    {
        var length = (int)BitConverter.ToInt64(file);
        using var head = JsonDocument.Parse(file.AsMemory(8, length));
        foreach (var tensor in head.RootElement.EnumerateObject().Where(t => t.Name is not "__metadata__"))
        {
            var (type, from) = (tensor.Value.GetProperty("dtype").GetString(), 8 + length + tensor.Value.GetProperty("data_offsets")[0].GetInt32());
            var end = 8 + length + tensor.Value.GetProperty("data_offsets")[1].GetInt32();
            var bytes = type is "F32" ? 4 : 2;
            _tensors[tensor.Name] = [.. Enumerable.Range(0, (end - from) / bytes).Select(i => type switch
            {
                "F32" => BitConverter.ToSingle(file, from + (i * 4)),
                "F16" => (double)BitConverter.ToHalf(file, from + (i * 2)),
                _ => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(file, from + (i * 2)) << 16),
            })];
        }
    }

    private int Whole(string name) => _config[name]!.GetValue<int>();
}
