using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Credit to be given.</summary>
/// <param name="SourceRef">Where it comes from: the same thing grants once.</param>
internal sealed record NewGrant(Guid AccountId, GrantKind Kind, Money Amount, string SourceRef)
{
    /// <summary>The models it pays for; none: everything.</summary>
    public IReadOnlyList<Guid> ModelIds { get; init; } = [];

    /// <summary>At once unless given.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>Never unless given.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public int Priority { get; init; } = CreditGrant.UsualPriority;

    public bool Refundable { get; init; }

    public static NewGrant Bought(TopUp topUp) => new(topUp.AccountId, GrantKind.Paid, topUp.Money, $"topup:{topUp.Id:N}") { Refundable = true };

    public static NewGrant Bought(Charge charge) => new(charge.AccountId, GrantKind.Paid, charge.Amount.In(charge.Currency), $"charge:{charge.Id:N}") { Refundable = true };

    public CreditGrant At(DateTimeOffset now) => new()
    {
        Id = Guid.CreateVersion7(now),
        AccountId = AccountId,
        Kind = Kind,
        Currency = Amount.Currency,
        Amount = Amount,
        Remaining = Amount,
        Models = string.Join(' ', ModelIds.Select(id => id.ToString("N"))),
        StartsAt = StartsAt ?? now,
        ExpiresAt = ExpiresAt,
        Priority = Priority,
        Refundable = Refundable,
        SourceRef = SourceRef,
        State = StartsAt > now ? GrantState.Scheduled : GrantState.Usable,
        CreatedAt = now,
    };
}
