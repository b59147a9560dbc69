using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>What was invoiced for days that are still to come: it becomes revenue day by day, in equal parts that add up exactly.</summary>
internal sealed class Deferral
{
    /// <summary>Of the charge.</summary>
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    public required Currency Currency { get; init; }

    public required StoredMoney Amount { get; init; }

    /// <summary>Its first local day.</summary>
    public required DateOnly StartsOn { get; init; }

    public required long Days { get; init; }

    /// <summary>How many of them are revenue by now.</summary>
    public long Recognized { get; set; }

    public static Deferral? Of(Charge? charge, Customer customer)
    {
        if (charge is not { Kind: ChargeKind.Subscription or ChargeKind.Seats or ChargeKind.Proration })
        {
            return null;
        }

        var (first, end) = (customer.DayOf(charge.PeriodStart), customer.DayOf(charge.PeriodEnd));
        return new Deferral
        {
            Id = charge.Id, AccountId = charge.AccountId, Currency = charge.Currency, Amount = charge.Amount, StartsOn = first, Days = Math.Max(1, end.DayNumber - first.DayNumber),
        };
    }

    /// <summary>What the first days come to, rounded half to even: the cumulative rule of rating.</summary>
    public Money Through(long days)
    {
        var picos = Amount.In(Currency).Picos;
        var size = new Price(Int128.Abs(picos), Days).Total(Math.Clamp(days, 0, Days));
        return new Money(picos < 0 ? -size : size, Currency);
    }

    public Money Left => Amount.In(Currency) - Through(Recognized);
}
