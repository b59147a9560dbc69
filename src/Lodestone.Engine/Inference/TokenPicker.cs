using System.Text;
using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>Chooses one generation's tokens: a chain of llama.cpp's samplers, and a grammar if the text must match one. Only the engine's thread touches it.</summary>
internal sealed unsafe class TokenPicker : IDisposable
{
    private readonly CandidateList _candidates;
    private readonly SamplerHandle _chain;
    private readonly Vocabulary _vocabulary;
    private readonly Sampling _sampling;
    private readonly CharacterBytes _characters = new();
    private SamplerHandle? _grammar;
    private int _drawn;
    private string? _awaited; // the end of the text so far, while the trigger has not come

    /// <exception cref="EngineFault">The grammar is not well-formed.</exception>
    public TokenPicker(Sampling sampling, Vocabulary vocabulary, CandidateList candidates, ReadOnlySpan<int> prompt)
    {
        _candidates = candidates;
        _vocabulary = vocabulary;
        _sampling = sampling;
        _grammar = sampling is { Grammar: { } grammar, Trigger: null } ? vocabulary.Grammar(grammar) : null;
        _awaited = sampling is { Grammar: not null, Trigger: not null } ? "" : null;
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
            token = Fits(_grammar, token) && _characters.Accepts(Piece(token)) ? token : ChooseFitting(logits);
            if (!Fits(_grammar, token))
            {
                return _vocabulary.End; // the vocabulary has nothing that may follow; llama.cpp would abort the process on anything else
            }

            Samplers.Accept(_grammar, token);
            _characters.Add(Piece(token));
        }

        Samplers.Accept(_chain, token);
        _drawn++;
        return token;
    }

    /// <summary>What the token that was picked means: if the trigger is complete, the grammar holds from there on.</summary>
    public void Notice(ReadOnlySpan<byte> piece)
    {
        if (_awaited is null || _sampling is not { Trigger: { } trigger, Grammar: { } grammar })
        {
            return;
        }

        _awaited += Encoding.Latin1.GetString(piece); // a byte is a character: triggers are ASCII
        var at = _awaited.IndexOf(trigger, StringComparison.Ordinal);
        if (at < 0)
        {
            _awaited = _awaited[Math.Max(0, _awaited.Length - trigger.Length)..];
            return;
        }

        _grammar = GrammarFrom(grammar, _awaited[(at + trigger.Length)..]);
        _awaited = null;

        // What the token brought beyond the trigger must fit; if it does not, the text goes on freely.
        SamplerHandle? GrammarFrom(string text, string beyond)
        {
            var handle = _vocabulary.Grammar(text);
            foreach (var token in _vocabulary.Tokenize(beyond))
            {
                if (!Fits(handle, token))
                {
                    handle.Dispose();
                    return null;
                }

                Samplers.Accept(handle, token);
            }

            return handle;
        }
    }

    public void Dispose()
    {
        _chain.Dispose();
        _grammar?.Dispose();
    }

    private byte[] Piece(int token) => _vocabulary.Piece(token, stackalloc byte[128], isShown: true).ToArray();

    // The grammar counts characters; it does not see that some bytes are none.
    private int ChooseFitting(float* logits)
    {
        const int MostTries = 64;
        var refused = new List<int>();
        while (true)
        {
            var token = Choose(logits, mustFit: true, refused);
            if (refused.Count == MostTries || _characters.Accepts(Piece(token)))
            {
                return token;
            }

            refused.Add(token);
        }
    }

    private int Choose(float* logits, bool mustFit, List<int>? refused = null)
    {
        var candidates = _candidates.Fill(logits);
        foreach (var token in refused ?? [])
        {
            candidates.First[token].Logit = float.NegativeInfinity;
        }

        if (mustFit)
        {
            Samplers.Apply(_grammar!, ref candidates); // asked for only where there is one
        }

        Samplers.Apply(_chain, ref candidates);
        return Draw.From(candidates, _sampling.Temperature > 0 ? _sampling.Seed : null, _drawn);
    }

    private static bool Fits(SamplerHandle grammar, int token)
    {
        var candidate = new Candidate { Token = token, Logit = 1 };
        var candidates = new Candidates { First = &candidate, Count = 1, Selected = -1 };
        Samplers.Apply(grammar, ref candidates);
        return !float.IsNegativeInfinity(candidate.Logit);
    }

    /// <summary>Biases and penalties, then the cuts. Top-k stands before the temperature, which keeps the order of tokens,
    /// because everything after it is cheaper on fewer.</summary>
    private static SamplerHandle Chain(Sampling sampling, int vocabularySize, ReadOnlySpan<int> prompt)
    {
        var chain = Samplers.CreateChain(noPerformanceCounters: 1);
        AddBiases(chain, sampling, vocabularySize);
        AddPenalties(chain, sampling, vocabularySize, prompt);
        if (sampling.Temperature <= 0)
        {
            return chain; // nothing to cut: the likeliest is taken
        }

        AddIf(chain, sampling.TopK > 0, () => Samplers.TopK(sampling.TopK));
        AddIf(chain, sampling.Temperature is not 1, () => Samplers.Temperature(sampling.Temperature));
        AddIf(chain, sampling.TypicalP < 1, () => Samplers.Typical(sampling.TypicalP, minimumKept: 1));
        AddIf(chain, sampling.TopP < 1, () => Samplers.TopP(sampling.TopP, minimumKept: 1));
        AddIf(chain, sampling.MinP > 0, () => Samplers.MinP(sampling.MinP, minimumKept: 1));
        return chain;
    }

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
