using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>Models with all versions of their prices, for administrators.</summary>
internal sealed class PriceBook(BillingSteps steps, TimeProvider clock)
{
    /// <summary>The slug of the book that everybody pays by who has no other.</summary>
    public const string List = "list";

    /// <summary>By name; models without a price too.</summary>
    /// <param name="at">The instant whose prices are the current ones; now unless given.</param>
    public Task<List<PricedModel>> AllAsync(Caller administrator, CancellationToken cancel, DateTimeOffset? at = null)
    {
        administrator.Administrator();
        return steps.ReadAsync(async db =>
        {
            var products = await db.Products.AsNoTracking().OrderBy(p => p.Name).ToListAsync(cancel);
            var versions = (await db.PriceVersions.AsNoTracking().Where(v => v.Book == List).ToListAsync(cancel)).ToLookup(v => v.ProductId);
            return products.ConvertAll(p => PricedModel.Of(p, versions[p.Id], at ?? clock.GetUtcNow()));
        });
    }

    /// <exception cref="Refusal"><c>not_found</c>.</exception>
    public Task<PricedModel> FindAsync(string name, Caller administrator, CancellationToken cancel)
    {
        administrator.Administrator();
        return steps.ReadAsync(async db =>
        {
            var product = await db.Products.AsNoTracking().SingleOrDefaultAsync(p => p.Name == name, cancel)
                ?? throw new Refusal(RefusalCode.NotFound, $"No model called {name} is known here. A model is known once it has been published with a file that can be served.") { Param = "model" };
            return PricedModel.Of(product, await db.PriceVersions.AsNoTracking().Where(v => v.ProductId == product.Id && v.Book == List).ToListAsync(cancel), clock.GetUtcNow());
        });
    }
}

/// <param name="Versions">Newest first.</param>
/// <param name="Current">The one that new calls pay.</param>
internal sealed record PricedModel(Product Product, IReadOnlyList<PriceVersion> Versions, PriceVersion? Current)
{
    public static PricedModel Of(Product product, IEnumerable<PriceVersion> versions, DateTimeOffset now)
    {
        var newestFirst = versions.OrderByDescending(v => v.EffectiveFrom).ThenByDescending(v => v.Version).ToList();
        return new PricedModel(product, newestFirst, newestFirst.Find(v => v.EffectiveFrom <= now));
    }
}
