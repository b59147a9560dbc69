using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>A payer has asked their bank to take a payment back.</summary>
internal sealed class Dispute
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required string Provider { get; init; }

    /// <summary>The provider's.</summary>
    public required string Reference { get; init; }

    /// <summary>The attempt or the top-up.</summary>
    public required Guid PaymentId { get; init; }

    public Guid? InvoiceId { get; init; }

    public Guid? GrantId { get; init; }

    public required Currency Currency { get; init; }

    public required StoredMoney Amount { get; init; }

    public required DisputeState State { get; set; }

    public required string Reason { get; init; }

    public required DateTimeOffset OpenedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; set; }

    public Money Money => Amount.In(Currency);
}
