namespace Lodestone.Engine.Inference;

/// <summary>How likely tokens were before penalties and cuts.</summary>
internal static unsafe class TokenProbabilities
{
    /// <param name="vocabulary">The model's.</param>
    /// <param name="logits">One for each of its tokens.</param>
    /// <param name="token">The token that was chosen.</param>
    /// <param name="count">How many of the likeliest to tell as well.</param>
    public static TokenProbability Of(Vocabulary vocabulary, float* logits, int token, int count)
    {
        var all = new ReadOnlySpan<float>(logits, vocabulary.Count);
        var total = LogSum(all);
        var likeliest = Likeliest(all, count).ConvertAll(other => Probability(other, logits[other], []));
        return Probability(token, logits[token], likeliest);

        TokenProbability Probability(int id, float logit, IReadOnlyList<TokenProbability> others) =>
            new(vocabulary.Piece(id, stackalloc byte[128]).ToArray(), logit - total, others);
    }

    private static float LogSum(ReadOnlySpan<float> logits)
    {
        var most = float.NegativeInfinity;
        foreach (var logit in logits)
        {
            most = Math.Max(most, logit);
        }

        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += MathF.Exp(logit - most);
        }

        return most + (float)Math.Log(sum);
    }

    private static List<int> Likeliest(ReadOnlySpan<float> logits, int count)
    {
        var best = new PriorityQueue<int, float>(); // the least likely of them first
        for (var token = 0; token < logits.Length && count > 0; token++)
        {
            if (best.Count < count)
            {
                best.Enqueue(token, logits[token]);
            }
            else if (best.TryPeek(out _, out var least) && logits[token] > least)
            {
                best.DequeueEnqueue(token, logits[token]);
            }
        }

        var ordered = new List<int>(best.Count);
        while (best.TryDequeue(out var token, out _))
        {
            ordered.Add(token);
        }

        ordered.Reverse();
        return ordered;
    }
}
