using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What an account can be charged with while nobody is there: a provider's reference, and what its owner knows it by. Never card data.</summary>
internal sealed class PaymentMethod
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required string Provider { get; init; }

    /// <summary>The provider's, of the method.</summary>
    public required string Reference { get; init; }

    public required string Brand { get; set; }

    public required string LastFour { get; set; }

    public long? ExpiryMonth { get; set; }

    public long? ExpiryYear { get; set; }

    /// <summary>The one that is charged; at most one of an account.</summary>
    public bool IsDefault { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? RemovedAt { get; set; }

    /// <summary>As its owner is shown it: <c>visa ending in 4242</c>.</summary>
    public string Title => LastFour.Length > 0 ? $"{Brand} ending in {LastFour}" : Brand;

    public void Learn(ProviderMethod known) => (Brand, LastFour, ExpiryMonth, ExpiryYear) = (known.Brand, known.LastFour, known.ExpiryMonth, known.ExpiryYear);
}

/// <summary>An account as a payment provider knows it.</summary>
internal sealed class ProviderCustomer
{
    public required Guid AccountId { get; init; }

    public required string Provider { get; init; }

    public required string Reference { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

internal static class PaymentMethodRows
{
    public static IQueryable<PaymentMethod> Kept(this IQueryable<PaymentMethod> methods) => methods.Where(m => m.RemovedAt == null);

    /// <summary>With the account's own reference at the provider, as a charge needs it.</summary>
    public static async Task<ProviderMethod?> ProviderMethodAsync(this BillingDb db, Guid? methodId, CancellationToken cancel) => await db.PaymentMethods.AsNoTracking()
        .Where(m => m.Id == methodId).Join(db.ProviderCustomers, m => new { m.AccountId, m.Provider }, c => new { c.AccountId, c.Provider }, (m, c) => new { m.Reference, Customer = c.Reference })
        .SingleOrDefaultAsync(cancel) is { } found
            ? new ProviderMethod(found.Customer, found.Reference)
            : null;

    /// <summary>The method that an account is charged with at a provider: its default where that is there.</summary>
    public static Task<Guid?> ChargedAsync(this BillingDb db, Guid accountId, string provider, CancellationToken cancel) => db.PaymentMethods.Kept()
        .Where(m => m.AccountId == accountId && m.Provider == provider).OrderByDescending(m => m.IsDefault).ThenByDescending(m => m.Id).Select(m => (Guid?)m.Id).FirstOrDefaultAsync(cancel);
}
