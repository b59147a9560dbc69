using Lodestone.Engine.Native;

namespace Lodestone.Engine.Inference;

/// <summary>A place in the engine's memory for one sequence, and the generation that has it. Only the engine's thread touches it.</summary>
internal sealed class Slot(int sequence)
{
    private TextAssembler _text = new([]);
    private SamplerHandle? _sampler;
    private int _completionTokens;
    private int _nextToken;

    /// <summary>llama.cpp's number for the sequence, from 0.</summary>
    public int Sequence { get; } = sequence;

    /// <summary>Null when the slot is free.</summary>
    public Generation? Generation { get; private set; }

    /// <summary>Tokens of the sequence that the model has seen.</summary>
    public int Position { get; private set; }

    /// <summary>Tokens of the prompt that the model has yet to see.</summary>
    public int PromptLeft => Generation is { } generation ? Math.Max(generation.Prompt.Length - Position, 0) : 0;

    /// <summary>The prompt has been read; each step adds a token.</summary>
    public bool IsWriting => Generation is not null && PromptLeft == 0;

    public void Take(Generation generation, SamplerHandle sampler)
    {
        Generation = generation;
        _sampler = sampler;
        _text = new TextAssembler(generation.Stops);
        _completionTokens = 0;
        Position = 0;
    }

    public void Release()
    {
        _sampler?.Dispose();
        _sampler = null;
        Generation = null;
    }

    /// <summary>The token that the model must see next.</summary>
    public int NextToken(Generation generation) => Position < generation.Prompt.Length ? generation.Prompt[Position] : _nextToken;

    public void Advance() => Position++;

    /// <summary>Samples a token from the logits at a place of the last batch and passes on what it means.</summary>
    /// <returns>False when the generation has ended by it.</returns>
    public bool Sample(Generation generation, SlotSource source, int batchIndex)
    {
        _nextToken = Llama.Sample(_sampler!, source.Context, batchIndex); // a taken slot has a sampler
        _completionTokens++;
        if (source.Vocabulary.EndsGeneration(_nextToken))
        {
            return Finish(generation, _text.Finish(), FinishReason.Stop);
        }

        Span<byte> room = stackalloc byte[128];
        var text = _text.Add(source.Vocabulary.Piece(_nextToken, room));
        if (_text.IsStopped)
        {
            return Finish(generation, text, FinishReason.Stop);
        }

        if (_completionTokens == generation.MaxTokens)
        {
            return Finish(generation, text + _text.Finish(), FinishReason.Length);
        }

        if (text.Length > 0)
        {
            generation.Write(new Step(text, _completionTokens, Finish: null));
        }

        return true;
    }

    private bool Finish(Generation generation, string text, FinishReason reason)
    {
        generation.Write(new Step(text, _completionTokens, reason));
        return false;
    }
}

/// <summary>Where slots sample from.</summary>
internal sealed record SlotSource(ContextHandle Context, Vocabulary Vocabulary);
