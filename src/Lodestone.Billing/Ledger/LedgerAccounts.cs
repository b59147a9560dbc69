namespace Lodestone.Billing;

/// <summary>Names of ledger accounts: A assets, L liabilities, R revenue.</summary>
internal static class LedgerAccounts
{
    public const string Bank = "A:Bank";
    public const string PrepaidPrefix = "L:Prepaid:";
    public const string UnbilledPrefix = "A:Unbilled:";
    public const string InferenceRevenue = "R:Usage:inference";

    /// <summary>What we owe an account in services.</summary>
    public static string Prepaid(Guid accountId) => $"{PrepaidPrefix}{accountId:N}";

    /// <summary>What an account owes and no invoice says yet.</summary>
    public static string Unbilled(Guid accountId) => $"{UnbilledPrefix}{accountId:N}";

    /// <summary>Money that a payment provider has taken for us and not yet paid out.</summary>
    public static string Clearing(string provider) => $"A:Clearing:{provider}";

    /// <summary>With the owner's name in place of its id, where it is known.</summary>
    public static string Shown(string account, IReadOnlyDictionary<Guid, string> names) =>
        PrepaidOwner(account) is { } owner && names.TryGetValue(owner, out var name) ? PrepaidPrefix + name : account;

    /// <summary>The customer that an account of a single customer is of.</summary>
    public static Guid OwnerOf(string account) => Guid.ParseExact(account[(account.LastIndexOf(':') + 1)..], "N");

    public static Guid? PrepaidOwner(string account) =>
        account.StartsWith(PrepaidPrefix, StringComparison.Ordinal) ? Guid.ParseExact(account[PrepaidPrefix.Length..], "N") : null;
}
