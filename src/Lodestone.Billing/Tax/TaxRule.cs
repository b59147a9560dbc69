using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>A rate that an operator has entered. None are shipped: what is owed where is the operator's to know.</summary>
internal sealed class TaxRule
{
    /// <summary>Millionths in one: 190,000 of them are 19 %.</summary>
    public const long Whole = 1_000_000;

    public required Guid Id { get; init; }

    /// <summary>A country such as <c>DE</c>, or a part of one that taxes for itself, such as <c>US-NY</c>.</summary>
    public required string Jurisdiction { get; init; }

    /// <summary>One of <see cref="TaxClasses"/>, or <c>*</c> for all.</summary>
    public required string ProductClass { get; init; }

    public required long RateMillionths { get; init; }

    /// <summary>Prices include it.</summary>
    public required bool IsInclusive { get; init; }

    /// <summary>Businesses of that place with a checked tax id pay it to their own office.</summary>
    public required bool ReverseCharge { get; init; }

    /// <summary>What an invoice must say; may be empty.</summary>
    public required string TextBlock { get; init; }

    public required DateTimeOffset ValidFrom { get; init; }

    /// <summary>The first instant at which it no longer holds.</summary>
    public DateTimeOffset? ValidTo { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid CreatedBy { get; init; }

    public bool Fits(string taxClass) => ProductClass == TaxClasses.All || ProductClass == taxClass;
}

/// <summary>What tax rules tell apart.</summary>
internal static class TaxClasses
{
    public const string All = "*";
    public const string Usage = "usage";
    public const string Subscription = "subscription";
    public const string Credit = "credit";

    public static IReadOnlyList<string> Every { get; } = [All, Usage, Subscription, Credit];
}

internal static class TaxRuleQueries
{
    /// <summary>Rules of a buyer's place at an instant, its region before its country, the newest first.</summary>
    public static async Task<IReadOnlyList<TaxRule>> TaxRulesAsync(this BillingDb db, string country, string region, DateTimeOffset at, CancellationToken cancel)
    {
        var place = region.Length > 0 ? $"{country}-{region}" : country;
        var rules = await db.TaxRules.AsNoTracking()
            .Where(r => (r.Jurisdiction == country || r.Jurisdiction == place) && r.ValidFrom <= at && (r.ValidTo == null || r.ValidTo > at)).ToListAsync(cancel);
        return [.. rules.OrderByDescending(r => r.Jurisdiction.Length).ThenBy(r => r.ProductClass == TaxClasses.All).ThenByDescending(r => r.ValidFrom).ThenByDescending(r => r.Id)];
    }
}
