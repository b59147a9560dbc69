using System.Runtime.InteropServices;
using Lodestone.Hub;

namespace Lodestone.Tests.Hub;

/// <summary>What a sketch says of weights with noise, which stand for fine-tunes, and of models that have nothing to do with each other.</summary>
[NoDatabase]
public sealed class SignSketchTests
{
    private const int Tensors = 16;

    /// <summary>Of w + e·n with n like w, the angle between is arctan(e), and as many bits differ as that is of 180°: 1 - 2·arctan(e)/π.</summary>
    [Theory]
    [InlineData(0f, 1000, 1000)]
    [InlineData(0.01f, 985, 1000)]
    [InlineData(0.1f, 910, 960)]
    [InlineData(0.3f, 775, 855)]
    [InlineData(0.5f, 655, 755)]
    [InlineData(1f, 440, 560)]
    [InlineData(3f, 140, 270)]
    public void Noise_turns_a_sketch_as_far_as_it_turns_the_weights(float noise, int least, int most)
    {
        for (var seed = 0; seed < 5; seed++)
        {
            var similarity = ModelSketch.Similarity(Sketch(seed, 0), Sketch(seed, noise));

            Assert.True(similarity >= least && similarity <= most, $"noise {noise}, seed {seed}: {similarity}");
        }
    }

    [Fact]
    public void Models_that_have_nothing_to_do_with_each_other_are_far_below_the_threshold()
    {
        var sketches = Enumerable.Range(0, 40).Select(seed => Sketch(1000 + seed, 0, mean: seed % 4, isPositive: seed % 2 == 0)).ToList();

        var found = sketches.SelectMany((one, i) => sketches.Skip(i + 1).Select(other => ModelSketch.Similarity(one, other))).ToList();

        Assert.True(found.Max() < 100 && found.Min() > -100, $"{found.Min()} to {found.Max()} of {found.Count} pairs");
        Assert.True(Math.Abs(found.Average()) < 5, $"{found.Average()} on average");
    }

    [Fact]
    public void Another_type_of_number_is_the_same_sketch_and_few_tensors_are_none()
    {
        var weights = SketchedWeights.Of(64 * 100, 7);
        var (whole, half) = (One("F32", weights.Length, SketchedWeights.Bytes(weights)), One("BF16", weights.Length, SketchedWeights.Halves(weights)));
        var few = new ModelSketch();
        few.Add("a", [64, 100], whole!);

        Assert.True(ModelSketch.Similarity(whole!, half!) > 950);
        Assert.Equal(("", 0), (few.Layout, few.Bits.Length));
        Assert.Null(One("F32", 64 * 64, new byte[4 * 64 * 64]));
        Assert.Null(One("I8", 64 * 64, new byte[64 * 64]));
        Assert.Null(SignSketch.For("F32", [1L << 40, 1L << 40], 4 * 64 * 64, []));
        Assert.Equal(0, ModelSketch.Similarity(whole!, []));
    }

    [Fact]
    public void Words_that_were_added_change_nothing_where_there_are_layers()
    {
        var (one, other) = (new ModelSketch(), new ModelSketch());
        foreach (var (sketch, words) in new[] { (one, 100L), (other, 108L) })
        {
            foreach (var i in Enumerable.Range(0, 100).OrderBy(i => words == 100 ? i : -i))
            {
                sketch.Add($"layers.{i}.w", [64, 64], [.. BitConverter.GetBytes(i), .. new byte[28]]);
            }

            sketch.Add("embed", [words, 64], new byte[32]);
        }

        Assert.Equal((one.Layout, 64 * 32, 1000), (other.Layout, other.Bits.Length, ModelSketch.Similarity(one.Bits, other.Bits)));
    }

    private static byte[] Sketch(int seed, float noise, float mean = 0, bool isPositive = false)
    {
        var model = new ModelSketch();
        for (var i = 0; i < Tensors; i++)
        {
            var weights = SketchedWeights.With(SketchedWeights.Of(64 * 80, (seed * 100) + i), noise, seed: (seed * 100) + i + 50);
            model.Add($"layers.{i}.w", [64, 80], One("F32", weights.Length, SketchedWeights.Bytes([.. weights.Select(w => mean + (isPositive ? Math.Abs(w) : w))]))!);
        }

        return model.Bits;
    }

    private static byte[]? One(string type, int count, byte[] bytes)
    {
        var sketch = SignSketch.For(type, [64, count / 64], bytes.Length, []);
        foreach (var part in bytes.Chunk(1024 * 8))
        {
            sketch?.Add(part);
        }

        return sketch?.Finish();
    }
}

/// <summary>Weights for tests of lineage.</summary>
internal static class SketchedWeights
{
    /// <summary>Normal, of mean 0.</summary>
    public static float[] Of(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(0.02 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }

    /// <param name="noise">Its size in sizes of the weights.</param>
    public static float[] With(float[] weights, float noise, int seed) =>
        noise == 0 ? weights : [.. weights.Zip(Of(weights.Length, seed + 1_000_000), (weight, other) => weight + (noise * other))];

    /// <summary>F32.</summary>
    public static byte[] Bytes(float[] weights) => MemoryMarshal.AsBytes(weights.AsSpan()).ToArray();

    /// <summary>BF16.</summary>
    public static byte[] Halves(float[] weights) => [.. weights.SelectMany(w => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(w) >> 16)))];
}
