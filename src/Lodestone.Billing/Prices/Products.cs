using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>What can be sold: models by name. Modules that know models tell of them here, because billing asks nobody above it.</summary>
public sealed class Products
{
    private readonly BillingSteps _steps;
    private readonly TimeProvider _clock;

    internal Products(BillingSteps steps, TimeProvider clock)
    {
        _steps = steps;
        _clock = clock;
    }

    /// <summary>Makes a model known, or its new name. Telling twice is the same as telling once.</summary>
    /// <param name="productId">The model's repository.</param>
    /// <param name="name"><c>owner/name</c>.</param>
    /// <param name="sellerId">The namespace that owns it.</param>
    public Task RegisterAsync(Guid productId, string name, Guid sellerId, CancellationToken cancel) => _steps.WriteAsync(
        async (db, token) =>
        {
            await db.Products.Where(p => p.Name == name && p.Id != productId).ExecuteDeleteAsync(token); // the name went to another model
            if (await db.Products.SingleOrDefaultAsync(p => p.Id == productId, token) is not { } known)
            {
                db.Products.Add(new Product { Id = productId, Name = name, SellerId = sellerId, SeenAt = _clock.GetUtcNow() });
            }
            else
            {
                known.Name = name;
                known.SellerId = sellerId;
            }

            return await db.SaveChangesAsync(token);
        },
        cancel);
}

/// <summary>Something that has, or wants, a price.</summary>
internal sealed class Product
{
    public required Guid Id { get; init; }

    /// <summary><c>owner/name</c>.</summary>
    public required string Name { get; set; }

    public required Guid SellerId { get; set; }

    public required DateTimeOffset SeenAt { get; init; }
}
