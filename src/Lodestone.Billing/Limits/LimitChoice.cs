using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Whose limits a request is about, and what they are of.</summary>
internal sealed class LimitChoice(AccountChoice accounts, Namespaces namespaces, BillingSteps steps, Caller caller)
{
    private const int MostMembers = 10_000;
    private const string Inference = "inference";

    private static readonly RefusalCode UnknownScope = new("unknown_scope", 422);

    /// <summary>The account whose limits the caller may change.</summary>
    /// <exception cref="Refusal"><c>not_found</c>, <c>forbidden</c>.</exception>
    public async Task<Namespace> ChangeableAsync(string? name, CancellationToken cancel)
    {
        var account = await accounts.FindAsync(name, cancel);
        return caller.AppId is null && (caller.IsAdministrator || caller.CanAdminister(account.Id))
            ? account
            : throw new Refusal(RefusalCode.Forbidden, $"Only those who administer {account.Name} change its limits, with a token that may write.");
    }

    /// <summary>What a limit of the account is about: its id and what it is called.</summary>
    /// <param name="of">A key (<c>tok_…</c>), a person's name, a service account (<c>sa_…</c>) or a model; nothing where there is only one.</param>
    /// <exception cref="Refusal"><c>not_found</c>, <c>unknown_scope</c>, <c>forbidden</c>.</exception>
    public async Task<(Guid Id, string Name)> ScopeAsync(Namespace account, LimitScope scope, string? of, CancellationToken cancel) => scope switch
    {
        LimitScope.Key => await KeyAsync(account, of, cancel),
        LimitScope.User => await namespaces.FindAsync(of ?? "", cancel) is { IsOrganization: false } person ? (person.Id, person.Name) : throw Missing("person", of),
        LimitScope.ServiceAccount => PublicId.TryParse("sa", of, out var id) && (await namespaces.OwnersOfServiceAccountsAsync([id], cancel)).GetValueOrDefault(id) == account.Id
            ? (id, (await namespaces.ServiceAccountNamesAsync([id], cancel))[id])
            : throw Missing("service account", of),
        LimitScope.Organization => (account.Id, account.Name),
        LimitScope.Model => await steps.ReadAsync(db => db.Products.AsNoTracking().SingleOrDefaultAsync(p => p.Name == of, cancel)) is { } model ? (model.Id, model.Name) : throw Missing("model", of),
        LimitScope.Product => of is null or Inference ? (Guid.Empty, Inference) : throw Missing("product", of),
        _ => caller.IsAdministrator ? (Guid.Empty, "this server") : throw new Refusal(RefusalCode.Forbidden, "Only an administrator limits what the whole server spends."),
    };

    public static T Parse<T>(string? text, string param)
        where T : struct, Enum => Enum.GetValues<T>().Where(v => v.ToWire() == text).Cast<T?>().FirstOrDefault()
            ?? throw new Refusal(UnknownScope, $"{param} is one of {string.Join(", ", Enum.GetValues<T>().Select(v => v.ToWire()))}.") { Param = param };

    private async Task<(Guid Id, string Name)> KeyAsync(Namespace account, string? of, CancellationToken cancel)
    {
        if (!PublicId.TryParse("tok", of, out var id) || !(await namespaces.OwnersOfTokensAsync([id], cancel)).TryGetValue(id, out var owner))
        {
            throw Missing("key", of);
        }

        return owner == account.Id || (account.IsOrganization && (await namespaces.TiedToAsync(account, MostMembers, cancel)).Any(m => m.Id == owner))
            ? (id, $"…{of![^6..]}") // it has been parsed
            : throw Missing("key", of);
    }

    private static Refusal Missing(string what, string? of) => new(RefusalCode.NotFound, $"This account has no {what} {of}.") { Param = "of" };
}
