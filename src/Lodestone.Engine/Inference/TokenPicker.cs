using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>Chooses one generation's tokens: a chain of llama.cpp's samplers, and a grammar if the text must match one. Only the engine's thread touches it.</summary>
internal sealed unsafe class TokenPicker : IDisposable
{
    private readonly CandidateList _candidates;
    private readonly SamplerHandle _chain;
    private readonly SamplerHandle? _grammar;

    /// <exception cref="EngineFault">The grammar is not well-formed.</exception>
    public TokenPicker(Sampling sampling, Vocabulary vocabulary, CandidateList candidates, ReadOnlySpan<int> prompt)
    {
        _candidates = candidates;
        _grammar = sampling.Grammar is { } text ? vocabulary.Grammar(text) : null;
        _chain = Chain(sampling, candidates.Count, prompt);
    }

    /// <summary>Chooses a token and remembers it, for penalties and grammar.</summary>
    /// <param name="logits">One for each token of the vocabulary.</param>
    public int Pick(float* logits)
    {
        var token = Choose(logits, mustFit: false);
        if (_grammar is not null)
        {
            // Asking the grammar about one token costs next to nothing, about all of them as much as a computation.
            token = Fits(token) ? token : Choose(logits, mustFit: true);
            Samplers.Accept(_grammar, token);
        }

        Samplers.Accept(_chain, token);
        return token;
    }

    public void Dispose()
    {
        _chain.Dispose();
        _grammar?.Dispose();
    }

    private int Choose(float* logits, bool mustFit)
    {
        var candidates = _candidates.Fill(logits);
        if (mustFit)
        {
            Samplers.Apply(_grammar!, ref candidates); // asked for only where there is one
        }

        Samplers.Apply(_chain, ref candidates);
        return candidates.First[candidates.Selected].Token;
    }

    private bool Fits(int token)
    {
        var candidate = new Candidate { Token = token, Logit = 1 };
        var candidates = new Candidates { First = &candidate, Count = 1, Selected = -1 };
        Samplers.Apply(_grammar!, ref candidates); // asked for only where there is one
        return !float.IsNegativeInfinity(candidate.Logit);
    }

    /// <summary>Biases and penalties, then the cuts, then the draw. Top-k stands before the temperature, which keeps the order of tokens,
    /// because everything after it is cheaper on fewer.</summary>
    private static SamplerHandle Chain(Sampling sampling, int vocabularySize, ReadOnlySpan<int> prompt)
    {
        var chain = Samplers.CreateChain(noPerformanceCounters: 1);
        AddBiases(chain, sampling, vocabularySize);
        AddPenalties(chain, sampling, vocabularySize, prompt);
        if (sampling.Temperature <= 0)
        {
            Samplers.AddToChain(chain, Samplers.Greedy());
            return chain;
        }

        AddIf(chain, sampling.TopK > 0, () => Samplers.TopK(sampling.TopK));
        AddIf(chain, sampling.Temperature is not 1, () => Samplers.Temperature(sampling.Temperature));
        AddIf(chain, sampling.TypicalP < 1, () => Samplers.Typical(sampling.TypicalP, minimumKept: 1));
        AddIf(chain, sampling.TopP < 1, () => Samplers.TopP(sampling.TopP, minimumKept: 1));
        AddIf(chain, sampling.MinP > 0, () => Samplers.MinP(sampling.MinP, minimumKept: 1));
        Samplers.AddToChain(chain, Samplers.Draw(Fold(sampling.Seed)));
        return chain;
    }

    // llama.cpp seeds with 32 bits, and takes the highest value to mean "any".
    private static uint Fold(long seed) => (uint)(seed ^ (seed >> 32)) is var folded and not uint.MaxValue ? folded : 0;

    private static void AddBiases(SamplerHandle chain, Sampling sampling, int vocabularySize)
    {
        var biases = sampling.Biases.Select(b => new TokenBias { Token = b.Token, Bias = b.Bias }).ToArray();
        fixed (TokenBias* first = biases)
        {
            if (biases.Length > 0)
            {
                Samplers.AddToChain(chain, Samplers.LogitBias(vocabularySize, biases.Length, first));
            }
        }
    }

    // Two samplers, because presence and frequency count the answer only while repetition counts the prompt as well.
    private static void AddPenalties(SamplerHandle chain, Sampling sampling, int vocabularySize, ReadOnlySpan<int> prompt)
    {
        const int Window = 1 << 16; // tokens; longer texts forget their beginning
        if (sampling.RepetitionPenalty is not 1)
        {
            var repetition = Samplers.Penalties(vocabularySize, Window, sampling.RepetitionPenalty, frequency: 0, presence: 0);
            foreach (var token in prompt)
            {
                Samplers.Accept(repetition, token);
            }

            Samplers.AddToChain(chain, repetition);
        }

        AddIf(
            chain,
            sampling.PresencePenalty is not 0 || sampling.FrequencyPenalty is not 0,
            () => Samplers.Penalties(vocabularySize, Window, repetition: 1, sampling.FrequencyPenalty, sampling.PresencePenalty));
    }

    private static void AddIf(SamplerHandle chain, bool isWanted, Func<nint> create)
    {
        if (isWanted)
        {
            Samplers.AddToChain(chain, create());
        }
    }
}
