using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Money that a provider moved besides payments and refunds. Never changed; what was moved back is another row.</summary>
internal sealed class ProviderMovement
{
    public required Guid Id { get; init; }

    public required string Provider { get; init; }

    public required ProviderMovementKind Kind { get; init; }

    /// <summary>The provider's, of what it is about; the same thing moves once.</summary>
    public required string Reference { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>What left the provider's account with us.</summary>
    public required StoredMoney Amount { get; init; }

    public required DateTimeOffset BookedAt { get; init; }
}

internal enum ProviderMovementKind
{
    /// <summary>Kept by the provider of a payment.</summary>
    Fee,

    /// <summary>Asked by the provider for handling a dispute.</summary>
    DisputeFee,

    /// <summary>Sent to the bank.</summary>
    Payout,

    /// <summary>Sent back by the bank.</summary>
    PayoutReturn,
}

internal static class ProviderMovements
{
    /// <summary>In the caller's transaction, which saves: the movement and its posting, once.</summary>
    public static async Task MoveAsync(this BillingDb db, IPaymentProvider provider, ProviderMovementKind kind, string reference, Money amount, DateTimeOffset now, CancellationToken cancel)
    {
        if (amount.IsZero || await db.ProviderMovements.AnyAsync(m => m.Provider == provider.Name && m.Kind == kind && m.Reference == reference, cancel))
        {
            return;
        }

        db.ProviderMovements.Add(new ProviderMovement
        {
            Id = Guid.CreateVersion7(now), Provider = provider.Name, Kind = kind, Reference = reference, Currency = amount.Currency, Amount = amount, BookedAt = now,
        });
        var isPayout = kind is ProviderMovementKind.Payout or ProviderMovementKind.PayoutReturn;
        await db.BookAsync(
            new NewTransaction(
                $"{kind.ToWire()}:{provider.Name}:{reference}",
                isPayout ? LedgerKind.Payout : LedgerKind.ProviderFee,
                now,
                [(isPayout ? LedgerAccounts.Bank : LedgerAccounts.PaymentFee, amount), (provider.ArrivesIn, -amount)]),
            now,
            cancel);
    }
}
