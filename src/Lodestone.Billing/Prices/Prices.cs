using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The price book: versions of prices that are published, take effect, and are never changed.</summary>
public sealed class Prices
{
    /// <summary>The highest price per million tokens: a unit per token. Above it somebody has mistaken the unit.</summary>
    internal static readonly Money Highest = Money.FromStored(1_000_000, 0, BillingOptions.Currency);

    private static readonly RefusalCode Negative = new("amount_negative", 422);
    private static readonly RefusalCode TooHigh = new("price_too_high", 422);
    private static readonly RefusalCode UnknownCurrency = new("unknown_currency", 422);

    private readonly BillingSteps _steps;
    private readonly TimeProvider _clock;

    internal Prices(BillingSteps steps, TimeProvider clock)
    {
        _steps = steps;
        _clock = clock;
    }

    /// <summary>The price of calls that begin at an instant; <see langword="null"/> when there is none, and then calls are refused.</summary>
    public Task<ModelPrice?> FindAsync(Guid productId, DateTimeOffset at, CancellationToken cancel) =>
        _steps.ReadAsync(async db => await db.PriceVersions.At(productId, at).AsNoTracking().FirstOrDefaultAsync(cancel) is { } version ? ModelPrice.Of(version) : null);

    /// <summary>Present prices by product; products without one are absent.</summary>
    public async Task<IReadOnlyDictionary<Guid, ModelPrice>> CurrentAsync(IReadOnlyCollection<Guid> productIds, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        var versions = await _steps.ReadAsync(db => db.PriceVersions.AsNoTracking()
            .Where(v => productIds.Contains(v.ProductId) && v.Book == PriceBook.List && v.EffectiveFrom <= now).ToListAsync(cancel));
        return versions.GroupBy(v => v.ProductId)
            .ToDictionary(g => g.Key, g => ModelPrice.Of(g.OrderBy(v => v.EffectiveFrom).ThenBy(v => v.Version).Last()));
    }

    /// <summary>Publishes the next version of a model's price, effective now or later.</summary>
    /// <exception cref="Refusal">
    /// <c>forbidden</c>, <c>effective_in_past</c>, <c>amount_negative</c>, <c>price_too_high</c>, <c>unknown_currency</c>;
    /// <c>confirmation_required</c> when something looks like a mistake, see <see cref="PriceDoubts"/>, and that was not confirmed.
    /// </exception>
    public Task PublishAsync(NewModelPrice price, Caller administrator, CancellationToken cancel)
    {
        if (!administrator.IsAdministrator)
        {
            throw new Refusal(RefusalCode.Forbidden, "Only an administrator of this server publishes prices.");
        }

        if (string.IsNullOrWhiteSpace(price.Reason))
        {
            throw new Refusal(RefusalCode.Unprocessable, "Give a reason: others will read it in the price's history.") { Param = "reason" };
        }

        Check(price);
        return _steps.WriteAsync((db, token) => PublishAsync(db, price, administrator, token), cancel);
    }

    /// <exception cref="Refusal"><c>amount_negative</c>, <c>price_too_high</c>, <c>unknown_currency</c>.</exception>
    internal static void Check(NewModelPrice price)
    {
        Check(price.InputPerMillion, "inputPerMillion");
        Check(price.OutputPerMillion, "outputPerMillion");
    }

    private async Task<Publication> PublishAsync(BillingDb db, NewModelPrice price, Caller administrator, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        var from = price.EffectiveFrom ?? now;
        if (from < now)
        {
            throw PriceDraft.InPast(from, now);
        }

        var product = await db.Products.AsNoTracking().SingleOrDefaultAsync(p => p.Id == price.ProductId, cancel)
            ?? new Product { Id = price.ProductId, Name = "the model", SellerId = Guid.Empty, SeenAt = now };
        var change = await PriceDraft.ChangeAsync(
            db, PriceBook.List, product, [KeyWire.PerMillion(UsageClass.Input, price.InputPerMillion), KeyWire.PerMillion(UsageClass.Output, price.OutputPerMillion)], new HashSet<PriceLine>(), from, cancel);
        var draft = new PriceDraft(PriceBook.List, from, [change]);
        if (!price.IsConfirmed && draft.Doubts is [var doubt, ..])
        {
            throw Publications.MustConfirm(doubt);
        }

        return await Publishing.AddAsync(db, draft, new NewPublication(null, price.Reason, Confirm: price.IsConfirmed), Publisher.Of(administrator), now, cancel);
    }

    /// <summary>The price, if it can be one.</summary>
    internal static Money Checked(Money price, string param)
    {
        Check(price, param);
        return price;
    }

    private static void Check(Money price, string param)
    {
        if (price.Currency != BillingOptions.Currency)
        {
            throw new Refusal(UnknownCurrency, $"Prices here are in {BillingOptions.Currency}, not {price.Currency}.") { Param = param };
        }

        if (price.Picos < 0)
        {
            throw new Refusal(Negative, $"A price cannot be negative: {price}. For a model that costs nothing give 0.") { Param = param };
        }

        if (price > Highest)
        {
            throw new Refusal(TooHigh, $"{price} per million tokens is above the highest price, {Highest}. Prices are per million tokens, not per token.") { Param = param };
        }
    }
}

/// <summary>A model's price.</summary>
/// <param name="VersionId">The version that events name.</param>
/// <param name="InputPerMillion">For a million tokens of prompt.</param>
/// <param name="OutputPerMillion">For a million generated tokens.</param>
/// <param name="EffectiveFrom">For calls that begin then or later.</param>
public sealed record ModelPrice(Guid VersionId, Money InputPerMillion, Money OutputPerMillion, DateTimeOffset EffectiveFrom)
{
    internal static ModelPrice Of(PriceVersion version) =>
        new(version.Id, version.Input.In(version.Currency), version.Output.In(version.Currency), version.EffectiveFrom);
}

/// <summary>A price to publish.</summary>
public sealed record NewModelPrice
{
    /// <summary>The model's repository.</summary>
    public required Guid ProductId { get; init; }

    public required Money InputPerMillion { get; init; }

    public required Money OutputPerMillion { get; init; }

    /// <summary>Absent means now.</summary>
    public DateTimeOffset? EffectiveFrom { get; init; }

    /// <summary>For those who read the history.</summary>
    public required string Reason { get; init; }

    /// <summary>A change of more than threefold is meant.</summary>
    public bool IsConfirmed { get; init; }
}
