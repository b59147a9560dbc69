using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Names of ledger accounts: A assets, L liabilities, R revenue, M memos.</summary>
internal static class LedgerAccounts
{
    public const string Bank = "A:Bank";
    public const string PrepaidPrefix = "L:Prepaid:";
    public const string UnbilledPrefix = "A:Unbilled:";
    public const string InferenceRevenue = "R:Usage:inference";
    public const string SubscriptionRevenue = "R:Subscription";
    public const string Breakage = "R:Breakage";
    public const string PromoContra = "R:Promo";
    public const string SlaCredit = "R:SlaCredit";
    public const string PromoIssued = "M:PromoIssued";
    public const string PromoUsed = "M:PromoUsed";
    public const string PromoExpired = "M:PromoExpired";
    public const string PromoAvailablePrefix = "M:PromoAvailable:";

    /// <summary>What we owe an account in services.</summary>
    public static string Prepaid(Guid accountId) => $"{PrepaidPrefix}{accountId:N}";

    /// <summary>What an account owes and no invoice says yet.</summary>
    public static string Unbilled(Guid accountId) => $"{UnbilledPrefix}{accountId:N}";

    /// <summary>Paid for days that are still to come.</summary>
    public static string DeferredSubscription(Guid accountId) => $"L:DeferredSubscription:{accountId:N}";

    /// <summary>Promised back and not yet sent.</summary>
    public static string RefundPayable(Guid accountId) => $"L:RefundPayable:{accountId:N}";

    /// <summary>Given away and not yet used: a memo, in <see cref="PromoUnit"/>.</summary>
    public static string PromoAvailable(Guid accountId) => $"{PromoAvailablePrefix}{accountId:N}";

    /// <summary>What memo accounts count: <c>USD.PROMO</c>.</summary>
    public static Currency PromoUnit(Currency currency) => new(currency.Code + ".PROMO");

    /// <summary>Money that a payment provider has taken for us and not yet paid out.</summary>
    public static string Clearing(string provider) => $"A:Clearing:{provider}";

    /// <summary>With the owner's name in place of its id, where it is known.</summary>
    public static string Shown(string account, IReadOnlyDictionary<Guid, string> names) =>
        PrepaidOwner(account) is { } owner && names.TryGetValue(owner, out var name) ? PrepaidPrefix + name : account;

    /// <summary>Outside the books proper, in a unit of its own.</summary>
    public static bool IsMemo(string account) => account.StartsWith("M:", StringComparison.Ordinal);

    /// <summary>The customer that an account of a single customer is of.</summary>
    public static Guid OwnerOf(string account) => Guid.ParseExact(account[(account.LastIndexOf(':') + 1)..], "N");

    public static Guid? PrepaidOwner(string account) =>
        account.StartsWith(PrepaidPrefix, StringComparison.Ordinal) ? Guid.ParseExact(account[PrepaidPrefix.Length..], "N") : null;
}
