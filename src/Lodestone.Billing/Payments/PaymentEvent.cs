namespace Lodestone.Billing;

/// <summary>A provider's message that something is news. Stored once by the provider's id; what it is about is then asked for.</summary>
internal sealed class PaymentEvent
{
    public required Guid Id { get; init; }

    public required string Provider { get; init; }

    /// <summary>The provider's.</summary>
    public required string EventId { get; init; }

    public required string Type { get; init; }

    /// <summary>Null: nothing that concerns us, kept all the same.</summary>
    public ProviderObjectKind? ObjectKind { get; init; }

    public string? ObjectReference { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    public DateTimeOffset? AppliedAt { get; set; }

    public long Tries { get; set; }

    /// <summary>Why the last try to apply it failed.</summary>
    public string? Failure { get; set; }
}
