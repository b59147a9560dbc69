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

    public Price Of(TokenClass tokens) => new((tokens is TokenClass.Input ? Input : Output).In(Currency).Picos, PerQuantity);

    /// <summary>What a call with these tokens costs at the very most.</summary>
    public Money AtMost(long inputTokens, long outputTokens) =>
        new(Of(TokenClass.Input).AtMost(inputTokens) + Of(TokenClass.Output).AtMost(outputTokens), Currency);
}

/// <summary>What is priced separately. The classes are disjoint.</summary>
internal enum TokenClass
{
    Input,
    Output,
}

internal static class PriceQueries
{
    /// <summary>The versions of a product that have taken effect, the one that counts first.</summary>
    public static IQueryable<PriceVersion> At(this IQueryable<PriceVersion> versions, Guid productId, DateTimeOffset time) =>
        versions.Where(v => v.ProductId == productId && v.EffectiveFrom <= time)
            .OrderByDescending(v => v.EffectiveFrom).ThenByDescending(v => v.Version);
}
