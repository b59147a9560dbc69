using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Something agreed with an account that changes what its use costs. Only its end is ever set.</summary>
internal sealed class Term
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required TermKind Kind { get; init; }

    /// <summary>Only for this product.</summary>
    public Guid? ProductId { get; init; }

    /// <summary>Only for this class.</summary>
    public string? UsageClass { get; init; }

    /// <summary>What an allowance of a quantity is of, for each seat where it is per seat.</summary>
    public long? Quantity { get; init; }

    /// <summary>What an allowance of a value, an amount off, or a commitment is of.</summary>
    public required StoredMoney Amount { get; init; }

    /// <summary>What is taken off: <see cref="TermRules.Whole"/> is all. Of a commitment, until it is used up.</summary>
    public required long Share { get; init; }

    /// <summary>What is taken off once a commitment is used up.</summary>
    public required long ShareOver { get; init; }

    public required TermPeriod Period { get; init; }

    public required TermScope Scope { get; init; }

    /// <summary>How many seats an allowance per seat is for.</summary>
    public long Seats { get; set; } = 1;

    public required OnExhausted OnExhausted { get; init; }

    public required DateTimeOffset StartsAt { get; init; }

    public DateTimeOffset? EndsAt { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string Reason { get; init; }

    public bool HoldsFor(Guid productId, string usageClass, DateTimeOffset time) =>
        StartsAt <= time && !(EndsAt <= time) && (ProductId is null || ProductId == productId) && (UsageClass is null || UsageClass == usageClass);

    /// <summary>How many have an amount of their own in the account's one.</summary>
    public long Holders => Scope is TermScope.Seat ? Seats : 1;

    /// <summary>What an allowance of a quantity covers in one of its periods.</summary>
    public long Size => OnExhausted is OnExhausted.LowPriority ? long.MaxValue : (Quantity ?? 0) * Holders;

    /// <summary>How narrow it is: the narrowest is used first.</summary>
    public int Narrowness => (ProductId is null ? 0 : 1) + (UsageClass is null ? 0 : 1);

    /// <summary>The first day of its period that a day lies in; the first of all where it has but one.</summary>
    public DateOnly PeriodOf(DateOnly day) => Period switch
    {
        TermPeriod.Day => day,
        TermPeriod.Month => Days.Month(day),
        _ => DateOnly.MinValue,
    };
}

/// <summary>In the order in which they apply.</summary>
internal enum TermKind
{
    /// <summary>A quantity, or a value at list price, that costs nothing.</summary>
    Allowance,

    PercentOff,
    AmountOff,

    /// <summary>An amount that will be paid in any case, for a discount.</summary>
    Commitment,
}

/// <summary>When an amount is whole again. Shortest first: that is used first.</summary>
internal enum TermPeriod
{
    Day,
    Month,
    Once,
}

internal enum TermScope
{
    Account,
    User,
    Seat,
}

/// <summary>What happens to use that an allowance does not cover.</summary>
internal enum OnExhausted
{
    /// <summary>It is charged.</summary>
    Charge,

    /// <summary>It is refused before it begins; what was used all the same is charged.</summary>
    Block,

    /// <summary>It costs nothing either, and waits behind what is paid.</summary>
    LowPriority,
}

/// <summary>How much of a term was used in one of its periods.</summary>
internal sealed class TermUse
{
    public required Guid TermId { get; init; }

    /// <summary>The user, where each has an amount of their own; else empty.</summary>
    public required Guid SubjectId { get; init; }

    public required DateOnly PeriodStart { get; init; }

    /// <summary>Of what the term is for, whether or not it covered it.</summary>
    public long Quantity { get; private set; }

    public StoredMoney Amount { get; private set; }

    public static TermUse Of(Guid termId, Guid subjectId, DateOnly periodStart, long quantity, StoredMoney amount) =>
        new() { TermId = termId, SubjectId = subjectId, PeriodStart = periodStart, Quantity = quantity, Amount = amount };

    public long Add(long quantity) => Quantity += quantity;

    public Int128 Add(Int128 picos)
    {
        Amount = new Money(Amount.In(BillingOptions.Currency).Picos + picos, BillingOptions.Currency);
        return Amount.In(BillingOptions.Currency).Picos;
    }
}
