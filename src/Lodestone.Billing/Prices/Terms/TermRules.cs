namespace Lodestone.Billing;

/// <summary>
/// What terms take off, as functions of what came under them in a period. As with prices, an event gets the difference that it
/// makes, so that the order of events and how they are cut change nothing of the sum.
/// </summary>
internal static class TermRules
{
    /// <summary>All of it, as a share: millionths.</summary>
    public const long Whole = 1_000_000;

    /// <summary>What of a quantity an allowance has covered after all that came under it.</summary>
    public static long Covered(this Term term, long quantity) => Math.Clamp(quantity, 0, term.Size);

    /// <summary>What of a list value, or of what is left of it, a term has taken off after all that came under it, in picos.</summary>
    public static Int128 Off(this Term term, Int128 picos)
    {
        var most = term.Amount.In(BillingOptions.Currency).Picos;
        return term.Kind switch
        {
            TermKind.Allowance when term.OnExhausted is OnExhausted.LowPriority => picos,
            TermKind.Allowance => Int128.Clamp(picos, 0, most * term.Holders),
            TermKind.AmountOff => Int128.Clamp(picos, 0, most),
            TermKind.PercentOff => Signed(picos, size => Price.HalfToEven(size * term.Share, Whole)),
            _ => picos - Signed(picos, size => Committed(term, size, most)),
        };
    }

    /// <summary>What a commitment still lacks when its term ends.</summary>
    /// <param name="picos">What came under it at list price.</param>
    public static Int128 Shortfall(this Term term, Int128 picos)
    {
        var most = term.Amount.In(BillingOptions.Currency).Picos;
        return Int128.Max(most - Committed(term, Int128.Max(picos, 0), most), 0);
    }

    // Below the commitment the one discount, above it the other; the bound is where the first comes to the commitment.
    private static Int128 Committed(Term term, Int128 picos, Int128 most)
    {
        var (paid, paidOver) = (Whole - term.Share, Whole - term.ShareOver);
        return picos * paid <= most * Whole
            ? Price.HalfToEven(picos * paid, Whole)
            : most + Price.HalfToEven(((picos * paid) - (most * Whole)) * paidOver, Whole * (Int128)paid);
    }

    private static Int128 Signed(Int128 picos, Func<Int128, Int128> rule) => picos < 0 ? -rule(-picos) : rule(picos);
}
