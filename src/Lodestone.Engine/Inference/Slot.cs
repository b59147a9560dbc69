using System.Runtime.InteropServices;

namespace Lodestone.Engine.Inference;

/// <summary>A generation that is being written: its tokens, how far the model has read them, its text. Only the engine's thread touches it.</summary>
internal sealed unsafe class Slot(Generation generation, TokenPicker picker, Sequence memory) : IDisposable
{
    private readonly TextAssembler _text = new(generation.Stops);
    private readonly List<int> _tokens = [.. generation.Prompt];
    private List<TokenProbability>? _probabilities = generation.Sampling.Probabilities is null ? null : [];

    public Generation Generation { get; } = generation;

    /// <summary>What the model has read of it.</summary>
    public Sequence Memory { get; set; } = memory;

    /// <summary>Prompt and answer.</summary>
    public ReadOnlySpan<int> Tokens => CollectionsMarshal.AsSpan(_tokens);

    /// <summary>Tokens that the model has yet to read before it can write the next.</summary>
    public int Unread => _tokens.Count - Memory.Length;

    /// <summary>The model has read everything but the token that it wrote last.</summary>
    public bool IsWriting => Unread == 1 && CompletionTokens > 0;

    /// <summary>Tokens of the prompt that need not be read, because they were for somebody else.</summary>
    public int CachedTokens { get; set; }

    /// <summary>It had to give up what it had read: what it finds again was its own.</summary>
    public bool WasSuspended { get; set; }

    /// <summary>Cells that it may need before it ends, as far as one should plan ahead.</summary>
    public int Demand => _tokens.Count + Math.Min(Generation.MaxTokens - CompletionTokens, 4 * TokenMemory.BlockLength);

    private int CompletionTokens => _tokens.Count - Generation.Prompt.Length;

    /// <summary>Chooses the next token.</summary>
    /// <param name="vocabulary">The model's.</param>
    /// <param name="logits">After the last token.</param>
    /// <returns>What it adds to the text; null if nothing can be shown yet.</returns>
    public Step? Write(Vocabulary vocabulary, float* logits)
    {
        var token = picker.Pick(logits);
        _tokens.Add(token);
        if (vocabulary.EndsGeneration(token))
        {
            return Step(_text.Finish(), FinishReason.Stop);
        }

        Span<byte> room = stackalloc byte[128];
        var piece = vocabulary.Piece(token, room, Generation.Sampling.Shown.Contains(token));
        picker.Notice(piece);
        _probabilities?.Add(TokenProbabilities.Of(vocabulary, logits, token, Generation.Sampling.Probabilities!.Value)); // the list is there only if they are wanted
        var text = _text.Add(piece);
        if (_text.IsStopped)
        {
            return Step(text, FinishReason.Stop);
        }

        return CompletionTokens == Generation.MaxTokens
            ? Step(text + _text.Finish(), FinishReason.Length)
            : text.Length > 0 ? Step(text, finish: null) : null;
    }

    public void Dispose() => picker.Dispose();

    private Step Step(string text, FinishReason? finish)
    {
        var probabilities = _probabilities;
        _probabilities = probabilities is null ? null : [];
        return new Step(Generation.Choice, text, CompletionTokens, CachedTokens, finish, probabilities);
    }
}
