using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Something at a provider, as it is there now.</summary>
/// <param name="Reference">The provider's.</param>
/// <param name="CreatedAt">By the provider's clock.</param>
internal abstract record ProviderObject(string Reference, DateTimeOffset CreatedAt);

/// <param name="Key">The idempotency key that we asked with; null where somebody else did.</param>
/// <param name="Result">How it stands.</param>
internal sealed record ProviderPayment(string Reference, DateTimeOffset CreatedAt, string? Key, Money Amount, PaymentResult Result) : ProviderObject(Reference, CreatedAt);

/// <param name="Key">The idempotency key that we asked with; null where somebody else did.</param>
internal sealed record ProviderRefund(string Reference, DateTimeOffset CreatedAt, string? Key, string PaymentReference, Money Amount, RefundResult Result) : ProviderObject(Reference, CreatedAt);

/// <param name="Fee">What the provider asks for handling it.</param>
internal sealed record ProviderDispute(string Reference, DateTimeOffset CreatedAt, string PaymentReference, Money Amount, DisputeState State, string Reason, Money Fee) : ProviderObject(Reference, CreatedAt);

/// <param name="IsPaid">The money has left for the bank.</param>
/// <param name="HasFailed">The bank sent it back.</param>
internal sealed record ProviderPayout(string Reference, DateTimeOffset CreatedAt, Money Amount, bool IsPaid, bool HasFailed) : ProviderObject(Reference, CreatedAt);

/// <summary>What somebody pays with was given, or taken away.</summary>
/// <param name="Method">Null where it is gone.</param>
internal sealed record ProviderKeptMethod(string Reference, DateTimeOffset CreatedAt, ProviderMethod? Method) : ProviderObject(Reference, CreatedAt);

internal enum ProviderObjectKind
{
    Payment,
    Refund,
    Dispute,
    Payout,

    /// <summary>A set-up of a payment method.</summary>
    Setup,

    /// <summary>A payment method itself.</summary>
    Method,
}

/// <summary>A message of a provider: that something is news, not what.</summary>
/// <param name="EventId">The provider's; the same event may be told several times.</param>
/// <param name="Kind">Null: nothing that concerns us.</param>
internal sealed record ProviderMessage(string EventId, string Type, ProviderObjectKind? Kind, string? Reference);

/// <summary>How a refund stands.</summary>
internal enum RefundState
{
    /// <summary>The provider is being asked.</summary>
    Submitted,

    /// <summary>Somebody sends it by bank transfer and confirms that.</summary>
    Awaiting,

    /// <summary>The provider has taken it on and does not know its end yet.</summary>
    Processing,

    /// <summary>The provider did not answer: it is asked how the refund stands, never to refund again.</summary>
    Unknown,

    Succeeded,
    Failed,
}

/// <summary>How a dispute stands.</summary>
internal enum DisputeState
{
    /// <summary>The bank asks; no money was taken.</summary>
    Inquiry,

    /// <summary>The money was taken back until it is decided.</summary>
    Open,

    Won,
    Lost,

    /// <summary>It ended before money was taken.</summary>
    Closed,
}
