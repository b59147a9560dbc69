namespace Lodestone.Billing;

/// <summary>Somebody came to hold a seat of an account, or left it. Never changed.</summary>
internal sealed class SeatChange
{
    /// <summary>That of the event which told of it: told twice, it is here once.</summary>
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required Guid UserId { get; init; }

    public required bool IsHeld { get; init; }

    public required DateTimeOffset At { get; init; }

    public required DateTimeOffset RecordedAt { get; init; }
}
