using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>One attempt to collect what is open of an invoice.</summary>
internal sealed class PaymentAttempt
{
    public required Guid Id { get; init; }

    public required Guid InvoiceId { get; init; }

    public required Guid AccountId { get; init; }

    /// <summary>1, 2, 3 … of the invoice.</summary>
    public required long Number { get; init; }

    /// <summary>The provider's idempotency key: SHA-256 of invoice and number.</summary>
    public required string Key { get; init; }

    /// <summary>What a bank transfer quotes: the invoice's number.</summary>
    public required string Reference { get; init; }

    public required string Provider { get; init; }

    public required Currency Currency { get; init; }

    public required StoredMoney Amount { get; init; }

    public TopUpState State { get; private set; } = TopUpState.Submitted;

    public string? ProviderReference { get; private set; }

    public string? Failure { get; private set; }

    public required Guid RequestedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public bool IsFinal => State is TopUpState.Succeeded or TopUpState.Failed;

    public static string KeyOf(Guid invoiceId, long number) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{invoiceId:N}:{number}"))));

    public void Apply(PaymentResult result, DateTimeOffset now) =>
        (State, ProviderReference, Failure, UpdatedAt) = (result.State, result.Reference ?? ProviderReference, result.Failure, now);
}
