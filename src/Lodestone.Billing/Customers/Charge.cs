using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What an account owes that is no usage. Never changed: a correction is another charge, which may be negative.</summary>
internal sealed class Charge
{
    public required Guid Id { get; init; }

    /// <summary>What was charged, such as <c>subscription:…:2026-03-01</c>: the same thing cannot be charged twice.</summary>
    public required string Key { get; init; }

    public required Guid AccountId { get; init; }

    public required ChargeKind Kind { get; init; }

    /// <summary>What it is for, such as <c>team.seat</c>.</summary>
    public required string Item { get; init; }

    /// <summary>As an invoice says it.</summary>
    public required string Description { get; init; }

    public required long Quantity { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>Exact; rounded where an invoice is cut and nowhere before.</summary>
    public required StoredMoney Amount { get; init; }

    /// <summary>The first instant that it pays for.</summary>
    public required DateTimeOffset PeriodStart { get; init; }

    /// <summary>The first instant that it does not pay for any more.</summary>
    public required DateTimeOffset PeriodEnd { get; init; }

    /// <summary>Decides the invoice that it is on.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    public required DateTimeOffset RecordedAt { get; init; }

    /// <summary>A plan is paid for in advance, and what is given back of it stops being deferred: neither waits for the month's end.</summary>
    public bool IsDueAtOnce => Kind is ChargeKind.Subscription or ChargeKind.Proration;
}

internal enum ChargeKind
{
    Subscription,
    Seats,
    Proration,
    CommitTrueUp,

    /// <summary>Credit was bought.</summary>
    Credit,

    /// <summary>A price was lowered for what had been used already: always negative.</summary>
    PriceCorrection,

    /// <summary>Credit was used whose payment was taken back.</summary>
    Chargeback,
}
