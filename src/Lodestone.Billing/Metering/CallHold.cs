namespace Lodestone.Billing;

/// <summary>What a running call may cost at most, journalled before its first byte goes out. Gone once the call is settled.</summary>
internal sealed class CallHold
{
    public required Guid Id { get; init; }

    public required string RequestId { get; init; }

    public required Guid AccountId { get; init; }

    public required Guid CallerId { get; init; }

    public Guid? TokenId { get; init; }

    public required Guid ProductId { get; init; }

    public required string ProductName { get; init; }

    public required Guid SellerId { get; init; }

    public required string Revision { get; init; }

    public required Guid PriceVersionId { get; init; }

    public required long PromptTokens { get; init; }

    public required long MaxOutputTokens { get; init; }

    public required StoredMoney Amount { get; init; }

    /// <summary>What of <see cref="Amount"/> the free allowance of <see cref="Day"/> bears.</summary>
    public required StoredMoney FreePart { get; init; }

    /// <summary>What of <see cref="Amount"/> grants for the model bear.</summary>
    public StoredMoney ScopedPart { get; init; }

    public required DateOnly Day { get; init; }

    /// <summary>Decides price, day and month, whenever the call ends.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The server process that runs the call.</summary>
    public required Guid ServerEpoch { get; init; }

    /// <summary>Something was agreed with the account when the call began; see <see cref="Term"/>.</summary>
    public bool HasTerms { get; init; }

    /// <summary>Tokens of the prompt that allowances will cover.</summary>
    public long FreeInput { get; init; }

    /// <summary>Tokens of the answer that allowances will cover.</summary>
    public long FreeOutput { get; init; }

    public long DeliveredInput { get; init; }

    public long DeliveredOutput { get; init; }

    /// <summary>What is charged for: what was measured, at most what was held, and nothing when the caller got nothing.</summary>
    public CallUsage Chargeable(CallUsage measured, CallOutcome outcome) =>
        measured.OutputTokens == 0 && outcome is not (CallOutcome.Completed or CallOutcome.Stopped)
            ? new CallUsage(0, 0)
            : new CallUsage(Math.Min(measured.InputTokens, PromptTokens), Math.Min(measured.OutputTokens, MaxOutputTokens));

    /// <summary>The call as it is rated: input before output.</summary>
    public RatableUsage Rated(CallUsage usage) =>
        new(Id, AccountId, ProductId, SellerId, StartedAt, [(UsageClass.Input, usage.InputTokens), (UsageClass.Output, usage.OutputTokens)]) { UserId = CallerId };

    /// <summary>What allowances were promised to cover, by class.</summary>
    public IReadOnlyDictionary<string, long> Promises =>
        new Dictionary<string, long>(StringComparer.Ordinal) { [UsageClass.Input] = FreeInput, [UsageClass.Output] = FreeOutput };
}
