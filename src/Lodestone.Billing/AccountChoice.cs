using Lodestone.Core;
using Lodestone.Identity;

namespace Lodestone.Billing;

/// <summary>Whose money a request is about: the account that it names, else the caller's own.</summary>
internal sealed class AccountChoice(Namespaces namespaces, Caller caller)
{
    /// <summary>The account, if the caller belongs to it or operates the server.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>insufficient_scope</c>, <c>not_found</c>.</exception>
    public async Task<Namespace> FindAsync(string? name, CancellationToken cancel)
    {
        var own = caller.Allowing(TokenScope.ReadBilling).Id;
        var account = string.IsNullOrEmpty(name)
            ? (await namespaces.ByIdAsync([own], cancel)).GetValueOrDefault(own)
            : await namespaces.FindAsync(name, cancel);
        return account is not null && (caller.CanRead(account.Id, TokenScope.ReadBilling) || caller.IsAdministrator)
            ? account
            : throw new Refusal(RefusalCode.NotFound, $"You have no account called {name}.") { Param = "account" };
    }

    /// <summary>As <see cref="FindAsync"/>, where the caller also looks after the account's money.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>insufficient_scope</c>, <c>not_found</c>.</exception>
    public async Task<Namespace> BilledAsync(string? name, CancellationToken cancel)
    {
        var account = await FindAsync(name, cancel);
        return caller.MayBill(account.Id) ? account : throw new Refusal(RefusalCode.NotFound, $"You do not look after the money of an account called {name}.") { Param = "account" };
    }

    /// <summary>All that the caller belongs to, the own one first.</summary>
    public async Task<IReadOnlyList<Namespace>> AllAsync(CancellationToken cancel) =>
        [.. (await namespaces.ByIdAsync([.. caller.Readable], cancel)).Values.OrderBy(n => n.Id != caller.Id).ThenBy(n => n.Name, StringComparer.OrdinalIgnoreCase)];

    /// <summary>Names of accounts and people, by id; those that are gone are absent.</summary>
    public async Task<IReadOnlyDictionary<Guid, string>> NamesAsync(IEnumerable<Guid> ids, CancellationToken cancel) =>
        (await namespaces.ByIdAsync([.. ids.Distinct()], cancel)).ToDictionary(n => n.Key, n => n.Value.Name);
}

internal static class Administrators
{
    /// <summary>The caller, who operates the server.</summary>
    /// <exception cref="Refusal"><c>unauthenticated</c>, <c>forbidden</c>.</exception>
    public static Caller Administrator(this Caller caller) => caller.Authenticated().IsAdministrator
        ? caller
        : throw new Refusal(RefusalCode.Forbidden, "Only an administrator of this server may see or do this.");
}
