using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>One version of what is sold for a month or a year. Who has it keeps it until moved.</summary>
internal sealed class Plan
{
    public required Guid Id { get; init; }

    public required string Code { get; init; }

    public required long Version { get; init; }

    public required string Name { get; init; }

    /// <summary>An account has one plan of a family.</summary>
    public required string Family { get; init; }

    public required PlanPeriod Period { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>For a period, whatever the seats; in advance.</summary>
    public required StoredMoney Base { get; init; }

    /// <summary>For a seat and period.</summary>
    public required StoredMoney PerSeat { get; init; }

    public required SeatMode SeatMode { get; init; }

    public required long MinSeats { get; init; }

    public required long TrialDays { get; init; }

    /// <summary>Credit at the begin of each period, good until its end.</summary>
    public required StoredMoney IncludedCredit { get; init; }

    /// <summary>Of each key; null: as the server has it.</summary>
    public required long? RequestsPerMinute { get; init; }

    /// <summary>Bytes in private repositories; null: no limit of the plan's.</summary>
    public required long? PrivateStorage { get; init; }

    /// <summary>Included credit and private storage are for each seat.</summary>
    public required bool IsPerSeat { get; init; }

    /// <summary>By agreement: administrators subscribe accounts to it.</summary>
    public required bool IsContract { get; init; }

    public required bool IsOffered { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public bool IsFree => Base.IsZero && PerSeat.IsZero;

    /// <summary>Whether seats are paid for before they are used.</summary>
    public bool IsInAdvance => SeatMode is SeatMode.Prorated or SeatMode.RenewalSnapshot;

    /// <summary>What a whole period costs in advance.</summary>
    public Money Price(long seats) => new(Base.In(Currency).Picos + (IsInAdvance ? PerSeat.In(Currency).Picos * seats : 0), Currency);

    /// <summary>Credit that comes with a period.</summary>
    public Money Included(long seats) => new(IncludedCredit.In(Currency).Picos * (IsPerSeat ? seats : 1), Currency);

    /// <summary>Bytes in private repositories, with so many seats.</summary>
    public long? Storage(long seats) => PrivateStorage * (IsPerSeat ? seats : 1);
}

internal enum PlanPeriod
{
    Month,
    Year,
}

/// <summary>How seats are charged.</summary>
internal enum SeatMode
{
    /// <summary>In advance; seats added within a period for its rest; a seat that is left may be taken again until the period's end.</summary>
    Prorated,

    /// <summary>Afterwards: the most that were held at once.</summary>
    HighWater,

    /// <summary>In advance, as many as there are when the period begins.</summary>
    RenewalSnapshot,

    /// <summary>Afterwards, by days on which somebody held one.</summary>
    SeatDays,
}
