namespace Lodestone.Billing;

/// <summary>What was booked.</summary>
internal enum LedgerKind
{
    Usage,
    TopUp,
    Invoice,

    /// <summary>An invoice that nobody had paid was taken back.</summary>
    InvoiceVoid,

    CreditNote,

    /// <summary>A day of what was paid in advance became revenue.</summary>
    Recognition,

    Payment,
    Refund,
    Payout,

    /// <summary>What a payment provider keeps for its work.</summary>
    ProviderFee,

    Dispute,
    DisputeWon,
    DisputeLost,
    WriteOff,

    /// <summary>Credit was given away.</summary>
    Credit,

    /// <summary>Credit was taken back, or is to be paid back.</summary>
    Withdrawal,

    /// <summary>What was left of credit when it expired.</summary>
    Breakage,

    SlaCredit,
    CommitTrueUp,
    Adjustment,

    /// <summary>Takes another transaction back, by its opposite.</summary>
    Correction,
}
