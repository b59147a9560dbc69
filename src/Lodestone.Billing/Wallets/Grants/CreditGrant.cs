using System.Data.Common;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// Money of one origin that an account may spend. Its amount is always what remains, what was forfeited by expiry, what was
/// withdrawn and what was drawn, together.
/// </summary>
internal sealed class CreditGrant
{
    public const int UsualPriority = 128;

    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required GrantKind Kind { get; init; }

    public required Currency Currency { get; init; }

    public required StoredMoney Amount { get; init; }

    public required StoredMoney Remaining { get; set; }

    /// <summary>What of <see cref="Remaining"/> running calls may still take; kept for scoped grants only, for the others by the wallet.</summary>
    public StoredMoney Held { get; set; }

    /// <summary>What was left at expiry. Usage of before may still draw on it.</summary>
    public StoredMoney Forfeited { get; set; }

    /// <summary>Voided or paid back.</summary>
    public StoredMoney Withdrawn { get; set; }

    /// <summary>Ids of the models it pays for, separated by spaces; empty: everything.</summary>
    public required string Models { get; init; }

    public required DateTimeOffset StartsAt { get; init; }

    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>0 to 255; lower is drawn first.</summary>
    public required long Priority { get; init; }

    /// <summary>Whether what remains may be paid back.</summary>
    public required bool Refundable { get; init; }

    /// <summary>Where it came from, such as <c>topup:…</c>; the same thing grants once.</summary>
    public required string SourceRef { get; init; }

    public required GrantState State { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public bool IsScoped => Models.Length > 0;

    /// <summary>Its draws come off what we owe the account; those of the others come off revenue.</summary>
    public bool IsPaid => Kind is GrantKind.Paid;

    public Money Drawn => Amount.In(Currency) - Remaining.In(Currency) - Forfeited.In(Currency) - Withdrawn.In(Currency);

    public bool Covers(Guid modelId) => !IsScoped || Models.Contains(modelId.ToString("N"), StringComparison.Ordinal);

    /// <summary>What usage of an instant may draw: what remains, or for usage of before the expiry what was forfeited then.</summary>
    public Money DrawableAt(DateTimeOffset time) => State switch
    {
        GrantState.Usable when ExpiresAt is null || time < ExpiresAt => Remaining.In(Currency) - Held.In(Currency),
        GrantState.Expired when time < ExpiresAt => Forfeited.In(Currency),
        _ => Money.Zero(Currency),
    };

    /// <summary>Takes an amount that <see cref="DrawableAt"/> allows; a negative one is given back.</summary>
    public void Draw(Money amount)
    {
        if (State is GrantState.Expired)
        {
            Forfeited = Forfeited.In(Currency) - amount;
            return;
        }

        Remaining = Remaining.In(Currency) - amount;
    }

    public void Hold(Money amount) => Held = Held.In(Currency) + amount;

    /// <returns>What was forfeited.</returns>
    public Money Expire()
    {
        var rest = Remaining.In(Currency);
        (State, Forfeited, Remaining) = (GrantState.Expired, rest, Money.Zero(Currency));
        return rest;
    }

    /// <summary>Takes from what remains, for good.</summary>
    public void Withdraw(Money amount, bool isVoid)
    {
        (Remaining, Withdrawn) = (Remaining.In(Currency) - amount, Withdrawn.In(Currency) + amount);
        State = isVoid ? GrantState.Voided : State;
    }

    /// <param name="row">The columns of <see cref="CallJournal.GrantsAsync"/>, in their order.</param>
    public static CreditGrant Read(Guid accountId, DbDataReader row, Database database) => new()
    {
        Id = row.GetGuid(0),
        AccountId = accountId,
        Kind = Enum.Parse<GrantKind>(row.GetString(1)),
        Currency = new Currency(row.GetString(2)),
        Amount = new StoredMoney(row.GetInt64(3), row.GetInt64(4)),
        Remaining = new StoredMoney(row.GetInt64(5), row.GetInt64(6)),
        Held = new StoredMoney(row.GetInt64(7), row.GetInt64(8)),
        Forfeited = new StoredMoney(row.GetInt64(9), row.GetInt64(10)),
        Withdrawn = new StoredMoney(row.GetInt64(11), row.GetInt64(12)),
        Models = row.GetString(13),
        StartsAt = database.ReadInstant(row, 14),
        ExpiresAt = row.IsDBNull(15) ? null : database.ReadInstant(row, 15),
        Priority = row.GetInt64(16),
        Refundable = row.GetBoolean(17),
        SourceRef = row.GetString(18),
        State = Enum.Parse<GrantState>(row.GetString(19)),
        CreatedAt = database.ReadInstant(row, 20),
    };
}

/// <summary>Where credit came from.</summary>
internal enum GrantKind
{
    /// <summary>Bought.</summary>
    Paid,

    /// <summary>Given away.</summary>
    Promo,

    /// <summary>Included in a plan.</summary>
    Plan,

    /// <summary>For an agreed availability that was missed.</summary>
    Sla,

    /// <summary>The operator made something good.</summary>
    Adjustment,
}

internal enum GrantState
{
    /// <summary>Not begun.</summary>
    Scheduled,

    Usable,
    Expired,
    Voided,

    /// <summary>Its payer wants the money back: nothing is drawn until that is decided.</summary>
    Frozen,
}

/// <summary>What a running call may still take of a grant for its model. Goes with the call's hold.</summary>
internal sealed class GrantHold
{
    public required Guid HoldId { get; init; }

    public required Guid GrantId { get; init; }

    public required StoredMoney Amount { get; init; }
}
