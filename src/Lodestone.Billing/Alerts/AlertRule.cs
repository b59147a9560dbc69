using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What an account asked to be told of, besides what everybody is told.</summary>
internal sealed class AlertRule
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required AlertKind Kind { get; init; }

    /// <summary>The limit that it is about; null: all that the account spends.</summary>
    public Guid? LimitId { get; init; }

    /// <summary>Percentages of the limit, rising, as <c>50,80</c>.</summary>
    public required string Marks { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>An hour that costs less is no anomaly.</summary>
    public required StoredMoney Floor { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid CreatedBy { get; init; }
}

/// <summary>What metered events of an account cost that happened in one hour.</summary>
internal sealed class HourSpend
{
    public required Guid AccountId { get; init; }

    /// <summary>Hours since 1970-01-01 00:00 UTC.</summary>
    public required long Hour { get; init; }

    public StoredMoney Amount { get; set; }
}

/// <summary>Who sends events of a type, and how regularly.</summary>
internal sealed class MeterSource
{
    /// <summary>Made of the three below.</summary>
    public required Guid Id { get; init; }

    public required Guid TenantId { get; init; }

    public required string Source { get; init; }

    public required string Type { get; init; }

    public required DateTimeOffset FirstAt { get; init; }

    public required DateTimeOffset LastAt { get; set; }

    public required long Events { get; set; }

    /// <summary>Microseconds between two arrivals, the most that there were.</summary>
    public long LongestGap { get; set; }
}
