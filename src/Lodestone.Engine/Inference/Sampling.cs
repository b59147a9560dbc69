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

    /// <summary>Keep tokens whose surprise is typical, until they reach this probability together; 1 keeps all.</summary>
    public float TypicalP { get; init; } = 1;

    /// <summary>Taken from the logit of every token already generated, −2 to 2.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Taken from the logit of a token once per time it was generated, −2 to 2.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Divides the logits of tokens in prompt or answer; 1 does nothing.</summary>
    public float RepetitionPenalty { get; init; } = 1;

    /// <summary>Added to the logits of single tokens.</summary>
    public IReadOnlyList<(int Token, float Bias)> Biases { get; init; } = [];

    /// <summary>What the text must match, in llama.cpp's notation (GBNF), beginning at <c>root</c>; null for any text.</summary>
    public string? Grammar { get; init; }

    /// <summary>The grammar is for what follows this text; null for all of the text.</summary>
    public string? Trigger { get; init; }

    /// <summary>Control tokens that are part of the text.</summary>
    public IReadOnlyList<int> Shown { get; init; } = [];

    /// <summary>How many of the likeliest tokens are told with each token's own probability; null to tell none.</summary>
    public int? Probabilities { get; init; }

    /// <summary>Equal seeds draw equally, whoever else is answered at the time.</summary>
    public long Seed { get; init; }
}
