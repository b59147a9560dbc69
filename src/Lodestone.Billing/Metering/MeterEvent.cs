using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>One call that happened: who called what, and how many tokens it took. Written once, never changed.</summary>
internal sealed class MeterEvent
{
    public required Guid Id { get; init; }

    public required string RequestId { get; init; }

    public required Guid AccountId { get; init; }

    public required Guid CallerId { get; init; }

    public Guid? TokenId { get; init; }

    public required Guid ProductId { get; init; }

    public required string ProductName { get; init; }

    public required Guid SellerId { get; init; }

    public required string Revision { get; init; }

    public required long InputTokens { get; init; }

    public required long OutputTokens { get; init; }

    public required CallOutcome Outcome { get; init; }

    public required Measurement Measurement { get; init; }

    public required Guid PriceVersionId { get; init; }

    /// <summary>The UTC day of <see cref="Time"/>.</summary>
    public required DateOnly Day { get; init; }

    /// <summary>When the call began.</summary>
    public required DateTimeOffset Time { get; init; }

    public required DateTimeOffset RecordedAt { get; init; }

    public static MeterEvent Of(CallHold hold, CallUsage usage, CallOutcome outcome, Measurement measurement, DateTimeOffset now) => new()
    {
        Id = hold.Id,
        RequestId = hold.RequestId,
        AccountId = hold.AccountId,
        CallerId = hold.CallerId,
        TokenId = hold.TokenId,
        ProductId = hold.ProductId,
        ProductName = hold.ProductName,
        SellerId = hold.SellerId,
        Revision = hold.Revision,
        InputTokens = usage.InputTokens,
        OutputTokens = usage.OutputTokens,
        Outcome = outcome,
        Measurement = measurement,
        PriceVersionId = hold.PriceVersionId,
        Day = hold.Day,
        Time = hold.StartedAt,
        RecordedAt = now,
    };
}

/// <summary>One class of an event's quantities with its price applied.</summary>
internal sealed class RatedRow
{
    public required Guid EventId { get; init; }

    /// <summary>Such as <c>input</c>; see <see cref="PriceLine"/>.</summary>
    public required string Class { get; init; }

    public required Guid AccountId { get; init; }

    public required Guid SellerId { get; init; }

    public required Guid ProductId { get; init; }

    public required DateOnly Day { get; init; }

    public required Guid PriceVersionId { get; init; }

    /// <summary>In the class's unit, such as tokens; negative where a correction takes back.</summary>
    public required long Quantity { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>What the quantity costs at list price: <see cref="Free"/>, <see cref="Discount"/> and <see cref="Amount"/> together.</summary>
    public required StoredMoney List { get; init; }

    /// <summary>Borne by allowances.</summary>
    public required StoredMoney Free { get; init; }

    /// <summary>Taken off by what was agreed with the account.</summary>
    public StoredMoney Discount { get; init; }

    /// <summary>Charged to the balance.</summary>
    public required StoredMoney Amount { get; init; }

    /// <summary>Where it is added up.</summary>
    public Guid RollUpId { get; init; }
}

/// <summary>How much of a price key an account has used in a month.</summary>
/// <param name="quantity">So far.</param>
internal sealed class RatingTotal(long quantity)
{
    public required Guid AccountId { get; init; }

    public required Guid PriceVersionId { get; init; }

    public required string Class { get; init; }

    /// <summary>The month's first day, UTC, by event time.</summary>
    public required DateOnly Month { get; init; }

    public long Quantity { get; private set; } = quantity;

    /// <summary>Counts more in.</summary>
    /// <param name="before">What was counted so far; <see langword="null"/> where nothing ever was.</param>
    /// <returns>What the new part costs at list price, in picos.</returns>
    public Int128 Rate(ChargeModel charge, long? before, long more)
    {
        var picos = charge.Charge(before, more);
        Quantity += more;
        return picos;
    }
}
