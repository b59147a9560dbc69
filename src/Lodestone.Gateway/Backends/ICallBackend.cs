using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>What answers one call: a worker of this server, or an address elsewhere. Disposed when the call is over.</summary>
internal interface ICallBackend : IAsyncDisposable
{
    /// <summary>What it is called where its address is nobody's business: <c>engine</c>, or a back-end's id.</summary>
    string Place { get; }

    /// <summary>Who counted the tokens of what has been answered.</summary>
    Measurement Measurement { get; }

    /// <summary>What to tell the client when no other can take over.</summary>
    Refusal Loss { get; }

    /// <summary>What the call can take at most, without asking; <see langword="null"/> where only <see cref="MeasureAsync"/> can say.</summary>
    /// <exception cref="Refusal">More is asked for than the model can.</exception>
    CallSize? Bound(EngineRequest request);

    /// <summary>What the call takes.</summary>
    /// <exception cref="Refusal"><c>context_length_exceeded</c>, or what is wrong with the prompt.</exception>
    Task<CallSize> MeasureAsync(EngineRequest request, CancellationToken cancel);

    /// <exception cref="Refusal">Something is wrong with the request.</exception>
    /// <exception cref="IOException">It went away, or so does any other that <see cref="EngineEvents.IsEngineGone"/> knows.</exception>
    Task<CallEvents> OpenAsync(EngineRequest request, CallSize size, CancellationToken cancel);

    /// <summary>The call failed there.</summary>
    void Fail(Exception gone);

    /// <summary>Call after that: moves on to another that can answer it.</summary>
    /// <returns>Whether there is one.</returns>
    Task<bool> FailOverAsync(CancellationToken cancel);
}

/// <param name="Prompt">Tokens of the prompt, or a bound.</param>
/// <param name="MaxOutput">Tokens of each choice at most.</param>
/// <param name="Choices">How many answers are wanted.</param>
internal sealed record CallSize(long Prompt, long MaxOutput, long Choices)
{
    public long MaxOutputOfAll => MaxOutput * Choices;
}

/// <summary>An answer as it comes. Disposing it early cancels the generation.</summary>
internal abstract class CallEvents : IAsyncDisposable
{
    /// <summary>Waits until something has come.</summary>
    /// <returns>False once the answer has ended as it should.</returns>
    /// <exception cref="IOException">The back-end is gone.</exception>
    public abstract ValueTask<bool> WaitAsync(CancellationToken cancel);

    /// <summary>Gives every whole event that has come to <paramref name="answer"/>.</summary>
    /// <exception cref="IOException">The back-end reported a failure.</exception>
    public abstract void Take(Answer answer);

    public abstract ValueTask DisposeAsync();
}
