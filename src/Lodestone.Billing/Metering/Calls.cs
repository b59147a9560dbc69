using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>A call about to be made.</summary>
public sealed record NewHold
{
    /// <summary>Names the call for ever; a second call with it is refused.</summary>
    public required string RequestId { get; init; }

    /// <summary>The namespace that pays.</summary>
    public required Guid AccountId { get; init; }

    public required Guid CallerId { get; init; }

    /// <summary>The credential used, if one was.</summary>
    public Guid? TokenId { get; init; }

    /// <summary>The model's repository.</summary>
    public required Guid ProductId { get; init; }

    /// <summary><c>owner/name</c> as it is now.</summary>
    public required string ProductName { get; init; }

    /// <summary>The namespace that owns the model.</summary>
    public required Guid SellerId { get; init; }

    /// <summary>The commit served.</summary>
    public required string Revision { get; init; }

    /// <summary>Exact, or an upper bound.</summary>
    public required long PromptTokens { get; init; }

    /// <summary>The most that will be generated.</summary>
    public required long MaxOutputTokens { get; init; }

    /// <summary>How long the call may take.</summary>
    public required TimeSpan ModelTimeout { get; init; }
}

/// <summary>Money set aside for a running call.</summary>
/// <param name="Id">Names the hold, and later its event.</param>
/// <param name="Amount">The most that the call can cost, at list price.</param>
/// <param name="FreePart">What of it the day's free allowance bears.</param>
/// <param name="ExpiresAt">When a call that was never settled counts as lost.</param>
public sealed record Hold(Guid Id, Money Amount, Money FreePart, DateTimeOffset ExpiresAt);

/// <param name="InputTokens">Tokens of the prompt.</param>
/// <param name="OutputTokens">Tokens generated and delivered.</param>
public sealed record CallUsage(long InputTokens, long OutputTokens);

/// <summary>How a call ended.</summary>
public enum CallOutcome
{
    /// <summary>The model ended its answer.</summary>
    Completed,

    /// <summary>The answer reached the token limit.</summary>
    Stopped,

    /// <summary>The caller went away.</summary>
    ClientLeft,

    /// <summary>The engine died or refused.</summary>
    BackendFailed,

    /// <summary>It took longer than the model may take.</summary>
    TimedOut,

    /// <summary>This server died.</summary>
    Orphaned,
}

/// <summary>Who counted the tokens, most trusted first.</summary>
public enum Measurement
{
    /// <summary>Our own runtime.</summary>
    Engine,

    /// <summary>The usage block of a remote backend.</summary>
    Backend,

    /// <summary>Our tokenizer, over what was sent and delivered.</summary>
    Tokenizer,

    /// <summary>A low bound: delivery counters, or bytes.</summary>
    Estimated,
}

/// <summary>What a call came to.</summary>
/// <param name="EventId">The event that it is recorded as.</param>
/// <param name="Charged">Taken from the balance.</param>
/// <param name="ListValue">What it would have cost without the free allowance.</param>
/// <param name="Usage">The tokens charged for.</param>
public sealed record Settlement(Guid EventId, Money Charged, Money ListValue, CallUsage Usage);
