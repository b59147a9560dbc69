using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>How the next token is chosen.</summary>
internal sealed record Sampling
{
    /// <summary>0 takes the likeliest token always; 1 draws as the model says; up to 2.</summary>
    public float Temperature { get; init; } = 1;

    /// <summary>Keep the likeliest tokens that together reach this probability; 1 keeps all.</summary>
    public float TopP { get; init; } = 1;

    /// <summary>Keep this many of the likeliest tokens; 0 keeps all.</summary>
    public int TopK { get; init; }

    /// <summary>Keep tokens at least this likely, relative to the likeliest; 0 keeps all.</summary>
    public float MinP { get; init; }

    /// <summary>Taken from the logit of every token already generated, −2 to 2.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Taken from the logit of a token once per time it was generated, −2 to 2.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Divides the logits of tokens in prompt or answer; 1 does nothing.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Equal seeds draw equally.</summary>
    public uint Seed { get; init; }

    /// <summary>Builds the chain for one generation: penalties, then the cuts, then the draw. Top-k stands before the temperature, which keeps
    /// the order of tokens, because everything after it is cheaper on fewer.</summary>
    public SamplerHandle CreateChain(int vocabularySize, int context, ReadOnlySpan<int> prompt)
    {
        var chain = Llama.CreateChain(noPerformanceCounters: 1);
        AddPenalties(chain, vocabularySize, context, prompt);
        if (Temperature <= 0)
        {
            Llama.AddToChain(chain, Llama.Greedy());
            return chain;
        }

        AddIf(chain, TopK > 0, () => Llama.TopK(TopK));
        AddIf(chain, Temperature is not 1, () => Llama.Temperature(Temperature));
        AddIf(chain, TopP < 1, () => Llama.TopP(TopP, minimumKept: 1));
        AddIf(chain, MinP > 0, () => Llama.MinP(MinP, minimumKept: 1));
        Llama.AddToChain(chain, Llama.Draw(Seed));
        return chain;
    }

    // Two samplers, because presence and frequency count the answer only while repetition counts the prompt as well.
    private void AddPenalties(SamplerHandle chain, int vocabularySize, int context, ReadOnlySpan<int> prompt)
    {
        if (RepetitionPenalty is not 1)
        {
            var repetition = Llama.Penalties(vocabularySize, context, RepetitionPenalty, frequency: 0, presence: 0);
            foreach (var token in prompt)
            {
                Llama.Accept(repetition, token);
            }

            Llama.AddToChain(chain, repetition);
        }

        AddIf(
            chain,
            PresencePenalty is not 0 || FrequencyPenalty is not 0,
            () => Llama.Penalties(vocabularySize, context, repetition: 1, FrequencyPenalty, PresencePenalty));
    }

    private static void AddIf(SamplerHandle chain, bool isWanted, Func<nint> create)
    {
        if (isWanted)
        {
            Llama.AddToChain(chain, create());
        }
    }
}
