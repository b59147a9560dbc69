using Lodestone.Core;
using Microsoft.EntityFrameworkCore;

namespace Lodestone.Billing;

/// <summary>An account as one that is billed.</summary>
internal sealed class Customer
{
    /// <summary>The account: a namespace.</summary>
    public required Guid Id { get; init; }

    public required Currency Currency { get; init; }

    /// <summary>IANA name, such as <c>Europe/Berlin</c>: where its days and months begin.</summary>
    public required string TimeZone { get; set; }

    public required Funding Funding { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public TimeZoneInfo Zone => TimeZoneInfo.FindSystemTimeZoneById(TimeZone);

    /// <inheritdoc cref="LocalDays.Of"/>
    public DateOnly DayOf(DateTimeOffset instant) => new LocalDays(TimeZone).Of(instant);

    /// <inheritdoc cref="LocalDays.StartOf"/>
    public DateTimeOffset StartOf(DateOnly day) => new LocalDays(TimeZone).StartOf(day);
}

/// <summary>When an account pays for what its credit does not cover.</summary>
internal enum Funding
{
    /// <summary>Never: what credit does not cover is refused.</summary>
    Prepaid,

    /// <summary>By invoice, afterwards.</summary>
    Postpaid,
}

internal static class CustomerRows
{
    /// <summary>The account's row, or what every account begins with, which is then not yet a row.</summary>
    public static async Task<Customer> CustomerAsync(this BillingDb db, Guid accountId, DateTimeOffset now, CancellationToken cancel) =>
        await db.Customers.SingleOrDefaultAsync(c => c.Id == accountId, cancel)
        ?? new Customer { Id = accountId, Currency = BillingOptions.Currency, TimeZone = "Etc/UTC", Funding = Funding.Prepaid, CreatedAt = now };
}
