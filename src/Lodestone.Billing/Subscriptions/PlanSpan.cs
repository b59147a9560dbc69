using System.Globalization;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// Days of one period under one version of a plan, and what was charged of them so far. What is due follows from the days and
/// from who held seats on them; the difference is charged, in whatever order that became known.
/// </summary>
internal sealed class PlanSpan
{
    public required Guid Id { get; init; }

    public required Guid SubscriptionId { get; init; }

    public required Guid AccountId { get; init; }

    public required string Family { get; init; }

    public required Guid PlanId { get; init; }

    /// <summary>IANA name: where its days begin.</summary>
    public required string TimeZone { get; init; }

    public required DateOnly PeriodStart { get; init; }

    /// <summary>The day after the period's last.</summary>
    public required DateOnly PeriodEnd { get; init; }

    public required DateOnly Since { get; init; }

    /// <summary>Seats that were left before are not its.</summary>
    public required DateTimeOffset SinceAt { get; init; }

    /// <summary>The day after its last.</summary>
    public required DateOnly Until { get; set; }

    public required bool IsTrial { get; init; }

    /// <summary>It is over: what is paid for afterwards is due.</summary>
    public bool IsClosed { get; set; }

    /// <summary>As of its last day.</summary>
    public long Seats { get; private set; }

    /// <summary>Days for which the base price was charged.</summary>
    public long BaseDays { get; private set; }

    /// <summary>Days for which seats were charged, summed over the seats.</summary>
    public long SeatDays { get; private set; }

    public long ChargeCount { get; set; }

    /// <summary>The credit that came with it.</summary>
    public Guid? GrantId { get; set; }

    /// <summary>The first day that the credit is for.</summary>
    public DateOnly CreditSince { get; set; }

    /// <summary>The day after the last that the account has had credit for, and is given none again.</summary>
    public DateOnly CreditUntil { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What was told of seats later is not charged yet.</summary>
    public required DateTimeOffset SettledAt { get; set; }

    public long Length => PeriodEnd.DayNumber - PeriodStart.DayNumber;

    public LocalDays Calendar() => new(TimeZone);

    public DayRange Days() => new(Since, Until);

    /// <summary>Charges what is due and was not charged, and gives back what was charged and is not due.</summary>
    /// <param name="ahead">What the difference is for, of what is paid in advance; the rest is for all days.</param>
    /// <returns>A line for the base price and one for seats, where they make a difference.</returns>
    public IReadOnlyList<ChargeLine> Settle(Plan plan, SeatUse use, DayRange ahead)
    {
        var seats = Due(plan, use);
        Seats = seats.Count > 0 ? seats[^1] : Math.Max(plan.MinSeats, use.At(SinceAt));
        if (IsTrial)
        {
            return [];
        }

        var (baseDays, seatDays) = (BaseDays, SeatDays);
        (BaseDays, SeatDays) = (Days().Length, plan.IsInAdvance || IsClosed ? seats.Sum() : 0);
        var days = plan.IsInAdvance ? ahead : Days();
        var (fixedPrice, seatPrice) = (plan.Base.In(plan.Currency), plan.PerSeat.In(plan.Currency));
        return
        [
            .. Line(plan, plan.Code, Proration.Difference(fixedPrice, baseDays, BaseDays, Length), 1, ahead, $"{plan.Name}, {Range(ahead)}"),
            .. Line(plan, $"{plan.Code}.seat", Proration.Difference(seatPrice, seatDays, SeatDays, Length), SeatQuantity(plan, days, SeatDays - seatDays), days, SeatText(plan, days, SeatDays - seatDays)),
        ];
    }

    /// <summary>What was charged of it, from the days that it remembers.</summary>
    public Money Charged(Plan plan) => Proration.Part(plan.Base.In(plan.Currency), BaseDays, Length) + Proration.Part(plan.PerSeat.In(plan.Currency), SeatDays, Length);

    /// <summary>Seats of each of its days, by the plan's mode.</summary>
    public IReadOnlyList<long> Due(Plan plan, SeatUse use)
    {
        var held = use.Of(Days(), SinceAt, Calendar());
        return plan.SeatMode switch
        {
            SeatMode.Prorated => Growing(held, Math.Max(plan.MinSeats, use.At(SinceAt))),
            SeatMode.RenewalSnapshot => [.. held.Select(_ => Math.Max(plan.MinSeats, use.At(SinceAt)))],
            SeatMode.HighWater => [.. held.Select(_ => Math.Max(plan.MinSeats, held.Max(d => d.AtOnce)))],
            _ => [.. held.Select(d => Math.Max(plan.MinSeats, d.People))],
        };
    }

    // A seat that was paid for stays until the period ends: who comes for somebody who has left takes theirs.
    private static List<long> Growing(IEnumerable<DaySeats> held, long seats) => [.. held.Select(d => seats = Math.Max(seats, d.AtOnce))];

    private IEnumerable<ChargeLine> Line(Plan plan, string item, Money amount, long quantity, DayRange days, string text)
    {
        if (!amount.IsZero)
        {
            var isOfSeats = item != plan.Code;
            var kind = ChargeCount == 0 && Since == PeriodStart && (plan.IsInAdvance || !isOfSeats) ? ChargeKind.Subscription
                : isOfSeats && amount.Picos > 0 && (ChargeCount > 0 || !plan.IsInAdvance) ? ChargeKind.Seats
                : ChargeKind.Proration;
            yield return new ChargeLine(kind, item, text, quantity, amount, days);
        }
    }

    private static long SeatQuantity(Plan plan, DayRange days, long seatDays) =>
        plan.IsInAdvance && days.Length > 0 && seatDays % days.Length == 0 ? seatDays / days.Length : seatDays;

    private static string SeatText(Plan plan, DayRange days, long seatDays)
    {
        var quantity = SeatQuantity(plan, days, seatDays);
        var counted = plan.IsInAdvance && quantity != seatDays ? Counted(quantity, "seat") : Counted(seatDays, "seat-day");
        return $"{plan.Name}, {counted}, {Range(days)}";
    }

    private static string Range(DayRange days) => string.Create(CultureInfo.InvariantCulture, $"{days.Start:yyyy-MM-dd} to {(days.Length > 0 ? days.End.AddDays(-1) : days.Start):yyyy-MM-dd}");

    private static string Counted(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(Math.Abs(count) == 1 ? "" : "s")}");
}

/// <summary>Something to charge for a subscription.</summary>
/// <param name="Item">Such as <c>team</c>, <c>team.seat</c> or <c>team.credit</c>.</param>
/// <param name="Quantity">Seats, or seat-days where their number changed within the days.</param>
/// <param name="Amount">Exact; negative for what is credited.</param>
/// <param name="Days">What it pays for.</param>
internal sealed record ChargeLine(ChargeKind Kind, string Item, string Description, long Quantity, Money Amount, DayRange Days);
