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

    /// <summary>The provider's word for why it failed.</summary>
    public string? FailureCode { get; private set; }

    /// <summary>Trying again with the same method cannot succeed.</summary>
    public bool IsHard { get; private set; }

    /// <summary>Where the payer confirms it.</summary>
    public string? ActionUrl { get; private set; }

    /// <summary>What is charged; null where the provider keeps nothing.</summary>
    public Guid? MethodId { get; init; }

    /// <summary>The server charges by itself: nobody is there who could confirm it.</summary>
    public bool IsUnattended { get; init; }

    public required Guid RequestedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    public bool IsFinal => State is TopUpState.Succeeded or TopUpState.Failed;

    public Payment AsPayment() => new(Key, Reference, Amount.In(Currency)) { CreatedAt = CreatedAt, IsUnattended = IsUnattended };

    public static string KeyOf(Guid invoiceId, long number) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{invoiceId:N}:{number}"))));

    /// <summary>Also after it had failed, where the provider says that the money came all the same.</summary>
    public bool Accepts(PaymentResult result) => !IsFinal || (State is TopUpState.Failed && result.State is TopUpState.Succeeded);

    public void Apply(PaymentResult result, DateTimeOffset now)
    {
        (State, ProviderReference, UpdatedAt) = (result.State, result.Reference ?? ProviderReference, now);
        (Failure, FailureCode, IsHard, ActionUrl) = (result.Failure, result.FailureCode, result.IsHard, result.ActionUrl);
    }
}
