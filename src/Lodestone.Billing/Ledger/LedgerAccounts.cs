using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Names of ledger accounts: A assets, L liabilities, R revenue, X expenses, M memos. What belongs to a customer ends in its id.</summary>
internal static class LedgerAccounts
{
    public const string Bank = "A:Bank";
    public const string AccruedCost = "L:AccruedCost";
    public const string InferenceRevenue = "R:Usage:inference";
    public const string SubscriptionRevenue = "R:Subscription";
    public const string Breakage = "R:Breakage";
    public const string PromoIssued = "M:PromoIssued";
    public const string PromoUsed = "M:PromoUsed";
    public const string PromoExpired = "M:PromoExpired";
    public const string PromoAvailablePrefix = "M:PromoAvailable:";
    public const string CommitTrueUp = "R:CommitTrueUp";
    public const string PromoContra = "R:Promo";
    public const string SlaCredit = "R:SlaCredit";
    public const string BadDebt = "X:BadDebt";
    public const string PaymentFee = "X:PaymentFee";
    public const string PartnerShare = "X:PartnerShare";
    public const string Rounding = "X:Rounding";
    public const string Exchange = "X:Fx";

    public const string PrepaidPrefix = "L:Prepaid:";
    public const string ClearingPrefix = "A:Clearing:";
    public const string ReceivablePrefix = "A:Receivable:";
    public const string UnbilledPrefix = "A:Unbilled:";
    public const string DisputedPrefix = "A:Disputed:";
    public const string DeferredPrefix = "L:DeferredSubscription:";
    public const string CustomerBalancePrefix = "L:CustomerBalance:";
    public const string RefundPayablePrefix = "L:RefundPayable:";

    private static readonly string[] OfCustomers =
        [PrepaidPrefix, PromoAvailablePrefix, ReceivablePrefix, UnbilledPrefix, DisputedPrefix, DeferredPrefix, CustomerBalancePrefix, RefundPayablePrefix];

    private static readonly string[] Types = ["A:", "L:", "R:", "X:", "M:"];

    /// <summary>What we owe an account in services.</summary>
    public static string Prepaid(Guid accountId) => $"{PrepaidPrefix}{accountId:N}";

    /// <summary>What an account owes us by issued invoices.</summary>
    public static string Receivable(Guid accountId) => $"{ReceivablePrefix}{accountId:N}";

    /// <summary>What an account has used and no invoice has asked for; between invoices, the part of a minor unit that is carried.</summary>
    public static string Unbilled(Guid accountId) => $"{UnbilledPrefix}{accountId:N}";

    /// <summary>Money that a payer has asked the bank to take back.</summary>
    public static string Disputed(Guid accountId) => $"{DisputedPrefix}{accountId:N}";

    /// <summary>Invoiced for days that are still to come.</summary>
    public static string DeferredSubscription(Guid accountId) => $"{DeferredPrefix}{accountId:N}";

    /// <summary>Paid or credited beyond what was owed.</summary>
    public static string CustomerBalance(Guid accountId) => $"{CustomerBalancePrefix}{accountId:N}";

    /// <summary>Promised back and not yet sent.</summary>
    public static string RefundPayable(Guid accountId) => $"{RefundPayablePrefix}{accountId:N}";

    /// <summary>Collected for a tax office.</summary>
    public static string Tax(string jurisdiction) => $"L:Tax:{jurisdiction}";

    public static string PartnerPayable(string partner) => $"L:PartnerPayable:{partner}";

    public static string Compute(string nodeClass) => $"X:Compute:{nodeClass}";

    /// <summary>Given away and not yet used: a memo, in <see cref="PromoUnit"/>.</summary>
    public static string PromoAvailable(Guid accountId) => $"{PromoAvailablePrefix}{accountId:N}";

    /// <summary>What memo accounts count: <c>USD.PROMO</c>.</summary>
    public static Currency PromoUnit(Currency currency) => new(currency.Code + ".PROMO");

    /// <summary>Money that a payment provider has taken for us and not yet paid out.</summary>
    public static string Clearing(string provider) => ClearingPrefix + provider;

    /// <summary>With the owner's name in place of its id, where it is known.</summary>
    public static string Shown(string account, IReadOnlyDictionary<Guid, string> names) =>
        Owner(account) is { } owner && names.TryGetValue(owner, out var name) ? account.Replace(owner.ToString("N"), name, StringComparison.Ordinal) : account;

    /// <summary>The customer that an account belongs to.</summary>
    public static Guid? Owner(string account)
    {
        var prefix = Array.Find(OfCustomers, p => account.StartsWith(p, StringComparison.Ordinal));
        return prefix is not null && Guid.TryParseExact(account[prefix.Length..].Split(':')[0], "N", out var owner) ? owner : null;
    }

    public static Guid? PrepaidOwner(string account) => account.StartsWith(PrepaidPrefix, StringComparison.Ordinal) ? Owner(account) : null;

    /// <summary>Outside the books proper, in a unit of its own.</summary>
    public static bool IsMemo(string account) => account.StartsWith("M:", StringComparison.Ordinal);

    /// <summary>The customer that an account of a single customer is of.</summary>
    public static Guid OwnerOf(string account) => Owner(account) ?? throw new InvalidOperationException($"Ledger account {account} is of no customer.");

    /// <summary>Whether it is a name that an adjustment may use: a known type, and parts that every export can write.</summary>
    public static bool IsName(string account) =>
        Array.Exists(Types, type => account.StartsWith(type, StringComparison.Ordinal))
        && account.Split(':').All(part => part.Length > 0 && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.'));
}
