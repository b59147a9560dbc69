using Lodestone.Billing;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>What the client gets, in the form it asked for. One thread at a time uses it.</summary>
internal abstract class Answer
{
    /// <summary>What the engine has made so far.</summary>
    public CallUsage Made { get; private set; } = new(0, 0);

    /// <summary>What the client's socket has taken so far.</summary>
    public CallUsage Delivered { get; protected set; } = new(0, 0);

    /// <summary>The answer ended because a limit was reached.</summary>
    public bool IsCut { get; private set; }

    /// <summary>Why the last of its choices ended, as the engine says it.</summary>
    public string? Finish { get; private set; }

    /// <summary>Takes the engine's next event.</summary>
    public void Add(EngineEvent made)
    {
        if (made.CompletionTokens > 0)
        {
            Made = new CallUsage(made.PromptTokens, made.CompletionTokens);
        }

        if (made.Finish.Length > 2)
        {
            Finish = made.Finish switch
            {
                var stop when stop.SequenceEqual("\"stop\""u8) => "stop",
                var length when length.SequenceEqual("\"length\""u8) => "length",
                var calls when calls.SequenceEqual("\"tool_calls\""u8) => "tool_calls",
                _ => "other",
            };
        }

        IsCut |= made.Finish.SequenceEqual("\"length\""u8);
        Write(made);
    }

    /// <summary>Passes on what was added, if this form of answer goes piece by piece.</summary>
    public abstract Task FlushAsync(CancellationToken cancel);

    /// <summary>Tells proxies that the answer is still to come.</summary>
    public virtual Task KeepAliveAsync(CancellationToken cancel) => Task.CompletedTask;

    /// <summary>Forgets what was added but not delivered: another engine starts over.</summary>
    public virtual void Restart() => Made = new CallUsage(0, 0);

    /// <summary>The last bytes. Called once the call is settled.</summary>
    public abstract Task EndAsync(CancellationToken cancel);

    /// <summary>Ends an answer that has begun with an error that its clients raise.</summary>
    public abstract Task FailAsync(Refusal refusal, CancellationToken cancel);

    protected abstract void Write(EngineEvent made);
}
