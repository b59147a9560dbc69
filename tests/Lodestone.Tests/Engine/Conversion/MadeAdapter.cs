using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Lodestone.Tests.Engine.Conversion;

/// <summary>A random adapter of some matrices, as PEFT saves one, and what it adds to them.</summary>
internal sealed class MadeAdapter
{
    private const int Rank = 4;
    private const int Alpha = 8;

    private readonly List<(string Name, long[] Shape, byte[] Numbers)> _tensors = [];

    /// <param name="projections">What it changes, as PEFT calls it, and the sizes.</param>
    /// <param name="seed">Makes another adapter.</param>
    /// <param name="rootScaled">Scaled by the rank's root.</param>
    public MadeAdapter(IEnumerable<(string Name, int Rows, int Columns)> projections, int seed, bool rootScaled = false)
    {
        var random = new Random(seed);
        Config = JsonNode.Parse($$"""
            {"peft_type": "LORA", "r": {{Rank}}, "lora_alpha": {{Alpha}}, "bias": "none", "use_rslora": {{(rootScaled ? "true" : "false")}}, "use_dora": false, "fan_in_fan_out": false,
             "modules_to_save": null, "alpha_pattern": {}, "rank_pattern": {}, "target_modules": ["q_proj", "v_proj"], "base_model_name_or_path": "acme/compass", "task_type": "CAUSAL_LM"}
            """)!.AsObject();
        foreach (var (name, rows, columns) in projections)
        {
            var (a, b) = (Numbers(random, Rank * columns), Numbers(random, rows * Rank));
            Put($"{name}.lora_A.weight", [Rank, columns], a);
            Put($"{name}.lora_B.weight", [rows, Rank], b);
            Changes[name] = Product(a, b, rows, columns, rootScaled ? Alpha / Math.Sqrt(Rank) : Alpha / (double)Rank);
        }
    }

    public JsonObject Config { get; }

    /// <summary>What is added to each matrix.</summary>
    public Dictionary<string, double[]> Changes { get; } = new(StringComparer.Ordinal);

    /// <summary>Those of the demo's models.</summary>
    public static IEnumerable<(string Name, int Rows, int Columns)> OfCompass =>
        Enumerable.Range(0, 6).SelectMany(layer => new[] { ("q", 192, 192), ("k", 64, 192), ("v", 64, 192) }.Select(p => ($"model.layers.{layer}.self_attn.{p.Item1}_proj", p.Item2, p.Item3)));

    public MadeAdapter Put(string tensor, long[] shape, float[] numbers)
    {
        _tensors.Add(($"base_model.model.{tensor}", shape, MemoryMarshal.AsBytes<float>(numbers).ToArray()));
        return this;
    }

    public string Save(string path)
    {
        MadeModel.SaveWeights(path, "F32", _tensors);
        return path;
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(0.7 * (random.NextDouble() - 0.5)))];

    private static double[] Product(float[] a, float[] b, int rows, int columns, double scale)
    {
        var product = new double[rows * columns];
        for (var i = 0; i < product.Length; i++)
        {
            for (var rank = 0; rank < Rank; rank++)
            {
                product[i] += scale * b[(i / columns * Rank) + rank] * a[(rank * columns) + (i % columns)];
            }
        }

        return product;
    }
}
