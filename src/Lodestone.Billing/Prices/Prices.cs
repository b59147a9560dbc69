using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>The price book: versions of prices that are published, take effect, and are never changed.</summary>
public sealed class Prices
{
    /// <summary>The highest price per million tokens: a unit per token. Above it somebody has mistaken the unit.</summary>
    internal static readonly Money Highest = Money.FromStored(1_000_000, 0, BillingOptions.Currency);

    private const int SuspiciousFactor = 3;

    private static readonly RefusalCode TakesEffectInPast = new("effective_in_past", 422);
    private static readonly RefusalCode Negative = new("amount_negative", 422);
    private static readonly RefusalCode TooHigh = new("price_too_high", 422);
    private static readonly RefusalCode UnknownCurrency = new("unknown_currency", 422);
    private static readonly RefusalCode ConfirmationRequired = new("confirmation_required", 409);

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
            .Where(v => productIds.Contains(v.ProductId) && v.EffectiveFrom <= now).ToListAsync(cancel));
        return versions.GroupBy(v => v.ProductId)
            .ToDictionary(g => g.Key, g => ModelPrice.Of(g.OrderBy(v => v.EffectiveFrom).ThenBy(v => v.Version).Last()));
    }

    /// <summary>Publishes the next version of a model's price, effective now or later.</summary>
    /// <exception cref="Refusal">
    /// <c>forbidden</c>, <c>effective_in_past</c>, <c>amount_negative</c>, <c>price_too_high</c>, <c>unknown_currency</c>;
    /// <c>confirmation_required</c> when a price changes more than threefold and that was not confirmed.
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

        Check(price.InputPerMillion, "inputPerMillion");
        Check(price.OutputPerMillion, "outputPerMillion");
        return _steps.WriteAsync((db, token) => PublishAsync(db, price, administrator, token), cancel);
    }

    private async Task<Guid> PublishAsync(BillingDb db, NewModelPrice price, Caller administrator, CancellationToken cancel)
    {
        var now = _clock.GetUtcNow();
        var effectiveFrom = price.EffectiveFrom ?? now;
        if (effectiveFrom < now)
        {
            throw new Refusal(TakesEffectInPast, $"A price cannot take effect in the past: {Instants.ToWire(effectiveFrom)} is before {Instants.ToWire(now)}. Leave the instant out to mean now.") { Param = "effectiveFrom" };
        }

        var before = await db.PriceVersions.At(price.ProductId, effectiveFrom).AsNoTracking().FirstOrDefaultAsync(cancel);
        if (before is not null && !price.IsConfirmed)
        {
            CheckChange("input", before.Input.In(before.Currency), price.InputPerMillion);
            CheckChange("output", before.Output.In(before.Currency), price.OutputPerMillion);
        }

        var version = new PriceVersion
        {
            Id = Guid.CreateVersion7(now),
            ProductId = price.ProductId,
            Version = 1 + (await db.PriceVersions.Where(v => v.ProductId == price.ProductId).MaxAsync(v => (long?)v.Version, cancel) ?? 0),
            Currency = price.InputPerMillion.Currency,
            Input = price.InputPerMillion,
            Output = price.OutputPerMillion,
            PerQuantity = PriceVersion.PerMillion,
            EffectiveFrom = effectiveFrom,
            PublishedAt = now,
            PublishedBy = administrator.Id,
            PublisherName = administrator.Name,
            Reason = price.Reason,
        };
        db.PriceVersions.Add(version);
        return await db.TrySaveAsync(cancel)
            ? version.Id
            : throw new Refusal(RefusalCode.Conflict, "Somebody else has just published a price for this model. Look at it, then publish again.");
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

    private static void CheckChange(string what, Money before, Money after)
    {
        if (after.Picos > before.Picos * SuspiciousFactor || before.Picos > after.Picos * SuspiciousFactor)
        {
            throw new Refusal(ConfirmationRequired, $"The {what} price would go from {before} to {after} per million tokens, more than threefold. Publish again with \"confirm\": true if that is meant.") { Param = "confirm" };
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
