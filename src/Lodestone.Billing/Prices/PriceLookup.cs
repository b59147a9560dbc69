namespace Lodestone.Billing;

/// <summary>Finds the version that an account pays: its contract's, else its plan's, else the list's, each as of the event's time.</summary>
internal static class PriceLookup
{
    public static async Task<PriceVersion?> PriceAsync(this BillingDb db, Guid accountId, Guid productId, DateTimeOffset time, CancellationToken cancel)
    {
        var assigned = (await db.Rating.BooksAsync(accountId, cancel)).Where(a => a.EffectiveFrom <= time && !(a.EndsAt <= time));
        foreach (var book in assigned.OrderBy(a => a.Kind).ThenByDescending(a => a.EffectiveFrom).Select(a => a.Book).Append(PriceBook.List))
        {
            if ((await db.Rating.PricesAsync(productId, book, cancel)).FirstOrDefault(v => v.EffectiveFrom <= time) is { } version)
            {
                return version;
            }
        }

        return null;
    }
}
