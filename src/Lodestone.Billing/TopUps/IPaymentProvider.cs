using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Somebody who moves money for us: the outside world.</summary>
internal interface IPaymentProvider
{
    /// <summary>As in addresses and ledger accounts.</summary>
    string Name { get; }

    /// <summary>Whether new payments may be made with it.</summary>
    bool IsOffered { get; }

    /// <summary>The ledger account that the money arrives in.</summary>
    string ArrivesIn { get; }

    /// <summary>Asks for a payment. Asking again with the same key is asking once.</summary>
    Task<PaymentResult> ChargeAsync(Payment payment, CancellationToken cancel);

    /// <summary>How the payment with a key stands; <see langword="null"/> when the provider has never heard of it.</summary>
    Task<PaymentResult?> FindAsync(string key, CancellationToken cancel);
}

/// <param name="Key">Idempotency key.</param>
/// <param name="Reference">What the payer quotes.</param>
internal sealed record Payment(string Key, string Reference, Money Amount);

/// <param name="State">How it stands.</param>
/// <param name="Reference">The provider's own id of it.</param>
/// <param name="Failure">Why it failed, for the payer.</param>
internal sealed record PaymentResult(TopUpState State, string? Reference = null, string? Failure = null);

/// <summary>A bank transfer: the payer quotes a reference, and an administrator confirms when the money has arrived.</summary>
internal sealed class ManualPayments : IPaymentProvider
{
    public const string ProviderName = "manual";

    public string Name => ProviderName;

    public bool IsOffered => true;

    public string ArrivesIn => LedgerAccounts.Bank;

    public Task<PaymentResult> ChargeAsync(Payment payment, CancellationToken cancel) => Task.FromResult(new PaymentResult(TopUpState.Awaiting));

    public Task<PaymentResult?> FindAsync(string key, CancellationToken cancel) => Task.FromResult<PaymentResult?>(new PaymentResult(TopUpState.Awaiting));
}
