using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>The most that may be spent within a period, of what it is about.</summary>
internal sealed class SpendLimit
{
    public required Guid Id { get; init; }

    /// <summary>Whose spending; empty: everybody's.</summary>
    public required Guid AccountId { get; init; }

    public required LimitScope Scope { get; init; }

    /// <summary>Of the key, person, account or model; empty where there is only one.</summary>
    public required Guid ScopeId { get; init; }

    /// <summary>As it was called when the limit was set.</summary>
    public required string ScopeName { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>Zero refuses everything.</summary>
    public required StoredMoney Amount { get; set; }

    public required LimitPeriod Period { get; init; }

    public required LimitKind Kind { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required Guid CreatedBy { get; init; }

    /// <summary>The day, as it is stored, on which the period began that has a local day.</summary>
    public static long StartOf(LimitPeriod period, DateOnly day) => period switch
    {
        LimitPeriod.Week => Days.Number(day) - (((int)day.DayOfWeek + 6) % 7), // weeks begin on Monday
        LimitPeriod.Month => Days.Number(Days.Month(day)),
        LimitPeriod.Total => 0,
        _ => Days.Number(day),
    };

    /// <summary>The first start whose spending counts on a day.</summary>
    public static long FirstOf(LimitPeriod period, DateOnly day) => period is LimitPeriod.Rolling30d ? Days.Number(day) - 29 : StartOf(period, day);

    /// <summary>The day on which there is more to spend; null: none is.</summary>
    public static DateOnly? NextOf(LimitPeriod period, DateOnly day) => period switch
    {
        LimitPeriod.Week => Days.FromNumber(StartOf(period, day) + 7),
        LimitPeriod.Month => Days.Month(day).AddMonths(1),
        LimitPeriod.Total => null,
        _ => day.AddDays(1),
    };
}

/// <summary>What a limit is about, the narrowest first: the first that has no room is named. A group of resources would come before the organization.</summary>
internal enum LimitScope
{
    Key,
    User,
    ServiceAccount,
    Organization,
    Model,
    Product,
    Instance,
}

internal enum LimitPeriod
{
    Day,
    Week,
    Month,
    Total,
    Rolling30d,
}

internal enum LimitKind
{
    /// <summary>Calls that might exceed it are refused.</summary>
    Hard,

    /// <summary>Only told of.</summary>
    Soft,
}

/// <summary>What was spent of a limit in one period.</summary>
internal sealed class LimitUse
{
    public required Guid LimitId { get; init; }

    /// <summary>See <see cref="SpendLimit.StartOf"/>.</summary>
    public required long Start { get; init; }

    public StoredMoney Used { get; set; }

    /// <summary>What running calls may still take.</summary>
    public StoredMoney Held { get; set; }
}
