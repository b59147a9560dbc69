using System.Text.Json;

namespace Lodestone.Billing;

/// <summary>What is counted of the events of a type. Never changed: another version counts events from its instant on.</summary>
internal sealed class MeterVersion
{
    public required Guid Id { get; init; }

    public required string Slug { get; init; }

    /// <summary>Counts from 1 within the slug.</summary>
    public required long Version { get; init; }

    public required string EventType { get; init; }

    public required Aggregation Aggregation { get; init; }

    /// <summary>Where in an event's data the quantity is, as <c>quantities.input</c>; null where events are counted.</summary>
    public string? ValuePath { get; init; }

    /// <summary>Paths by which it may be broken down, a JSON array.</summary>
    public required string GroupBy { get; init; }

    /// <summary>Paths and the texts that must be there for an event to count, a JSON object.</summary>
    public required string Filter { get; init; }

    /// <summary>What the quantity is of, such as <c>tokens</c>.</summary>
    public required string Unit { get; init; }

    /// <summary>The product whose price its quantities are charged at; null, and no path either: they are not charged.</summary>
    public string? Product { get; init; }

    /// <summary>Where in an event's data the product's name is.</summary>
    public string? ProductPath { get; init; }

    /// <summary>The class of the product's price.</summary>
    public required string Class { get; init; }

    /// <summary>Events that happened then or later.</summary>
    public required DateTimeOffset StartsAt { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid CreatedBy { get; init; }

    public bool IsCharged => Product is not null || ProductPath is not null;

    public IReadOnlyList<string> Groups => JsonSerializer.Deserialize(GroupBy, BillingJson.Default.ListString) ?? [];

    public IReadOnlyDictionary<string, string> Filters =>
        JsonSerializer.Deserialize(Filter, BillingJson.Default.DictionaryStringString) ?? new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>How quantities become one.</summary>
internal enum Aggregation
{
    Sum,
    Count,
    Max,

    /// <summary>That of the last event.</summary>
    Latest,

    /// <summary>How many different ones there are.</summary>
    Unique,

    /// <summary>Each times the seconds until the next one.</summary>
    WeightedSum,

    /// <summary>Whole, rounded half to even.</summary>
    Avg,
}
