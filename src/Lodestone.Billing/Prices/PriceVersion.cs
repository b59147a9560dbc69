using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What a product costs from an instant on. Never changed: a new price is a new version.</summary>
internal sealed class PriceVersion
{
    public const long PerMillion = 1_000_000;

    public required Guid Id { get; init; }

    public required Guid ProductId { get; init; }

    /// <summary>1, 2, 3 … within the product; of two that take effect together, the later counts.</summary>
    public required long Version { get; init; }

    public required Currency Currency { get; init; }

    public required StoredMoney Input { get; init; }

    public required StoredMoney Output { get; init; }

    /// <summary>Tokens that <see cref="Input"/> and <see cref="Output"/> are for.</summary>
    public required long PerQuantity { get; init; }

    public required DateTimeOffset EffectiveFrom { get; init; }

    public required DateTimeOffset PublishedAt { get; init; }

    public required Guid PublishedBy { get; init; }

    public required string PublisherName { get; init; }

    public required string Reason { get; init; }

    /// <summary>The price of a class. What is read from or written to a cache costs what input does, and reasoning what output does.</summary>
    public Price Of(string usageClass) => Find(usageClass) ?? throw new InvalidOperationException($"Price version {Id} has no price for {usageClass}.");

    /// <inheritdoc cref="Of"/>
    public Price? Find(string usageClass) => usageClass switch
    {
        UsageClass.Input or UsageClass.InputCached or UsageClass.CacheWrite => new Price(Input.In(Currency).Picos, PerQuantity),
        UsageClass.Output or UsageClass.Reasoning => new Price(Output.In(Currency).Picos, PerQuantity),
        _ => null,
    };

    /// <summary>What a call with these tokens costs at the very most.</summary>
    public Money AtMost(long inputTokens, long outputTokens) =>
        new(Of(UsageClass.Input).AtMost(inputTokens) + Of(UsageClass.Output).AtMost(outputTokens), Currency);
}

internal static class PriceQueries
{
    /// <summary>The versions of a product that have taken effect, the one that counts first.</summary>
    public static IQueryable<PriceVersion> At(this IQueryable<PriceVersion> versions, Guid productId, DateTimeOffset time) =>
        versions.Where(v => v.ProductId == productId && v.EffectiveFrom <= time)
            .OrderByDescending(v => v.EffectiveFrom).ThenByDescending(v => v.Version);
}
