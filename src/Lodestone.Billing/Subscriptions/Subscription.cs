using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>An account's plan, period after period. Days are local ones of the account.</summary>
internal sealed class Subscription
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required string Family { get; init; }

    public required Guid PlanId { get; set; }

    public required SubscriptionState State { get; set; }

    /// <summary>What periods are counted from.</summary>
    public required DateOnly Anchor { get; set; }

    public required long PeriodNumber { get; set; }

    public required DateOnly PeriodStart { get; set; }

    /// <summary>The day after the last.</summary>
    public required DateOnly PeriodEnd { get; set; }

    /// <summary>The day of the period from which the plan holds.</summary>
    public required DateOnly PlanSince { get; set; }

    /// <summary>Paid for, where they are in advance.</summary>
    public required long Seats { get; set; }

    /// <summary>What was charged of the plan and period: the sum over its seats of their days.</summary>
    public required long SeatDays { get; set; }

    public Guid? NextPlanId { get; set; }

    public DateOnly? ChangesOn { get; set; }

    public DateOnly? CancelsOn { get; set; }

    /// <summary>When something happens of itself next.</summary>
    public required DateTimeOffset DueAt { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? EndedAt { get; set; }

    public DayRange Days => new(PeriodStart, PeriodEnd);

    /// <summary>What the plan includes is the account's.</summary>
    public bool IsGood => State is not SubscriptionState.Canceled;

    /// <summary>The next day on which something happens of itself.</summary>
    public DateOnly DueOn => new[] { PeriodEnd, ChangesOn ?? DateOnly.MaxValue, CancelsOn ?? DateOnly.MaxValue }.Min();
}

internal enum SubscriptionState
{
    Trialing,
    Active,

    /// <summary>Ends with its period.</summary>
    Canceling,

    Canceled,
}

/// <summary>Something to charge for a subscription.</summary>
/// <param name="Days">What it pays for.</param>
/// <param name="Amount">Exact; negative for what is credited.</param>
internal sealed record ChargeLine(ChargeKind Kind, string Item, string Description, long Quantity, Money Amount, DayRange Days);

/// <summary>What a subscription costs, from its plan, seats and days.</summary>
internal static class SubscriptionCharges
{
    /// <summary>A period's, in advance.</summary>
    public static IEnumerable<ChargeLine> Period(Subscription subscription, Plan plan) => Price(ChargeKind.Subscription, subscription, plan, subscription.Seats, subscription.Days, 1);

    /// <summary>A period that is not the present one, in advance.</summary>
    public static IEnumerable<ChargeLine> Whole(Plan plan, long seats, DayRange days) =>
        plan.Price(seats) is { IsZero: false } amount ? [new ChargeLine(ChargeKind.Proration, plan.Code, $"{plan.Name}, {seats} seats, {days.Start:yyyy-MM-dd} to {days.End.AddDays(-1):yyyy-MM-dd}", seats, amount, days)] : [];

    /// <summary>Seats added, from a day to the period's end.</summary>
    public static ChargeLine Added(Subscription subscription, Plan plan, long seats, DateOnly day)
    {
        var days = new DayRange(day, subscription.PeriodEnd);
        var amount = Proration.More(plan.PerSeat.In(plan.Currency), subscription.SeatDays, seats * days.Length, subscription.Days.Length);
        return new ChargeLine(ChargeKind.Seats, $"{plan.Code}.seat", $"{plan.Name}: {seats} more seats from {day:yyyy-MM-dd}", seats, amount, days);
    }

    /// <summary>Seats that are charged afterwards.</summary>
    public static IEnumerable<ChargeLine> Arrears(Subscription subscription, Plan plan, SeatUse use, DayRange days, Func<DateOnly, DateTimeOffset> startOf)
    {
        if (plan.IsInAdvance || days.Length <= 0)
        {
            yield break;
        }

        var seatDays = plan.SeatMode is SeatMode.SeatDays
            ? Math.Max(use.SeatDays(days, startOf), plan.MinSeats * days.Length)
            : Math.Max(use.Most(startOf(days.Start), startOf(days.End)), plan.MinSeats) * days.Length;
        var amount = Proration.Part(plan.PerSeat.In(plan.Currency), seatDays, subscription.Days.Length);
        yield return new ChargeLine(ChargeKind.Seats, $"{plan.Code}.seat", $"{plan.Name}: {seatDays} seat-days", seatDays, amount, days);
    }

    /// <summary>The rest of the old plan back and the rest of the new one, the day of change being the new one's.</summary>
    public static IEnumerable<ChargeLine> Change(Subscription subscription, Plan old, Plan plan, long seats, DateOnly day)
    {
        var rest = new DayRange(day, subscription.PeriodEnd);
        return Rest(subscription, old, day).Concat(Price(ChargeKind.Proration, subscription, plan, seats, rest, 1));
    }

    /// <summary>What was paid for days that will not be used.</summary>
    public static IEnumerable<ChargeLine> Rest(Subscription subscription, Plan plan, DateOnly day) =>
        Price(ChargeKind.Proration, subscription, plan, subscription.Seats, new DayRange(day, subscription.PeriodEnd), -1);

    private static IEnumerable<ChargeLine> Price(ChargeKind kind, Subscription subscription, Plan plan, long seats, DayRange days, int sign)
    {
        var amount = Proration.Part(plan.Price(seats), days.Length, subscription.Days.Length);
        var text = sign < 0 ? $"{plan.Name}: unused from {days.Start:yyyy-MM-dd}" : $"{plan.Name}, {seats} seats, {days.Start:yyyy-MM-dd} to {days.End.AddDays(-1):yyyy-MM-dd}";
        return amount.IsZero ? [] : [new ChargeLine(kind, plan.Code, text, sign * seats, new Money(sign * amount.Picos, amount.Currency), days)];
    }
}
