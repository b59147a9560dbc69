using Lodestone.Engine.Inference;
using Lodestone.Engine.Native;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed unsafe class DrawTests
{
    private static readonly float[] Probabilities = [0.5f, 0.25f, 0.125f, 0.0625f, 0.0625f];

    [Fact]
    public void Tokens_are_drawn_as_often_as_they_are_likely()
    {
        var counts = new int[Probabilities.Length];
        for (var place = 0; place < 40_000; place++)
        {
            counts[Pick(Probabilities, seed: 3, place)]++;
        }

        Assert.All(Probabilities.Zip(counts), pair => Assert.InRange(pair.Second / 40_000.0, pair.First - 0.012, pair.First + 0.012));
    }

    [Fact]
    public void A_draw_depends_on_seed_and_place()
    {
        var first = Enumerable.Range(0, 100).Select(place => Pick(Probabilities, seed: 1, place)).ToList();

        Assert.Equal(first, Enumerable.Range(0, 100).Select(place => Pick(Probabilities, seed: 1, place)));
        Assert.NotEqual(first, Enumerable.Range(0, 100).Select(place => Pick(Probabilities, seed: 2, place)));
    }

    [Fact]
    public void A_little_noise_in_what_was_computed_seldom_changes_a_draw()
    {
        var random = new Random(1);

        var changed = Enumerable.Range(0, 10_000).Count(place =>
            Pick(Probabilities, seed: 9, place) != Pick([.. Probabilities.Select(p => p * (1 + (0.001f * random.NextSingle())))], seed: 9, place));

        Assert.InRange(changed, 0, 30);
    }

    [Fact]
    public void Without_a_seed_the_likeliest_is_taken() => Assert.Equal(0, Pick(Probabilities, seed: null, place: 7));

    private static int Pick(float[] probabilities, long? seed, int place)
    {
        var candidates = probabilities.Select((p, i) => new Candidate { Token = i, Logit = MathF.Log(p) }).ToArray();
        fixed (Candidate* first = candidates)
        {
            return Draw.From(new Candidates { First = first, Count = (nuint)candidates.Length }, seed, place);
        }
    }
}
