using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>Draws one of the candidates by their probabilities.</summary>
/// <remarks>Each candidate gets noise of Gumbel's distribution that depends on seed, place and token alone, and the largest sum wins: that
/// draws by the softmax. A computation beside other sequences differs in its last bits from one alone; drawn so, it changes the token
/// only where two are all but equal, while a draw along the summed probabilities would change it wherever sums have shifted.</remarks>
internal static unsafe class Draw
{
    // Likelihood below e^-25 of the likeliest's: no draw of a lifetime meets it, and most of a vocabulary is there.
    private const float Farthest = 25;

    /// <param name="candidates">At least one.</param>
    /// <param name="seed">Null takes the likeliest.</param>
    /// <param name="place">Of the token in its answer.</param>
    /// <returns>The token.</returns>
    public static int From(in Candidates candidates, long? seed, int place)
    {
        var likeliest = Likeliest(candidates);
        if (seed is not { } known)
        {
            return likeliest.Token;
        }

        var (token, most) = (likeliest.Token, double.NegativeInfinity);
        var hopeless = 0.0; // whatever its logit, a candidate with a lower number cannot win any more
        var key = Mix((ulong)known + Mix((ulong)place));
        for (nuint i = 0; i < candidates.Count; i++)
        {
            ref var candidate = ref candidates.First[i];
            if (candidate.Logit < likeliest.Logit - Farthest)
            {
                continue;
            }

            var uniform = ((Mix(key + (ulong)candidate.Token) >> 11) + 0.5) / (1ul << 53); // neither 0 nor 1
            if (uniform > hopeless && candidate.Logit - Math.Log(-Math.Log(uniform)) is var sum && sum > most)
            {
                (token, most) = (candidate.Token, sum);
                hopeless = Math.Exp(-Math.Exp(likeliest.Logit - most));
            }
        }

        return token;
    }

    private static Candidate Likeliest(in Candidates candidates)
    {
        var best = candidates.First[0];
        for (nuint i = 1; i < candidates.Count; i++)
        {
            if (candidates.First[i].Logit > best.Logit)
            {
                best = candidates.First[i];
            }
        }

        return best;
    }

    // SplitMix64's output function.
    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
