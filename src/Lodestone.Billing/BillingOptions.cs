using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Settings under <c>Billing</c>.</summary>
public sealed record BillingOptions
{
    /// <summary>What every account may use for nothing in one UTC calendar day, as a decimal amount of <see cref="Currency"/> at list price; <c>0.05</c> unless given.</summary>
    public string FreePerDay { get; init; } = "0.05";

    /// <summary>Whether top-ups may be paid with the test provider, which moves no money. The server turns it off on addresses that are not loopback unless it is set.</summary>
    public bool TestPayments { get; init; } = true;

    /// <summary>What one administrator may move in the ledger by hand; above it a second one must agree. A decimal amount; <c>1000</c> unless given.</summary>
    public string AdjustmentThreshold { get; init; } = "1000";

    /// <summary>Whether plans are sold: <c>Community</c> (unless given), where an account without a plan has no limits of one, or <c>Commercial</c>, where it has the free plan.</summary>
    public BillingEdition Edition { get; init; } = BillingEdition.Community;

    /// <summary>The one currency of prices and accounts.</summary>
    internal static Currency Currency => Currency.Usd;

    internal Money FreeAllowance =>
        Money.TryParse(FreePerDay, Currency, out var amount) && amount.Picos >= 0
            ? amount
            : throw new InvalidOperationException($"Billing:FreePerDay is '{FreePerDay}'. Give a decimal amount of {Currency}, such as 0.05, or 0 for none.");

    internal Money AdjustmentLimit =>
        Money.TryParse(AdjustmentThreshold, Currency, out var amount) && amount.Picos >= 0
            ? amount
            : throw new InvalidOperationException($"Billing:AdjustmentThreshold is '{AdjustmentThreshold}'. Give a decimal amount of {Currency}, such as 1000.");
}

/// <summary>What a server is run for.</summary>
public enum BillingEdition
{
    Community,
    Commercial,
}
