using System.Threading.Channels;

namespace Lodestone.Engine.Inference;

/// <summary>What one request gets: the steps of all its choices, as they come. One thread writes, one reader takes.</summary>
internal sealed class Answer
{
    // Unbounded so that a slow reader never holds up the other sequences; a choice has at most `MaxTokens` steps.
    // Continuations run on the writing thread: one thread then sends what one step brought to all streams.
    private readonly Channel<Step> _steps = Channel.CreateUnbounded<Step>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = true });

    private int _unfinished;

    /// <param name="choices">Generations that write to it, at least 1.</param>
    public Answer(int choices) => _unfinished = choices;

    /// <summary>Its choices that are being written now. Only the engine's thread touches it.</summary>
    public int Writing { get; set; }

    /// <summary>Ends after each choice's last step, or throws <see cref="EngineFault"/> if the engine failed.</summary>
    public ChannelReader<Step> Steps => _steps.Reader;

    public void Write(Step step)
    {
        _steps.Writer.TryWrite(step);
        if (step.Finish is not null && --_unfinished == 0)
        {
            _steps.Writer.TryComplete();
        }
    }

    public void Fail(Exception reason) => _steps.Writer.TryComplete(reason);
}

/// <summary>What one decoding step added to a choice.</summary>
/// <param name="Choice">Which of the answer's choices, from 0.</param>
/// <param name="Text">New text; may be empty.</param>
/// <param name="CompletionTokens">Every token sampled for the choice so far, the one that ended it included.</param>
/// <param name="CachedTokens">Tokens of the prompt that the model had read for somebody else before.</param>
/// <param name="Finish">Set on the choice's last step only.</param>
/// <param name="Tokens">The tokens of the text with their probabilities, if they were asked for.</param>
internal sealed record Step(
    int Choice, string Text, int CompletionTokens, int CachedTokens, FinishReason? Finish, IReadOnlyList<TokenProbability>? Tokens = null);

/// <summary>A token of an answer and how likely it was.</summary>
/// <param name="Bytes">What it stands for, possibly part of a character.</param>
/// <param name="LogProbability">The natural logarithm of its probability before anything was cut or penalised.</param>
/// <param name="Likeliest">The likeliest tokens in its place, descending; empty within.</param>
internal sealed record TokenProbability(byte[] Bytes, float LogProbability, IReadOnlyList<TokenProbability> Likeliest);

/// <summary>Why a choice ended.</summary>
internal enum FinishReason
{
    /// <summary>The model ended it, or a stop sequence came.</summary>
    Stop,

    /// <summary>The limit on tokens, or the context's end.</summary>
    Length,

    /// <summary>The model ended it and asks for tools to be called. Found out where the text is read, not where it is written.</summary>
    ToolCalls,
}
