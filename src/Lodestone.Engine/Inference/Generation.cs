using System.Runtime.InteropServices;
using System.Threading.Channels;

namespace Lodestone.Engine.Inference;

/// <summary>One answer being written: what was asked for, and the steps as they come. The engine's thread writes the steps, one reader takes them.</summary>
internal sealed class Generation
{
    // Unbounded so that a slow reader never holds up the other sequences; a generation has at most `MaxTokens` steps.
    private readonly Channel<Step> _steps = Channel.CreateUnbounded<Step>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = false });

    /// <summary>The prompt's tokens, at least one.</summary>
    public required int[] Prompt { get; init; }

    public required Sampling Sampling { get; init; }

    /// <summary>Tokens to write at most, at least 1; prompt and answer together fit the context.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>Texts that end the answer, none empty.</summary>
    public required IReadOnlyList<string> Stops { get; init; }

    /// <summary>Nobody wants the answer any more.</summary>
    public required CancellationToken Cancel { get; init; }

    /// <summary>Ends after the step with a finish reason, or throws <see cref="EngineFault"/> if the engine failed.</summary>
    public ChannelReader<Step> Steps => _steps.Reader;

    public void Write(Step step)
    {
        _steps.Writer.TryWrite(step);
        if (step.Finish is not null)
        {
            _steps.Writer.TryComplete();
        }
    }

    public void Fail(Exception reason) => _steps.Writer.TryComplete(reason);
}

/// <summary>What one decoding step added to an answer.</summary>
/// <param name="Text">New text; may be empty.</param>
/// <param name="CompletionTokens">Every token sampled for the answer so far, the one that ended it included.</param>
/// <param name="Finish">Set on the last step only.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Step(string Text, int CompletionTokens, FinishReason? Finish);

/// <summary>Why an answer ended.</summary>
internal enum FinishReason
{
    /// <summary>The model ended it, or a stop sequence came.</summary>
    Stop,

    /// <summary>The limit on tokens, or the context's end.</summary>
    Length,
}
