using System.Text.Json;

namespace Lodestone.Billing;

/// <summary>What an event is charged as.</summary>
/// <param name="Product">The name of what was used; null: of nothing that is charged.</param>
/// <param name="Quantities">By class, in the order of the meters.</param>
internal sealed record EventUsage(string? Product, IReadOnlyList<(string Class, long Quantity)> Quantities)
{
    /// <exception cref="UnratableException">Its meters do not say of which one product it is.</exception>
    public static EventUsage Of(CloudEvent e, MeterSnapshot meters)
    {
        var charged = meters.At(e.Type, e.Time).Where(m => m.IsCharged).ToList();
        if (charged.Count == 0)
        {
            return new EventUsage(null, []);
        }

        using var document = JsonDocument.Parse(e.Data);
        var data = document.RootElement;
        var parts = charged.Where(m => Matches(data, m)).Select(m => (Product: m.Product ?? data.TextAt(m.ProductPath!), m.Class, Quantity: QuantityOf(data, m))) // a charged meter has one of the two
            .Where(p => p.Quantity != 0).ToList();
        var products = parts.Select(p => p.Product).Distinct(StringComparer.Ordinal).ToList();
        return products switch
        {
            [] => new EventUsage(null, []),
            [null] => throw new UnratableException("no_product", ""),
            [var product] => new EventUsage(product, [.. parts.GroupBy(p => p.Class, StringComparer.Ordinal).Select(g => (g.Key, g.Sum(p => p.Quantity)))]),
            _ => throw new UnratableException("several_products", string.Join(", ", products)),
        };
    }

    private static long QuantityOf(JsonElement data, MeterVersion meter) =>
        meter.ValuePath is not { } path ? 1 : data.At(path) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var quantity) ? quantity : 0;

    private static bool Matches(JsonElement data, MeterVersion meter) => meter.Filters.All(f => data.TextAt(f.Key) == f.Value);
}

/// <summary>An event cannot be charged yet.</summary>
/// <param name="reason">Snake case; shown to operators.</param>
/// <param name="product">The name that the event gives.</param>
internal sealed class UnratableException(string reason, string product) : Exception($"{reason}: {product}")
{
    public string Reason => reason;

    public string Product => product;
}
