using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Money that goes back to a customer. What it is taken from is reduced in the transaction that makes this row.</summary>
internal sealed class Refund
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    /// <summary>The provider's idempotency key.</summary>
    public required string Key { get; set; }

    public required RefundSource Source { get; init; }

    /// <summary>The grant or the invoice.</summary>
    public required Guid SourceId { get; init; }

    /// <summary>The top-up or the attempt that had brought the money; null where none is known.</summary>
    public Guid? PaymentId { get; init; }

    /// <summary>Who sends it: the one that took the money, or <c>manual</c>.</summary>
    public required string Provider { get; set; }

    /// <summary>The provider's, of the payment.</summary>
    public string? PaymentReference { get; init; }

    public required Currency Currency { get; init; }

    public required StoredMoney Amount { get; init; }

    public required string Reason { get; init; }

    public RefundState State { get; private set; } = RefundState.Submitted;

    public string? ProviderReference { get; private set; }

    public string? Failure { get; private set; }

    public required Guid RequestedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public Money Money => Amount.In(Currency);

    public WantedRefund Wanted => new(Key, PaymentReference, Money);

    public static string KeyOf(Guid refundId, int number) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"refund:{refundId:N}:{number}"))));

    public void Apply(RefundResult result, DateTimeOffset now) => (State, ProviderReference, Failure, UpdatedAt) = (result.State, result.Reference ?? ProviderReference, result.Failure, now);
}

/// <summary>What a refund is taken from.</summary>
internal enum RefundSource
{
    /// <summary>What is unspent of credit that was paid for.</summary>
    Credit,

    /// <summary>What an invoice was paid beyond what it asks for, once credit notes are deducted.</summary>
    Invoice,
}
