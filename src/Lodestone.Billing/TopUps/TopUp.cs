using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>One attempt to pay money in.</summary>
internal sealed class TopUp
{
    public required Guid Id { get; init; }

    /// <summary>The namespace whose balance it raises.</summary>
    public required Guid AccountId { get; init; }

    public required string AccountName { get; init; }

    public required Guid RequestedBy { get; init; }

    public required string Provider { get; init; }

    /// <summary>What the payer quotes: <c>LS-</c> and eight letters or digits.</summary>
    public required string Reference { get; init; }

    public required Currency Currency { get; init; }

    public required StoredMoney Amount { get; init; }

    public TopUpState State { get; private set; } = TopUpState.Submitted;

    public string? ProviderReference { get; private set; }

    public string? Failure { get; private set; }

    /// <inheritdoc cref="PaymentResult.FailureCode"/>
    public string? FailureCode { get; private set; }

    /// <inheritdoc cref="PaymentResult.IsHard"/>
    public bool IsHard { get; private set; }

    /// <inheritdoc cref="PaymentResult.ActionUrl"/>
    public string? ActionUrl { get; private set; }

    /// <summary>What is charged; null where the provider keeps nothing.</summary>
    public Guid? MethodId { get; init; }

    /// <summary>The server charges by itself: nobody is there who could confirm it.</summary>
    public bool IsUnattended { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>The administrator who saw the money arrive, where one has to.</summary>
    public Guid? ConfirmedBy { get; private set; }

    public Money Money => Amount.In(Currency);

    /// <summary>The provider's idempotency key.</summary>
    public string Key => Id.ToString("N");

    public bool IsFinal => State is TopUpState.Succeeded or TopUpState.Failed;

    /// <summary>Also after it had failed, where the provider says that the money came all the same.</summary>
    public bool Accepts(PaymentResult result) => !IsFinal || (State is TopUpState.Failed && result.State is TopUpState.Succeeded);

    public void Apply(PaymentResult result, Guid? confirmedBy, DateTimeOffset now)
    {
        (State, ProviderReference) = (result.State, result.Reference ?? ProviderReference);
        (Failure, FailureCode, IsHard, ActionUrl) = (result.Failure, result.FailureCode, result.IsHard, result.ActionUrl);
        (ConfirmedBy, UpdatedAt) = (confirmedBy, now);
    }
}

/// <summary>One attempt in a list.</summary>
/// <param name="Reference">What a bank transfer quotes.</param>
/// <param name="Failure">Why it failed.</param>
public sealed record TopUpLine(Guid Id, string AccountName, Money Amount, string Provider, string Reference, TopUpState State, string? Failure, DateTimeOffset CreatedAt)
{
    internal static TopUpLine Of(TopUp topUp) =>
        new(topUp.Id, topUp.AccountName, topUp.Money, topUp.Provider, topUp.Reference, topUp.State, topUp.Failure, topUp.CreatedAt);
}

/// <summary>How a payment stands.</summary>
public enum TopUpState
{
    /// <summary>The provider is being asked.</summary>
    Submitted,

    /// <summary>Money is on its way; somebody confirms its arrival.</summary>
    Awaiting,

    /// <summary>The provider has taken it on and does not know its end yet.</summary>
    Processing,

    /// <summary>The payer has to confirm it at the provider.</summary>
    RequiresAction,

    /// <summary>The provider did not answer: it is asked how the payment stands, never to pay again.</summary>
    Unknown,

    Succeeded,

    Failed,
}
