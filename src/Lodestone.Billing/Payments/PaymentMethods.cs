using Lodestone.Core;
using Lodestone.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Lodestone.Billing;

/// <summary>What accounts pay with, as far as providers keep it for us.</summary>
internal sealed partial class PaymentMethods(BillingSteps steps, IEnumerable<IPaymentProvider> providers, TimeProvider clock, ILogger<PaymentMethods> log)
{
    private static readonly RefusalCode UnknownProvider = new("unknown_provider", 422);

    private readonly Dictionary<string, IMethodProvider> _providers = providers.OfType<IMethodProvider>().ToDictionary(p => p.Name, StringComparer.Ordinal);

    /// <summary>Those that methods can be kept with.</summary>
    public IReadOnlyList<string> ProviderNames => [.. _providers.Values.Where(p => p.IsOffered).Select(p => p.Name)];

    /// <summary>Whether the account can be charged while nobody is there.</summary>
    public async Task<bool> CanPayAsync(Guid accountId, CancellationToken cancel) => await DefaultAsync(accountId, cancel) is not null;

    /// <summary>What the account is charged with; null where it has nothing, or its provider is no longer offered.</summary>
    public async Task<PaymentMethod?> DefaultAsync(Guid accountId, CancellationToken cancel) =>
        await steps.ReadAsync(db => db.PaymentMethods.Kept().AsNoTracking().SingleOrDefaultAsync(m => m.AccountId == accountId && m.IsDefault, cancel)) is { } method
        && _providers.TryGetValue(method.Provider, out var provider) && provider.IsOffered
            ? method
            : null;

    /// <summary>An account's, the default first.</summary>
    public Task<List<PaymentMethod>> OfAsync(Guid accountId, CancellationToken cancel) => steps.ReadAsync(db => db.PaymentMethods.Kept().AsNoTracking()
        .Where(m => m.AccountId == accountId).OrderByDescending(m => m.IsDefault).ThenByDescending(m => m.Id).ToListAsync(cancel));

    /// <summary>Begins to take down what the account pays with; what is known at once becomes its default.</summary>
    /// <param name="returnUrl">Where the person comes back to; <c>{setup}</c> in it becomes the set-up's reference.</param>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>unknown_provider</c>; <c>unavailable</c> where the provider does not answer.</exception>
    public async Task<MethodSetup> SetUpAsync(Namespace account, string? provider, string returnUrl, Caller caller, CancellationToken cancel)
    {
        RequireAdministration(account.Id, caller);
        if (!_providers.TryGetValue(provider ?? "", out var chosen) || !chosen.IsOffered)
        {
            throw new Refusal(UnknownProvider, $"'{provider}' keeps no payment methods here. There is: {string.Join(", ", ProviderNames)}.") { Param = "provider" };
        }

        try
        {
            var customer = await CustomerAsync(chosen, account, cancel);
            var setup = await chosen.SetUpAsync(new NewMethodSetup(account.Id, customer, returnUrl), cancel);
            if (setup.Page is null)
            {
                await FinishAsync(chosen.Name, setup.Reference, account.Id, cancel);
            }

            return setup;
        }
        catch (ProviderSilentException silent)
        {
            throw Silent(chosen.Name, silent);
        }
    }

    /// <summary>Takes down what a set-up has come to. Finishing twice is finishing once.</summary>
    /// <param name="accountId">Whose it must be; null: of whom the provider says.</param>
    /// <returns>Null while it is not finished, or where it is somebody else's.</returns>
    /// <exception cref="ProviderSilentException"/>
    public async Task<PaymentMethod?> FinishAsync(string provider, string setupReference, Guid? accountId, CancellationToken cancel)
    {
        var known = _providers.TryGetValue(provider, out var chosen) ? await chosen.FindSetupAsync(setupReference, cancel) : null;
        return known is null ? null : await steps.WriteAsync((db, token) => KeepAsync(db, provider, known, accountId, token), cancel);
    }

    /// <exception cref="Refusal"><c>forbidden</c>, <c>not_found</c>.</exception>
    public Task<PaymentMethod> ChooseAsync(Guid methodId, Caller caller, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            var method = await FindAsync(db, methodId, caller, token);
            await MakeDefaultAsync(db, method, token);
            return method;
        },
        cancel);

    /// <summary>Forgets a method, here and at its provider; the newest of the others becomes the default.</summary>
    /// <exception cref="Refusal"><c>forbidden</c>, <c>not_found</c>; <c>unavailable</c> where the provider does not answer.</exception>
    public async Task RemoveAsync(Guid methodId, Caller caller, CancellationToken cancel)
    {
        var method = await steps.ReadAsync(db => FindAsync(db, methodId, caller, cancel));
        try
        {
            await _providers[method.Provider].ForgetAsync(method.Reference, cancel);
        }
        catch (ProviderSilentException silent)
        {
            throw Silent(method.Provider, silent);
        }

        await ForgottenAsync(method.Provider, method.Reference, cancel);
    }

    /// <summary>The provider has forgotten a method.</summary>
    public Task<int> ForgottenAsync(string provider, string reference, CancellationToken cancel) => steps.WriteAsync(
        async (db, token) =>
        {
            if (await db.PaymentMethods.Kept().SingleOrDefaultAsync(m => m.Provider == provider && m.Reference == reference, token) is not { } method)
            {
                return 0;
            }

            (method.RemovedAt, method.IsDefault) = (clock.GetUtcNow(), false);
            await db.SaveChangesAsync(token);
            Removed(log, method.AccountId, method.Provider, method.LastFour);
            if (await db.PaymentMethods.Kept().Where(m => m.AccountId == method.AccountId).OrderByDescending(m => m.IsDefault).ThenByDescending(m => m.Id).FirstOrDefaultAsync(token) is { IsDefault: false } next)
            {
                await MakeDefaultAsync(db, next, token);
            }

            return 1;
        },
        cancel);

    private async Task<string> CustomerAsync(IMethodProvider provider, Namespace account, CancellationToken cancel)
    {
        if (await steps.ReadAsync(db => db.ProviderCustomers.AsNoTracking().SingleOrDefaultAsync(c => c.AccountId == account.Id && c.Provider == provider.Name, cancel)) is { } known)
        {
            return known.Reference;
        }

        var reference = await provider.CreateCustomerAsync(new NewProviderCustomer(account.Id, account.Name), cancel);
        await steps.WriteAsync(
            (db, token) =>
            {
                db.ProviderCustomers.Add(new ProviderCustomer { AccountId = account.Id, Provider = provider.Name, Reference = reference, CreatedAt = clock.GetUtcNow() });
                return db.TrySaveAsync(token); // false: another request was faster
            },
            cancel);
        return reference;
    }

    private async Task<PaymentMethod?> KeepAsync(BillingDb db, string provider, ProviderMethod known, Guid? accountId, CancellationToken cancel)
    {
        var customer = await db.ProviderCustomers.AsNoTracking().SingleOrDefaultAsync(c => c.Provider == provider && c.Reference == known.Customer, cancel);
        if (customer is null || (accountId is not null && customer.AccountId != accountId))
        {
            return null;
        }

        await db.LockBilledAsync(customer.AccountId, cancel);
        var now = clock.GetUtcNow();
        var method = await db.PaymentMethods.SingleOrDefaultAsync(m => m.Provider == provider && m.Reference == known.Reference, cancel);
        if (method is { RemovedAt: null })
        {
            method.Learn(known);
            await db.SaveChangesAsync(cancel);
            return method;
        }

        if (method is null)
        {
            method = new PaymentMethod { Id = Guid.CreateVersion7(now), AccountId = customer.AccountId, Provider = provider, Reference = known.Reference, Brand = known.Brand, LastFour = known.LastFour, CreatedAt = now };
            db.PaymentMethods.Add(method);
        }

        method.Learn(known);
        method.RemovedAt = null;
        await db.SaveChangesAsync(cancel);
        await MakeDefaultAsync(db, method, cancel);
        db.Publish(new PaymentMethodKept(method.AccountId, method.Id));
        await db.SaveChangesAsync(cancel);
        Kept(log, method.AccountId, method.Provider, method.LastFour);
        return method;
    }

    // The old one first: at most one of an account is the default at any instant.
    private static async Task MakeDefaultAsync(BillingDb db, PaymentMethod method, CancellationToken cancel)
    {
        await db.PaymentMethods.Where(m => m.AccountId == method.AccountId && m.IsDefault && m.Id != method.Id).ExecuteUpdateAsync(set => set.SetProperty(m => m.IsDefault, false), cancel);
        method.IsDefault = true;
        await db.SaveChangesAsync(cancel);
    }

    private static async Task<PaymentMethod> FindAsync(BillingDb db, Guid methodId, Caller caller, CancellationToken cancel)
    {
        var method = await db.PaymentMethods.Kept().SingleOrDefaultAsync(m => m.Id == methodId, cancel);
        if (method is null || !caller.MayBill(method.AccountId))
        {
            throw new Refusal(RefusalCode.NotFound, "You have no such payment method.");
        }

        RequireAdministration(method.AccountId, caller);
        return method;
    }

    private static void RequireAdministration(Guid accountId, Caller caller)
    {
        if (!caller.CanAdminister(accountId))
        {
            throw new Refusal(RefusalCode.Forbidden, "You may not say what this account pays with. Ask one of its administrators, or use a credential that may write.");
        }
    }

    private Refusal Silent(string provider, ProviderSilentException failure)
    {
        ProviderSilent(log, provider, failure);
        return new Refusal(RefusalCode.Unavailable, $"The payment provider {provider} does not answer just now. Try again in a minute.");
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {AccountId} can be charged by {Provider}, method ending in {LastFour}")]
    private static partial void Kept(ILogger log, Guid accountId, string provider, string lastFour);

    [LoggerMessage(Level = LogLevel.Information, Message = "Account {AccountId} can no longer be charged by {Provider} with the method ending in {LastFour}")]
    private static partial void Removed(ILogger log, Guid accountId, string provider, string lastFour);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Payment provider {Provider} did not answer about a payment method")]
    private static partial void ProviderSilent(ILogger log, string provider, Exception failure);
}

/// <summary>An account has given something to pay with.</summary>
public sealed record PaymentMethodKept(Guid AccountId, Guid MethodId);
