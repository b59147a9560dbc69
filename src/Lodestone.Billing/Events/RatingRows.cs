namespace Lodestone.Billing;

/// <summary>How far rating has read the log.</summary>
internal sealed class RatingPosition
{
    /// <summary>Empty: there is one log.</summary>
    public required Guid Id { get; init; }

    public required long Position { get; set; }
}

/// <summary>What rating made of the events that were taken in on a day.</summary>
internal sealed class EventCount
{
    /// <summary>UTC, by when it was taken in.</summary>
    public required DateOnly Day { get; init; }

    /// <summary>Counted, and charged where a meter says so.</summary>
    public long Rated { get; set; }

    /// <summary>Waiting for an account, a meter or a price.</summary>
    public long Quarantined { get; set; }

    public long Voided { get; set; }

    /// <summary>Versions that a later one stands in for.</summary>
    public long Superseded { get; set; }
}

/// <summary>An event that has no price: it waits, in sight of operators, until it has one.</summary>
internal sealed class UnratedEvent
{
    /// <summary>What its rated rows will be called.</summary>
    public required Guid Id { get; init; }

    /// <summary>In the log.</summary>
    public required long Position { get; init; }

    public required Guid AccountId { get; init; }

    public required string Type { get; init; }

    /// <summary>The name that the event gives.</summary>
    public required string Product { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset Time { get; init; }

    public required DateTimeOffset Since { get; init; }
}
