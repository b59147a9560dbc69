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
    /// <exception cref="ProviderSilentException">It is not known whether the provider was reached.</exception>
    Task<PaymentResult> ChargeAsync(Payment payment, CancellationToken cancel);

    /// <summary>How a payment stands; <see langword="null"/> when the provider has never heard of it.</summary>
    /// <exception cref="ProviderSilentException"/>
    Task<PaymentResult?> FindAsync(Payment payment, CancellationToken cancel);
}

/// <summary>A provider that keeps what its payers pay with, so that they can be charged while they are away.</summary>
internal interface IMethodProvider : IPaymentProvider
{
    /// <summary>Whether nothing can be charged before somebody has given a method.</summary>
    bool NeedsMethod { get; }

    /// <summary>Makes an account known to the provider. Asking again is asking once.</summary>
    /// <returns>The provider's reference of it.</returns>
    /// <exception cref="ProviderSilentException"/>
    Task<string> CreateCustomerAsync(NewProviderCustomer customer, CancellationToken cancel);

    /// <summary>Begins to take down what somebody pays with, at the provider: card data never comes to this server.</summary>
    /// <exception cref="ProviderSilentException"/>
    Task<MethodSetup> SetUpAsync(NewMethodSetup setup, CancellationToken cancel);

    /// <summary>What a set-up has come to; <see langword="null"/> while it is not finished, or where there is none.</summary>
    /// <param name="reference">The provider's, of the set-up.</param>
    /// <exception cref="ProviderSilentException"/>
    Task<ProviderMethod?> FindSetupAsync(string reference, CancellationToken cancel);

    /// <summary>Forgets what somebody pays with. Forgetting twice is forgetting once.</summary>
    /// <exception cref="ProviderSilentException"/>
    Task ForgetAsync(string methodReference, CancellationToken cancel);
}

/// <param name="Key">Idempotency key.</param>
/// <param name="Reference">What the payer quotes.</param>
internal sealed record Payment(string Key, string Reference, Money Amount)
{
    /// <summary>When it was first asked for.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>What to charge; null where the provider keeps nothing.</summary>
    public ProviderMethod? Method { get; init; }

    /// <summary>Nobody is there who could confirm it.</summary>
    public bool IsUnattended { get; init; }

    /// <summary>Where the payer comes back to who has to confirm at the provider.</summary>
    public string? ReturnUrl { get; init; }
}

/// <param name="State">How it stands.</param>
/// <param name="Reference">The provider's own id of it.</param>
/// <param name="Failure">Why it failed, for the payer.</param>
internal sealed record PaymentResult(TopUpState State, string? Reference = null, string? Failure = null)
{
    /// <summary>The provider's word for why it failed.</summary>
    public string? FailureCode { get; init; }

    /// <summary>Trying again with the same method cannot succeed.</summary>
    public bool IsHard { get; init; }

    /// <summary>Where the payer confirms it.</summary>
    public string? ActionUrl { get; init; }
}

/// <param name="AccountId">Also the idempotency key.</param>
internal sealed record NewProviderCustomer(Guid AccountId, string Name);

/// <param name="Customer">The provider's reference of the account.</param>
/// <param name="ReturnUrl">Where the person comes back to when it is done.</param>
internal sealed record NewMethodSetup(Guid AccountId, string Customer, string ReturnUrl);

/// <param name="Reference">The provider's, of the set-up.</param>
/// <param name="Page">Where the person goes to give it; null where nothing is to be given.</param>
internal sealed record MethodSetup(string Reference, string? Page);

/// <summary>What somebody pays with, as the provider knows it.</summary>
/// <param name="Customer">The provider's reference of the account.</param>
/// <param name="Reference">The provider's, of the method.</param>
/// <param name="Brand">Such as <c>visa</c>.</param>
/// <param name="LastFour">The last digits, which its owner knows it by.</param>
internal sealed record ProviderMethod(string Customer, string Reference, string Brand = "", string LastFour = "", long? ExpiryMonth = null, long? ExpiryYear = null);

/// <summary>A provider did not answer, or not clearly: what was asked of it may have happened.</summary>
internal sealed class ProviderSilentException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A bank transfer: the payer quotes a reference, and an administrator confirms when the money has arrived.</summary>
internal sealed class ManualPayments : IPaymentProvider
{
    public const string ProviderName = "manual";

    public string Name => ProviderName;

    public bool IsOffered => true;

    public string ArrivesIn => LedgerAccounts.Bank;

    public Task<PaymentResult> ChargeAsync(Payment payment, CancellationToken cancel) => Task.FromResult(new PaymentResult(TopUpState.Awaiting));

    public Task<PaymentResult?> FindAsync(Payment payment, CancellationToken cancel) => Task.FromResult<PaymentResult?>(new PaymentResult(TopUpState.Awaiting));
}
