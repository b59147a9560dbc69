using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>
/// Rated rows of one minute of events, added up by what an invoice line is of. There is one open for rows to come; the invoice that claims
/// it closes it, and what comes later begins another.
/// </summary>
internal sealed class RollUp
{
    public required Guid Id { get; init; }

    public required Guid AccountId { get; init; }

    /// <summary>Of the events' times: its first instant.</summary>
    public required DateTimeOffset Minute { get; init; }

    /// <summary>That of its rows, which is local where they are of no calls.</summary>
    public required DateOnly Day { get; init; }

    public required Guid ProductId { get; init; }

    /// <summary>As it was called when the first row came.</summary>
    public required string ProductName { get; init; }

    public required Guid PriceVersionId { get; init; }

    /// <summary>See <see cref="PriceLine"/>.</summary>
    public required string Class { get; init; }

    public required Currency Currency { get; init; }

    public required long RowCount { get; set; }

    public required long Quantity { get; set; }

    public required StoredMoney List { get; set; }

    public required StoredMoney Free { get; set; }

    public required StoredMoney Discount { get; set; }

    public required StoredMoney Amount { get; set; }

    /// <summary>What of <see cref="Amount"/> was paid by credit that was bought.</summary>
    public required StoredMoney Prepaid { get; set; }

    /// <summary>What was paid by credit that was given away.</summary>
    public required StoredMoney Promo { get; set; }

    /// <summary>What was paid by credit that makes good for an outage.</summary>
    public required StoredMoney Sla { get; set; }

    public bool IsOpen { get; private set; } = true;

    /// <summary>The invoice that asks for it.</summary>
    public Guid? InvoiceId { get; private set; }

    public RollUpKey Key => new(AccountId, Minute, ProductId, PriceVersionId, Class, Day);

    /// <summary>That of one row.</summary>
    /// <param name="time">Of its event.</param>
    /// <param name="draws">What credit paid of the event.</param>
    public static RollUp Of(RatedRow row, DateTimeOffset time, string productName, IEnumerable<DrawnPart> draws)
    {
        var zero = Money.Zero(row.Currency);
        var (prepaid, promo, sla) = (zero, zero, zero);
        foreach (var draw in draws.Where(d => d.Row.EventId == row.EventId && d.Row.Class == row.Class))
        {
            (prepaid, promo, sla) = draw.Grant switch
            {
                { IsPaid: true } => (prepaid + draw.Amount, promo, sla),
                { Kind: GrantKind.Sla } => (prepaid, promo, sla + draw.Amount),
                _ => (prepaid, promo + draw.Amount, sla),
            };
        }

        return new RollUp
        {
            Id = Guid.CreateVersion7(time), AccountId = row.AccountId, Minute = MinuteOf(time), Day = row.Day, ProductId = row.ProductId, ProductName = productName,
            PriceVersionId = row.PriceVersionId, Class = row.Class, Currency = row.Currency, RowCount = 1, Quantity = row.Quantity, List = row.List, Free = row.Free,
            Discount = row.Discount, Amount = row.Amount, Prepaid = prepaid, Promo = promo, Sla = sla,
        };
    }

    public static DateTimeOffset MinuteOf(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMinute), TimeSpan.Zero);

    public void Add(RollUp more)
    {
        (RowCount, Quantity) = (RowCount + more.RowCount, Quantity + more.Quantity);
        (List, Free, Discount) = (Sum(List, more.List), Sum(Free, more.Free), Sum(Discount, more.Discount));
        (Amount, Prepaid, Promo, Sla) = (Sum(Amount, more.Amount), Sum(Prepaid, more.Prepaid), Sum(Promo, more.Promo), Sum(Sla, more.Sla));
    }

    private StoredMoney Sum(StoredMoney one, StoredMoney other) => one.In(Currency) + other.In(Currency);
}

/// <summary>What rows must have in common to be added up.</summary>
internal sealed record RollUpKey(Guid AccountId, DateTimeOffset Minute, Guid ProductId, Guid PriceVersionId, string Class, DateOnly Day);
